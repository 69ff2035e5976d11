"""Model names that are none: only `^[a-z][a-z0-9_-]{0,63}$` that is no keyword and exists in the checkout may pass.

Target: publishing.md §7. A refused name starts no process, writes nothing and reads nothing outside the checkout.
"""

from __future__ import annotations

import keyword
import os
import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scaffold.cli.main import COMMANDS, build_parser
from tests.layouts import miniature
from tests.torture.calling import Answer, call
from tests.torture.guard import Guard, temporary
from tests.torture.rows import Row

ALLOWED = re.compile(r"[a-z][a-z0-9_-]{0,63}")

#: Written by hand: what has gone wrong in programs of this kind.
CLASSICS = (
    "", " ", ".", "..", "../x", "../../etc/passwd", "a/b", "/etc/passwd", "~", "~root", "a\\b", "{{7*7}}", "{% raw %}",
    "{{ cycler.__init__.__globals__.os.system('id') }}", "${HOME}", "$(id)", "`id`", "x;id", "x|id", "x&&id", "x\nid",
    "x\n", "\nbrand_new", "brand_new\n", "brand_new\r", "brand_new ", " brand_new", "brand\0new", "\0", "brand_new\0",
    "BRAND_NEW", "Brand_New", "brаnd_new", "brand＿new", "ｂrand_new", "brand_new\u200b", "bra\u0301nd", "é", "模型", "١٢",
    "brand_new²", "x" * 64, "x" * 65, "x" * 10_240, "é" * 10_240, "a-" * 5_000, "../" * 3_000, "class", "def", "None",
    "lambda", "async", "match", "1abc", "_x", "-x", "--", "---", "-", "--yes=1", "-rf", "--help=x", "a.b", "a:b", "a@b",
    "a@{0}", "HEAD", "a..b", "a.lock", "refs/heads/x", "con", "nul", "auto", "deprecated", "deprecated/bert", "__init__",
    "modeling_brand_new", "brand_new.py", "%s%s%n", "%2e%2e%2f", "\x1b[31mred", "\x7f", "\udcff", "\ud800", "\U0010ffff",
    "\u202ebert", "'", '"', "''", "';--", "<script>", "*", "?", "[a-z]*", "brand_*", "#", "!x", "=x", "+x", "@file",
    "brand__new", "brand-new", "brand_new-", "b", "elder", "twin", "twin-text", "twin_vision", "mute", "brand_new",
)  # fmt: skip

_PIECES = (
    "brand_new", "elder", "twin", "bert", "a", "z9", "_", "-", "/", "..", ".", "\\", "{{", "}}", "{%", "\0", "\n", "\r", "\t",
    " ", "é", "ß", "＿", "\u200d", "\u202e", "\udc80", "А", "0", "7*7", "~", "$", "`", "'", '"', ";", "|", "@", ":", "%", "\x1b[",
)  # fmt: skip
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789_-"


#: Commands that look the model up before anything else; others ask first for the fork, or what was interrupted.
_LOOKING = ("new-tf-model", "checklist")


#: Commands that start the Python with the frameworks for a model that is there.
_RUNNING = ("compare", "fuzz", "reduce", "test")


def fuzzed(dice: random.Random) -> str:
    """A name from scratch, from pieces, or a real one with a few characters changed."""
    kind = dice.randrange(6)
    if kind == 0:
        return dice.choice(CLASSICS)
    if kind == 1:  # looks allowed, and hardly ever exists
        return dice.choice("abcdefghijklm") + "".join(
            dice.choices(_PLAIN, k=dice.choice((0, 1, 5, 20, 62, 63, 64, 200)))
        )
    if kind == 2:
        return "".join(dice.choices(_PIECES, k=dice.randint(1, 8)))
    if kind == 3:
        return "".join(
            chr(dice.choice((dice.randrange(1, 256), dice.randrange(0x110000)))) for _ in range(dice.randint(1, 30))
        )
    name = list(dice.choice(("brand_new", "elder", "twin_text", "twin-vision", "mute", "auto")))
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(name) + 1)
        name[at : at + dice.randrange(2)] = dice.choice(_PIECES)
    return "".join(name)[: dice.choice((80, 80, 80, 12_000))] * dice.choice((1, 1, 1, 1, 300))


def with_model() -> tuple[str, ...]:
    """The commands that take a model's name first, and `explain` and `translate`, whose argument may hold one."""
    found = []
    for name in COMMANDS:
        actions = build_parser(name)._actions
        if any(action.dest == "model" and not action.option_strings for action in actions):
            found.append(name)
    return (*found, "translate", "explain")


