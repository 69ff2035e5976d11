"""What a backport refuses: a damaged source (BKP101), and a name that the base cannot have (BKP102)."""

from __future__ import annotations

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.longhand.splice import Source

_WHOLE = "give an undamaged 5.x tree with --pytorch-from"


def damaged(what: str, error: Exception, advice: str = _WHOLE) -> ScaffoldError:
    """BKP101, exit status 7."""
    return ScaffoldError("BKP101", f"{what}: {error}", advice, exit_code=ExitCode.UNSUPPORTED_SOURCE)


def refused(path: str, line: int, name: str, why: str, advice: str) -> ScaffoldError:
    """BKP102, exit status 7: the place in the 5.x tree, the name that cannot be had on the base, and what to do."""
    return ScaffoldError("BKP102", f"{path}:{line}: {name}: {why}", advice, exit_code=ExitCode.UNSUPPORTED_SOURCE)


def parsed(path: str, text: str) -> Source:
    """The text with its tree; BKP101 when it is no Python."""
    try:
        return Source(path, text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise damaged(f"{path} cannot be parsed", error) from error
