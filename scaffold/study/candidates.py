"""The PyTorch-only models of a checkout, the most rewarding port first (guide.md G2).

Known offline: what came of a model when it was last tried (`outcomes.json`, the outcomes of docs/reference/ports.md), its heads,
its size. The demand is known to GitHub alone and read only when asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.study.tasks import Source, sources

if TYPE_CHECKING:
    from scaffold.hosting.github import GitHub

#: Outcomes of a sweep, the best first; a model that none has tried stands in the middle.
ORDER = ("strict", "partial", "unknown", "marked", "wrong", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One model. `expected` is one of ORDER; `demand` the number of open issues and pull requests that name it and TensorFlow."""

    source: Source
    expected: str
    demand: int | None = None


def outcomes() -> dict[str, str]:
    """Stem → outcome of the last sweep that was published with this version; empty without one."""
    resource = files("scaffold.study") / "outcomes.json"
    if not resource.is_file():
        return {}
    return dict(json.loads(resource.read_text(encoding="utf-8"))["models"])


def candidates(root: Path, *, family: str | None = None) -> list[Candidate]:
    """All candidates: by expected outcome, then by the number of public classes, then the shorter file first."""
    known = outcomes()
    found = [
        Candidate(source=source, expected=known.get(source.stem, "unknown"))
        for source in sources(root)
        if family in (None, source.family)
    ]
    return sorted(found, key=_rank)


def _rank(candidate: Candidate) -> tuple[int, int, int, int, str]:
    source = candidate.source
    demand = -(candidate.demand or 0)
    return demand, ORDER.index(candidate.expected), -len(source.classes), source.lines, source.stem


def with_demand(found: list[Candidate], github: GitHub, upstream: str) -> list[Candidate]:
    """The same candidates, asked about on GitHub (one search each; GitHub allows 30 a minute), the most wanted first."""
    asked = [
        Candidate(
            source=candidate.source,
            expected=candidate.expected,
            demand=github.mentions(upstream, (candidate.source.title, "TensorFlow")),
        )
        for candidate in found
    ]
    return sorted(asked, key=_rank)
