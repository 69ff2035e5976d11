"""SIGKILL over the whole way from nothing to a draft pull request, `scaffold resume` until done: once, and only once.

Target: publishing.md §7. Half of the kills come at a random moment, half at the n-th thing that the program does to the system
or sends; a trial is killed twice, in the port or in the pull request, or while it is resumed.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.ground import MODEL
from tests.torture.rows import Row
from tests.torture.site import Site, site, warm
from tests.torture.zygote import Done, Zygote

_PATIENCE = 4  # runs until a disturbed command must have come to its end


@dataclass(slots=True)
class Tally:
    """What was measured so far."""

    wrong: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    violations: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """How many steps and seconds an undisturbed command takes."""

    steps: int
    seconds: float


def _undisturbed(zygote: Zygote, folder: Path, tree: str) -> dict[str, Scale]:
    """Both commands once without a kill, and a second time, which must send nothing."""
    with site(folder) as world:
        found = {}
        for name, argv in (("port", world.port()), ("draft", world.draft("--to-upstream", "--reviewer", "gante"))):
            done = zygote.run(argv, cwd=world.work, env=world.env)
            if done.answer is None or done.answer.status != 0:
                raise RuntimeError(f"{name} itself fails: {done.answer}")
            found[name] = Scale(done.steps, done.seconds)
        wrong = world.wrong(tree)
        sent = len(world.hub.exchanges)
        for argv in (world.port(), world.draft("--to-upstream", "--reviewer", "gante")):
            zygote.run(argv, cwd=world.work, env=world.env)
        if wrong or world.writes(sent):
            raise RuntimeError(f"the undisturbed flow: {wrong}, again: {world.writes(sent)}")
    return found


def _again(world: Site, argv: Sequence[str], dice: random.Random) -> list[str]:
    """What a user does after a kill: `resume` where there is a clone, else, or at times, the same command."""
    resume = ["resume", MODEL, "--repo", str(world.clone), "--yes"]
    return resume if (world.clone / ".git").exists() and dice.random() < 0.7 else list(argv)


def _killed(zygote: Zygote, world: Site, argv: Sequence[str], scale: Scale, dice: random.Random) -> tuple[Done, str]:
    if dice.random() < 0.5:
        step = dice.randint(1, scale.steps)
        return zygote.run(argv, cwd=world.work, env=world.env, step=step), f"at step {step} of {scale.steps}"
    after = dice.uniform(0, scale.seconds)
    return zygote.run(argv, cwd=world.work, env=world.env, after=after), f"after {after:.2f} of {scale.seconds:.2f} s"


def _command(
    zygote: Zygote, world: Site, name: str, argv: list[str], kills: int, scale: Scale, dice: random.Random, tally: Tally
) -> list[str]:
    """Run one command with so many kills, then until it succeeds; what happened, in words."""
    told = []
    now = argv
    for _ in range(kills):
        done, where = _killed(zygote, world, now, scale, dice)
        hit = done.answer is None
        tally.kills[f"{name}: {'hit' if hit else 'over before'}"] += 1
        told.append(f"{now[0]} {'killed ' + where if hit else 'ended before'}")
        if done.answer is not None and done.answer.traceback:
            tally.wrong.append(f"{'; '.join(told)}: {done.answer.traceback}")
        now = _again(world, argv, dice)
    for _ in range(_PATIENCE):
        done = zygote.run(now, cwd=world.work, env=world.env)
        tally.runs += 1
        status = None if done.answer is None else done.answer.status
        told.append(f"{now[0]} → {status}")
        # `resume` that finds nothing says so with 0: then the command itself is run again, as a user would
        if status == 0 and now is argv:
            return told
        if done.answer is not None and (done.answer.traceback or status not in (0, 6)):
            tally.wrong.append(f"{'; '.join(told)}: {done.answer.err.strip()[-300:]}")
        now = argv
    tally.wrong.append(f"{'; '.join(told)}: never done")
    return told


def _trial(
    zygote: Zygote, folder: Path, tree: str, scales: dict[str, Scale], dice: random.Random, tally: Tally
) -> None:
    in_port = dice.choice((0, 1, 1, 2))
    options = dice.choice(((), ("--to-upstream", "--reviewer", "gante"), ("--to-upstream",)))
    with site(folder) as world:
        told = _command(zygote, world, "port", world.port(), in_port, scales["port"], dice, tally)
        told += _command(zygote, world, "draft", world.draft(*options), 2 - in_port, scales["draft"], dice, tally)
        label = "; ".join(told)
        tally.wrong += [f"{label}: {line}" for line in world.wrong(tree)]
        violations = world.hub.violations + world.hub.failures
        tally.violations += len(violations)
        tally.wrong += [f"{label}: {line}" for line in violations]


def run(count: int, seed: int) -> list[Row]:
    """`count` kills, two a trial."""
    dice = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name).resolve()
        tree = warm(folder)
        with Zygote() as zygote:
            scales = _undisturbed(zygote, folder / "site", tree)
            for _ in range((count + 1) // 2):
                _trial(zygote, folder / "site", tree, scales, dice, tally)
    told = ", ".join(f"{kind} {number}" for kind, number in sorted(tally.kills.items()))
    return [
        Row(
            what=f"{sum(tally.kills.values())} SIGKILLs between nothing and a draft pull request",
            target="0 half commits, 0 stale locks, 1 fork, 1 pull request, ≤ 1 comment, the same tree; contract kept",
            measured=f"{told}; {tally.runs} runs to finish; {tally.violations} exchanges against the contract; "
            f"{len(tally.wrong)} broken",
            held=not tally.wrong,
            details=tuple(tally.wrong),
        )
    ]
