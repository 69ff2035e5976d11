"""Every failure at every request that writes, before and after it took effect, through the whole command line.

Target: publishing.md §7. After the failure the command is run again until it is done; the outcome must be one fork, one pull
request and at most one comment, with a known exit status on the way, few requests and little waiting (the seconds are counted,
not slept). What comes before the failing command is done once and copied for each case. A time-out is tried in tests/hosting,
where the patience can be shortened.
"""

from __future__ import annotations

import functools
import itertools
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.rows import Row
from tests.torture.site import Site, site, warm
from tests.torture.zygote import Zygote

#: Operation → the command that sends it.
OPERATIONS = {
    "repos/create-fork": "port",
    "repos/merge-upstream": "port",
    "git-upload-pack/refs": "port",
    "git-upload-pack": "port",
    "git-receive-pack/refs": "port",
    "git-receive-pack": "port",
    "pulls/create": "draft",
    "pulls/request-reviewers": "draft",
    "issues/create-comment": "draft",
    "pulls/update": "update",
    "graphql": "ready",
}
#: Operation → the world in which it is sent, where the usual one has no need of it.
WORLDS = {"repos/merge-upstream": "stale fork", "pulls/request-reviewers": "may ask"}
FAILURES: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (401, 403, 404, 409, 422, 500, 502, 503)),
    {"status": 429},
    {"status": 429, "headers": {"Retry-After": "3"}},
    {"status": 403, "headers": {"X-RateLimit-Remaining": "0", "Retry-After": "2"}},
    {"drop": True},
)
#: Operation, whether it takes effect, failure.
Case = tuple[str, str, dict[str, Any]]
#: What a command may end with when the other side fails: failure, authentication, conflict, network; or it got past it.
_KNOWN = (0, 1, 2, 4, 5, 6)
#: What a second run of `open-draft-pr` changes.
TITLE = "Add TF Brand New, again"
_REQUESTS = 5
_SECONDS = 120.0


@dataclass(slots=True)
class Tally:
    """What was measured so far."""

    wrong: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    requests: int = 0
    slept: float = 0.0
    again: int = 0
    met: int = 0


def _until_done(zygote: Zygote, world: Site, argv: list[str], label: str, tally: Tally) -> None:
    for attempt in range(4):
        sent = len(world.hub.exchanges)
        done = zygote.run(argv, cwd=world.work, env=world.env)
        status = done.answer.status if done.answer is not None else None
        new = [
            e
            for e in world.hub.exchanges[sent:]
            if e.method not in ("GET", "HEAD") and not e.operation.startswith("git-upload")
        ]
        most = max(Counter(e.operation for e in new).values(), default=0)
        tally.requests, tally.slept = max(tally.requests, most), max(tally.slept, done.slept)
        if status is not None:
            tally.statuses[status] += 1
        if done.answer is None or done.answer.traceback or status not in _KNOWN:
            said = done.answer.err.strip()[-200:] if done.answer is not None else f"killed after {done.seconds:.0f} s"
            tally.wrong.append(f"{label}: exit {status}: {said}")
        if most > _REQUESTS:
            tally.wrong.append(f"{label}: {most} requests for one write")
        if done.slept > _SECONDS:
            tally.wrong.append(f"{label}: {done.slept:.0f} s of waiting")
        if status == 0:
            tally.again = max(tally.again, attempt)
            return
    tally.wrong.append(f"{label}: never done: {done.answer.err.strip()[-200:] if done.answer else ''}")


def _commands(world: Site, operation: str) -> list[list[str]]:
    """The way to the operation and past it."""
    way = [world.port(), world.draft("--to-upstream", "--reviewer", "gante")]
    later = [world.draft("--to-upstream", "--title", TITLE), world.ready()]
    return [*way, *later] if OPERATIONS[operation] in ("update", "ready") else way


def _wrong_at_the_end(world: Site, operation: str, tree: str) -> list[str]:
    later = OPERATIONS[operation] in ("update", "ready")
    titles = [pull.title for pull in world.hub.pulls]
    wrong = world.wrong(tree, draft=not later)
    return [*wrong, f"titles {titles}"] if later and titles != [TITLE] else wrong


