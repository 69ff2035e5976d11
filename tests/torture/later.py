"""SIGKILL at random while a finished port is taken back or generated anew, then the same command or `resume` until it is done.

Target: publishing.md §7. Whatever the kill, the clone comes to what an undisturbed run makes of it, with the user's edits and the
conflict markers in the same places; kills as in `kills.py`.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.layouts import git
from tests.torture.calling import call
from tests.torture.ground import BRANCH, MODEL, Ground, arguments, difference, files, litter, locks, prepare
from tests.torture.kills import run_and_kill, settle, steps_of
from tests.torture.rows import Row

_MODELS = f"src/transformers/models/{MODEL}"
_PT, _TF = f"{_MODELS}/modeling_{MODEL}.py", f"{_MODELS}/modeling_tf_{MODEL}.py"
_PATIENCE = 3


def _edited(root: Path) -> None:
    """An edit that is not committed."""
    with (root / _TF).open("a", encoding="utf-8") as file:
        file.write("# the user's\n")


def _changed(root: Path) -> None:
    """A remark of the user's, and another PyTorch file."""
    (root / _TF).write_text("# the user's\n" + (root / _TF).read_text(encoding="utf-8"), encoding="utf-8")
    with (root / _PT).open("a", encoding="utf-8") as file:
        file.write("\n\nclass BrandNewExtra(nn.Module):\n    def forward(self, x):\n        return x + 1\n")
    git(root, "commit", "-qam", "changes")


def _contrary(root: Path) -> None:
    """The user wrote where the new class will stand."""
    with (root / _TF).open("a", encoding="utf-8") as file:
        file.write("\n\nCONTRARY = 1\n")
    git(root, "commit", "-qam", "mine")
    _changed(root)


@dataclass(frozen=True, slots=True)
class Scene:
    """A command on a clone with the port, what happens to the clone before, and the command's exit status."""

    command: tuple[str, ...]
    before: Callable[[Path], None]
    status: int = 0


_UNDO, _UPDATE = ("undo", MODEL, "--yes"), ("update", MODEL, "--no-probe", "--no-verify")
SCENES = {
    "undo": Scene(_UNDO, lambda root: None),
    "undo beside an edit": Scene(_UNDO, _edited),
    "update": Scene(_UPDATE, _changed),
    "update with conflicts": Scene(_UPDATE, _contrary, status=5),
}


def outcome(root: Path) -> dict[str, str]:
    """What a run came to, without what differs from run to run: commits are told by their trees."""
    seen = {f"file {path}": value for path, value in files(root).items()}
    for name in git(root, "for-each-ref", "--format=%(refname)").splitlines():
        seen[name] = git(root, "rev-parse", f"{name}^{{tree}}")
    seen["HEAD"] = (root / ".git/HEAD").read_text(encoding="utf-8")
    seen["status"] = git(root, "status", "--porcelain")
    seen["commits"] = git(root, "rev-list", "--count", "--all")
    return seen


def _argv(scene: Scene, root: Path) -> list[str]:
    return [*scene.command, f"--repo={root}"]


def _trial(
    ground: Ground, ready: Path, scene: Scene, scale: tuple[int, float], wanted: dict[str, str], dice: random.Random
) -> tuple[str, list[str]]:
    """One kill; where it was, and what is wrong in the end."""
    root = Ground(ready, ground.folder, ground.base, ground.tree).fresh()
    argv = _argv(scene, root)
    told = run_and_kill(argv, ground.folder, dice, *scale, by_step=dice.random() < 0.5)
    wrong = [f"stale lock {path}" for path in settle(root)]
    for _ in range(_PATIENCE):
        again = ["resume", MODEL, f"--repo={root}", "--yes"] if dice.random() < 0.5 else argv
        answer = call(again)
        told += f"; {again[0]} → {answer.status}"
        if answer.traceback:
            wrong.append(answer.traceback)
        if answer.status not in (0, scene.status):
            wrong.append(answer.err.strip()[-200:])
        if again is argv:
            break
    else:
        call(argv)
    wrong += [f"{line}, unlike the undisturbed run" for line in difference(wanted, outcome(root))]
    wrong += [f"left behind: {path}" for path in (*locks(root), *litter(root))]
    if git(root, "fsck", "--strict", "--no-dangling"):
        wrong.append("fsck complains")
    return told, wrong


def run(count: int, seed: int) -> list[Row]:
    """`count` kills, spread over the scenes."""
    dice, wrong, kinds = random.Random(seed), [], Counter[str]()
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        ground = prepare(Path(name))
        for number, (label, scene) in enumerate(SCENES.items()):
            ready = ground.fresh(f"ready-{number}")
            if call(arguments(ready)).status != 0 or git(ready, "branch", "--show-current") != BRANCH:
                raise RuntimeError("the port itself fails")
            scene.before(ready)
            pristine = Ground(ready, ground.folder, ground.base, ground.tree)
            undisturbed = pristine.fresh("undisturbed")
            scale = steps_of(_argv(scene, undisturbed), ground.folder, ends_with=scene.status)
            wanted = outcome(undisturbed)
            for _ in range(number, count, len(SCENES)):
                told, found = _trial(ground, ready, scene, scale, wanted, dice)
                kinds[label] += 1
                wrong += [f"{label}, killed {told}: {line}" for line in found]
    spread = ", ".join(f"{label} {number}" for label, number in kinds.items())
    return [
        Row(
            what=f"{count} SIGKILLs while a port is taken back or generated anew",
            target="what the undisturbed run comes to, edits and conflict markers too; 0 stale locks",
            measured=f"{spread}; {len(wrong)} broken",
            held=not wrong,
            details=tuple(wrong),
        )
    ]
