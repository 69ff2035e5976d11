"""Start the worker that cuts a differing case down to one layer, and read the script it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffold.compare.run import run_on
from scaffold.core.checkout import Located
from scaffold.core.errors import ScaffoldError

_WORKER = "compare_reduce.py"
_TIMEOUT = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """A script in which the layer at `path` differs by `difference` (None: the shapes do); all None when nothing does.

    `detail` says which classes could not be reduced, and why.
    """

    tf_class: str | None
    path: str | None
    difference: float | None
    script: str | None
    detail: str


def reduce(
    located: Located, pairs: Mapping[str, str], *, src: Path, python: str, cases: Path, case: str | None = None
) -> Reduced:
    """Reduce the first class of `pairs` that differs; CMP103 when the worker could not do its work. Arguments as `compare`."""
    data, result = run_on(
        located,
        pairs,
        src=src,
        python=python,
        cases=cases,
        case=case,
        timeout=_TIMEOUT,
        seconds=60.0,
        worker=_WORKER,
    )
    if not data or data["fatal"]:
        reason = data["fatal"] if data else result.last_error()
        raise ScaffoldError(
            "CMP103",
            f"the case could not be reduced: {reason}",
            f"`scaffold compare {located.names.stem}` says what differs",
        )
    return Reduced(
        tf_class=data["class"],
        path=data["path"],
        difference=data["difference"],
        script=data["script"],
        detail=data["detail"],
    )