def _cases() -> list[Case]:
    return list(itertools.product(OPERATIONS, ("before", "after"), FAILURES))


def _case(zygote: Zygote, world: Site, case: Case, tree: str, tally: Tally) -> None:
    """Everything from `world` on, with the failure in it."""
    operation, when, failure = case
    label, broken = f"{operation} {when} {failure}", len(tally.wrong)
    fault = world.hub.fault(operation, when=when, **failure)
    for argv in _commands(world, operation)[_before(operation) :]:
        _until_done(zygote, world, argv, label, tally)
    tally.wrong += [f"{label}: {line}" for line in _wrong_at_the_end(world, operation, tree)]
    tally.met += not fault.times
    for line in tally.wrong[broken:]:  # told at once: the whole takes its time
        print(f"faults: {line}", file=sys.stderr, flush=True)


def _before(operation: str) -> int:
    """How many commands do not send the operation yet, and need not be run in every case."""
    return {"port": 0, "draft": 1}.get(OPERATIONS[operation], 2)


def _grouped(cases: list[Case]) -> Iterator[tuple[int, str, list[Case]]]:
    """The cases that begin alike: after so many commands, in such a world."""
    for operation in dict.fromkeys(operation for operation, _, _ in cases):
        group = [case for case in cases if case[0] == operation]
        yield _before(operation), WORLDS.get(operation, ""), group


def _prepared(zygote: Zygote, world: Site, done: int, cases: list[Case]) -> None:
    """The first commands, which must succeed and not send what the cases are about."""
    for argv in _commands(world, cases[0][0])[:done]:
        answer = zygote.run(argv, cwd=world.work, env=world.env).answer
        if answer is None or answer.status != 0:
            raise RuntimeError(f"{argv[0]} itself fails: {answer}")
    sent = {exchange.operation for exchange in world.hub.exchanges} & {operation for operation, _, _ in cases}
    if sent:
        raise RuntimeError(f"sent before its turn: {sent}")


def _world(folder: Path, kind: str) -> AbstractContextManager[Site]:
    return site(folder, validate=False, stale_fork=kind == "stale fork", may_ask=kind == "may ask")


def _group(
    zygote: Zygote,
    world_of: Callable[[], AbstractContextManager[Site]],
    done: int,
    cases: list[Case],
    tree: str,
    tally: Tally,
) -> None:
    """Cases that begin alike: each in a world of its own, or all from one moment that is copied."""
    if not done:
        for case in cases:
            with world_of() as world:
                _case(zygote, world, case, tree, tally)
        return
    with world_of() as world:
        _prepared(zygote, world, done, cases)
        kept = world.keep()
        for case in cases:
            world.restore(kept)
            _case(zygote, world, case, tree, tally)


def run(count: int, seed: int) -> list[Row]:
    """All combinations, or `count` of them."""
    tally = Tally()
    cases = _cases()
    if count < len(cases):
        cases = random.Random(seed).sample(cases, count)
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name).resolve()
        tree = warm(folder)
        with Zygote() as zygote:
            for done, kind, group in _grouped(cases):
                _group(zygote, functools.partial(_world, folder / "site", kind), done, group, tree, tally)
    told = ", ".join(f"exit {status}: {number}" for status, number in sorted(tally.statuses.items()))
    return [
        Row(
            what=f"{tally.met} failures of {len(OPERATIONS)} requests, before and after they took effect",
            target="1 fork, 1 pull request, ≤ 1 comment; ≤ 5 requests a write, ≤ 120 s waiting; a known exit status",
            measured=f"{told}; at most {tally.requests} requests, {tally.slept:.0f} s waiting, {tally.again} more runs; "
            f"{len(cases) - tally.met} failures never met; {len(tally.wrong)} broken",
            held=not tally.wrong and tally.met == len(cases),
            details=tuple(tally.wrong),
        )
    ]