def arguments(command: str, name: str, root: Path, dice: random.Random) -> list[str]:
    """The command line; a name with a leading dash stands behind `--` half of the time."""
    options = {action.option_strings[-1] for action in build_parser(command)._actions if action.option_strings}
    wanted = [f"--repo={root}"] if "--repo" in options else []
    wanted += [flag for flag in ("--no-probe", "--no-verify", "--dry-run", "--yes", "--no-run") if flag in options]
    if dice.random() < 0.2 and "--json" in options:
        wanted.append("--json")
    given = str(root / f"src/transformers/models/{name}/modeling_{name}.py") if command == "translate" else name
    return (
        [command, *wanted, "--", given] if name.startswith("-") and dice.random() < 0.5 else [command, given, *wanted]
    )


def _names(count: int, dice: random.Random, commands: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    made = [(command, name) for name in CLASSICS for command in commands]
    dice.shuffle(made)
    yield from made[:count]
    for _ in range(count - len(made)):
        yield dice.choice(commands), fuzzed(dice)


def existing(root: Path) -> frozenset[str]:
    """The names that the checkout knows: folders, files' stems, model types."""
    folders = {path.name for path in (root / "src/transformers/models").iterdir() if path.is_dir()} - {"auto"}
    stems = {
        path.stem[9:] for path in root.rglob("modeling_*.py") if "_tf_" not in path.name and "auto" not in path.parts
    }
    return frozenset(folders | stems | {"twin-text", "twin-vision", "brand-new"})


def _judge(command: str, name: str, answer: Answer, guard: Guard, known: frozenset[str]) -> list[str]:
    """What is wrong with the answer."""
    said = f"{command} {name[:60]!r}"
    # `translate` reads the file it is given
    wrong = [f"{said}: {b}" for b in guard.breaches if command != "translate" or not b.startswith("read")]
    if command in _RUNNING and name.replace("-", "_") in {each.replace("-", "_") for each in known}:
        wrong = [breach for breach in wrong if "started python" not in breach]
    if answer.traceback:
        wrong.append(f"{said}: {answer.traceback}")
    if command == "explain":
        return wrong
    named = ALLOWED.fullmatch(name) is not None and not keyword.iskeyword(name)
    known = frozenset(each.replace("-", "_") for each in known)
    if (named and name.replace("-", "_") in known) or (name.startswith("-") and answer.status == 0):
        return wrong  # `-h` and other options are no names
    codes = {2, 7} if command == "translate" else {2, 5, 0} if named and command not in _LOOKING else {2}
    if answer.status not in codes:
        wrong.append(f"{said}: exit {answer.status}: {answer.err[:100]}")
    if guard.started and (not named or command in _LOOKING):
        wrong.append(f"{said}: started {guard.started}")
    if len(answer.err) > 2_000:
        wrong.append(f"{said}: the refusal has {len(answer.err)} characters")
    return wrong


def run(count: int, seed: int) -> list[Row]:
    """All commands, `count` names."""
    dice = random.Random(seed)
    commands = with_model()
    wrong: list[str] = []
    statuses: Counter[str] = Counter()
    started = passed = 0
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        root = miniature(Path(name).resolve(), git=True)
        known = existing(root)
        before = os.getcwd()
        os.chdir(root)
        try:
            for command, model in _names(count, dice, commands):
                guard = Guard([root, temporary()], programs=frozenset({"git", "ruff", "uname"}))
                argv = arguments(command, model, root, dice)
                with guard.watching():
                    answer = call(argv)
                wrong += _judge(command, model, answer, guard, known)
                statuses[str(answer.status)] += 1
                passed += answer.status == 0
                started += len(guard.started) if answer.status == 2 and not ALLOWED.fullmatch(model) else 0
        finally:
            os.chdir(before)
    outside = sum("opened for writing" in line or ": os." in line for line in wrong)
    told = ", ".join(f"exit {status}: {number:,}" for status, number in sorted(statuses.items()))
    measured = f"{count:,} names over {len(commands)} commands ({told}); {outside} files outside, {started} processes"
    return [
        Row(
            what=f"{count:,} fuzzed model names",
            target="only the pattern passes; 0 files outside, 0 processes for refused names",
            measured=f"{measured}, {len(wrong)} broken",
            held=not wrong,
            details=tuple(wrong),
        )
    ]
