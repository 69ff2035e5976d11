"""Malformed and hostile modelling files: refused or translated, never imported, never a traceback, never slow.

Target: publishing.md §7. The files are those of `hostile.py` and spoilt ones of the installed transformers package, which is
only copied and read, never imported. Each is translated in place in a checkout made of that package; some go through
`new-tf-model`, some come from outside the checkout.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.layouts import git, miniature
from tests.torture.calling import call
from tests.torture.guard import Guard, temporary
from tests.torture.hostile import CASES
from tests.torture.mutations import spoil
from tests.torture.rows import Row
from tests.torture.sandbox import Ended, in_child

SECONDS = 20.0
MIB = 1024.0
_MODELS = "src/transformers/models"


@dataclass(slots=True)
class Tally:
    """What was measured so far."""

    wrong: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")
    tracebacks: int = 0
    breaches: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One source: where it is put, the command line that meets it."""

    label: str
    data: bytes
    file: Path
    argv: tuple[str, ...]


def installed() -> Path | None:
    """The folder of the installed transformers package, found without importing it."""
    spec = importlib.util.find_spec("transformers")
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def bench(folder: Path, package: Path) -> Path:
    """A checkout of the package's Python files, with no git around it."""

    def unwanted(_: str, names: list[str]) -> set[str]:
        return {name for name in names if "." in name and not name.endswith(".py")} | ({"__pycache__"} & set(names))

    shutil.copytree(package, folder / "src/transformers", ignore=unwanted)
    return folder


def _originals(root: Path) -> list[Path]:
    """Modelling files of PyTorch; a change in a large one finds no more than one in a small one, only later."""
    found = (
        path
        for path in sorted((root / _MODELS).glob("*/modeling_*.py"))
        if not path.stem.startswith(("modeling_tf_", "modeling_flax_"))
    )
    return [
        path
        for path in found
        if 2_000 < path.stat().st_size < 70_000 and path.parent.name not in ("auto", "deprecated")
    ]


def _written(root: Path, outside: Path) -> Iterator[Case]:
    """The hand-written files, each translated and each ported."""
    file = root / f"{_MODELS}/brand_new/modeling_brand_new.py"
    for label, make in CASES.items():
        data = make()
        yield Case(label, data, file, ("translate", str(file), "--no-probe"))
        yield Case(
            f"{label}, ported",
            data,
            file,
            ("new-tf-model", "brand_new", f"--repo={root}", "--no-probe", "--no-verify", "--dry-run", "--json"),
        )
        if len(data) < 200_000:
            lone = outside / "modeling_brand_new.py"
            yield Case(
                f"{label}, from outside", data, lone, ("translate", str(lone), f"--repo={root}", "--no-probe", "--json")
            )


def _spoilt(root: Path, dice: random.Random) -> Iterator[Case]:
    originals = _originals(root)
    number = 0
    while originals:
        file = dice.choice(originals)
        number += 1
        data = spoil(file.read_text(encoding="utf-8"), file.stem[9:], dice)
        yield Case(
            f"{file.stem} spoilt #{number}",
            data,
            file,
            ("translate", str(file), "--no-probe", *dice.choice(((), ("--diff",), ("--json",)))),
        )


def _judge(case: Case, ended: Ended, tally: Tally, here: Path) -> None:
    status = "killed" if ended.answer is None else str(ended.answer.status)
    tally.statuses[status] += 1
    if ended.answer is not None and status != "0":
        tally.codes[
            next((w[6:-1] for w in ended.answer.err.split() if w.startswith("error[")), "none").rstrip("]:")
        ] += 1
    tally.slowest = max(tally.slowest, (ended.seconds, case.label))
    tally.largest = max(tally.largest, (ended.peak_mib, case.label))
    wrong = [f"breach: {breach}" for breach in ended.breaches]
    if any(path.name == "BOMB" for path in here.iterdir()):
        wrong.append("breach: a bomb went off")
        (here / "BOMB").unlink()
    tally.breaches += bool(wrong)
    if ended.failure:
        tally.tracebacks += 1
        wrong.append(ended.failure)
    elif status not in ("0", "7"):
        said = ended.answer.err.strip().replace("\n", " ")[-300:] if ended.answer else ""
        wrong.append(f"exit {status}: {said}")
    if ended.seconds > SECONDS:
        wrong.append(f"{ended.seconds:.0f} s")
    if ended.peak_mib > MIB:
        wrong.append(f"{ended.peak_mib:.0f} MiB")
    for line in wrong:
        tally.wrong.append(f"{case.label}: {line}")
        print(f"  {tally.wrong[-1]}", file=sys.stderr, flush=True)


def _try(case: Case, here: Path, inside: list[Path], keep: Path | None) -> Ended:
    before = case.file.read_bytes() if case.file.exists() else None
    case.file.write_bytes(case.data)
    guard = Guard([*inside, temporary()], programs=frozenset({"git", "ruff", "uname"}), foreign="modeling_")
    try:
        ended = in_child(lambda: call(case.argv), guard)
    finally:
        if before is not None:
            case.file.write_bytes(before)
        else:
            case.file.unlink()
    if keep is not None and (ended.failure or (ended.answer and ended.answer.status not in (0, 7))):
        (keep / f"{case.label.replace(' ', '_').replace('/', '_')}.py").write_bytes(case.data)
    return ended


def _warm(small: Path) -> None:
    """Import now what every child would import anew."""
    call(["new-tf-model", "brand_new", f"--repo={small}", "--no-probe", "--no-verify", "--dry-run"])
    call(["translate", str(small / f"{_MODELS}/elder/modeling_elder.py"), "--no-probe", "--diff"])


def _cases(count: int, small: Path, real: Path | None, here: Path, dice: random.Random) -> Iterator[Case]:
    written = list(_written(small, here))
    if count < len(written) * 2:
        written = dice.sample(written, min(len(written), count // 2 + 1))
    yield from written
    if real is not None:
        spoilt = _spoilt(real, dice)
        for _ in range(count - len(written)):
            yield next(spoilt)


def run(count: int, seed: int) -> list[Row]:
    """`count` sources."""
    dice = random.Random(seed)
    tally = Tally()
    package = installed()
    keep = Path(os.environ["TORTURE_KEEP"]) if "TORTURE_KEEP" in os.environ else None
    before = Path.cwd()
    made = 0
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name).resolve()
        here = folder / "here"
        here.mkdir()
        small = miniature(folder / "small", git=True)
        # any content of the modelling file is clean for git
        git(small, "update-index", "--assume-unchanged", f"{_MODELS}/brand_new/modeling_brand_new.py")
        real = bench(folder / "real", package) if package is not None else None
        os.chdir(here)
        try:
            _warm(small)
            for case in _cases(count, small, real, here, dice):
                _judge(case, _try(case, here, [folder], keep), tally, here)
                made += 1
        finally:
            os.chdir(before)
    told = ", ".join(f"exit {status}: {number:,}" for status, number in sorted(tally.statuses.items()))
    codes = ", ".join(f"{code} {number}" for code, number in tally.codes.most_common())
    return [
        Row(
            what=f"{made:,} malformed or hostile sources",
            target="0 tracebacks, 0 imports of the source, ≤ 20 s, ≤ 1 GiB, exit 7 (or 0)",
            measured=f"{told} ({codes}); {tally.tracebacks} tracebacks, {tally.breaches} breaches; "
            f"slowest {tally.slowest[0]:.1f} s ({tally.slowest[1]}), largest {tally.largest[0]:.0f} MiB ({tally.largest[1]})",
            held=not tally.wrong and made == count,
            details=tuple(tally.wrong),
        )
    ]
