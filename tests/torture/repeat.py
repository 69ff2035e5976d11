"""Run twice, run under two hash seeds, run dry: the same bytes, no writes, a diff that tells the truth.

Target: publishing.md §7. The hash seeds are tried on the miniature's whole port and on real modelling files of the installed
transformers package.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.layouts import git
from tests.torture.calling import call
from tests.torture.ground import BRANCH, Ground, arguments, difference, files, prepare
from tests.torture.rows import Row
from tests.torture.sources import bench, installed

ROOT = Path(__file__).parents[2]


def _everything(root: Path) -> dict[str, str]:
    """All bytes of the clone, `.git` included, with the files' times."""
    found = files(root) | files(root, inside=".git")
    return {
        path: f"{value} {(root / path).lstat().st_mtime_ns}" for path, value in found.items() if not path.endswith("/")
    }


def _twice(ground: Ground) -> list[str]:
    root = ground.fresh()
    first = call(arguments(root))
    before = _everything(root)
    wrong = [] if first.status == 0 else [f"the first run: exit {first.status}"]
    for more in ((), ("--json",), ("--dry-run",)):
        answer = call(arguments(root, *more))
        wrong += [f"again {' '.join(more)}: {line}" for line in difference(before, _everything(root))]
        if answer.status != 0:
            wrong.append(f"again: exit {answer.status}: {answer.err[-200:]}")
    return wrong


def _dry(ground: Ground) -> list[str]:
    root = ground.fresh()
    before = _everything(root)
    answer = call(arguments(root, "--dry-run"))
    wrong = difference(before, _everything(root))
    if call(arguments(root)).status != 0:
        wrong.append("the real run fails")
    real = git(root, "diff", "--no-renames", "--no-color", ground.base, BRANCH)
    git(root, "switch", "-q", "main")
    (root / "dry.patch").write_text(answer.out, encoding="utf-8")
    git(root, "apply", "--index", "dry.patch")
    if git(root, "write-tree") != ground.tree:
        wrong.append("the dry run's diff, applied, is another tree than the real one")
    changed = sum(1 for line in real.splitlines() if line[:1] in "+-")
    said = sum(1 for line in answer.out.splitlines() if line[:1] in "+-")
    return (
        wrong
        if abs(changed - said) <= 2 * real.count("diff --git")
        else [*wrong, f"{said} changed lines, not {changed}"]
    )


def _run(seed: str, *argv: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "scaffold", *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def _seeds(ground: Ground, real: Path | None, count: int, dice: random.Random) -> tuple[int, list[str]]:
    wrong, trees = [], set()
    for seed in ("1", "2"):
        root = ground.fresh(f"seed{seed}")
        done = _run(seed, *arguments(root))
        if done.returncode:
            wrong.append(f"seed {seed}: exit {done.returncode}")
        trees.add(git(root, "rev-parse", f"{BRANCH}^{{tree}}"))
    if trees != {ground.tree}:
        wrong.append("the miniature's trees differ")
    found = sorted(real.glob("src/transformers/models/*/modeling_*.py")) if real is not None else []
    ported = [path for path in found if "modeling_tf_" not in path.name and "modeling_flax_" not in path.name]
    chosen = dice.sample(ported, min(count, len(ported)))
    for file in chosen:
        said = [_run(seed, "translate", str(file), "--no-probe") for seed in ("1", "2")]
        if len({hashlib.sha256(each.stdout.encode()).hexdigest() for each in said}) != 1:
            wrong.append(f"{file.stem} differs")
        if len({each.returncode for each in said}) != 1:
            wrong.append(f"{file.stem}: exit {said[0].returncode} and {said[1].returncode}")
    return len(chosen), wrong


def run(count: int, seed: int) -> list[Row]:
    """`count` real files for the hash seeds."""
    package = installed()
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        ground = prepare(Path(name))
        twice, dry = _twice(ground), _dry(ground)
        real = bench(Path(name) / "real", package) if package is not None and count > 1 else None
        tried, seeds = _seeds(ground, real, count, random.Random(seed))
    return [
        Row(
            what="run a second time",
            target="0 file or ref writes",
            measured=f"3 more runs, {len(twice)} changes",
            held=not twice,
            details=tuple(twice),
        ),
        Row(
            what="dry run",
            target="nothing touched; its diff is the real one",
            measured=f"{len(dry)} differences",
            held=not dry,
            details=tuple(dry),
        ),
        Row(
            what="two hash seeds",
            target="byte-identical",
            measured=f"a whole port and {tried} real files: {len(seeds)} differences",
            held=not seeds,
            details=tuple(seeds),
        ),
    ]
