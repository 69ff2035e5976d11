"""The note of a command that has begun to change things: what `scaffold resume` runs again.

Every command that writes (to the clone's refs, a remote or GitHub) is idempotent, so going on after a kill is running it again
with the same, already completed arguments. Secrets are never among them: a token is named by its file, never by its value.
Source of truth: docs/architecture.md ("Going on after a kill").
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.core.errors import ExitCode, ScaffoldError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command that began and has not ended; `arguments` is its whole argparse namespace with paths made absolute."""

    command: str
    model: str
    arguments: dict[str, Any]

    def namespace(self) -> argparse.Namespace:
        """The arguments as the command's `run` takes them."""
        return argparse.Namespace(**{k: Path(v["path"]) if _is_path(v) else v for k, v in self.arguments.items()})


def _is_path(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"path"}


def _plain(value: Any) -> Any:
    return {"path": str(value.absolute())} if isinstance(value, Path) else value


def _sweep(path: Path) -> None:
    """Remove what runs that were killed while they wrote the file left beside it."""
    for leftover in path.parent.glob(f".{path.name}.*"):
        if abandoned(leftover):
            leftover.unlink(missing_ok=True)


def abandoned(path: Path) -> bool:
    """True for a name that ends in the number of a process that is no more, or of this one: nobody works with it.

    What git adds while it writes such a file, `.lock`, is left out of account.
    """
    number = path.name.removesuffix(".lock").rpartition(".")[2]
    return number.isdigit() and (int(number) == os.getpid() or not _alive(int(number)))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


def write_json(path: Path, document: object) -> None:
    """Write the document so that a kill or a power cut leaves the old file or the new one; creates the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


#: The notes that this process has written and not taken back.
_open: dict[Path, Path] = {}


def unfinished() -> tuple[Path, ...]:
    """The state folders in which this process left a note: what an interruption or error may be resumed in."""
    return tuple(state for note, state in _open.items() if note.exists())


def forget() -> None:
    """Another command begins in this process: `unfinished` is about it alone. The notes themselves stay."""
    _open.clear()


def _file(state: Path, model: str) -> Path:
    return state / "journal" / f"{model.replace('-', '_')}.json"


def begin(state: Path, command: str, model: str, arguments: argparse.Namespace) -> None:
    """Note that the command has begun. `state` is the clone's `.git/scaffold`."""
    document = {"command": command, "model": model, "arguments": {k: _plain(v) for k, v in vars(arguments).items()}}
    _open[_file(state, model)] = state
    write_json(_file(state, model), document)


def finish(state: Path, model: str) -> None:
    """Note that the command came to its end, well or with an error that running it again would not mend."""
    _file(state, model).unlink(missing_ok=True)
    _open.pop(_file(state, model), None)
    with contextlib.suppress(OSError):  # another model's note is in it
        (state / "journal").rmdir()


def pending(state: Path) -> tuple[Entry, ...]:
    """The commands that began and did not end, by model."""
    found = []
    for path in sorted((state / "journal").glob("*.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            found.append(Entry(command=data["command"], model=data["model"], arguments=dict(data["arguments"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ScaffoldError("GIT109", f"{path} cannot be read: {error}", "delete that file") from error
    return tuple(found)


#: After these running the same again can help (a repaired network, a new token). After others the user has to change the
#: clone or the command first, and what was refused has changed nothing.
_WORTH_RESUMING = (ExitCode.FAILURE, ExitCode.AUTHENTICATION, ExitCode.NETWORK)


@contextmanager
def journalled(state: Path, command: str, model: str, arguments: argparse.Namespace) -> Iterator[None]:
    """Keep the note while the body runs, and after an interruption or an error that running again may get past."""
    begin(state, command, model, arguments)
    try:
        yield
    except ScaffoldError as error:
        if error.exit_code not in _WORTH_RESUMING:
            finish(state, model)
        raise
    finish(state, model)
