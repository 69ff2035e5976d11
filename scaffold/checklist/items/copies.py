"""G33 (2) and G21: `# Copied from` wherever possible, and every such mark points to something that exists.

Whether a marked body still equals its source is the business of the clone's own utils/check_copies.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scaffold.checklist.classes import PRETRAINED
from scaffold.checklist.item import Item, Verdict, manual, verdict
from scaffold.checklist.subject import SourceFile, Subject

MARK = re.compile(r"^\s*#\s*Copied from\s+transformers\.(\S+)")
_CLASS = re.compile(r"^(?:@|class |def |async def |[A-Za-z_])")
#: Shorter bodies are equal by chance.
_SMALLEST = 6


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level class of a TensorFlow file: where it is, what its mark says, and its body with the model's name cut out."""

    path: str
    name: str
    line: int
    mark: str | None
    body: str


def blocks(path: str, text: str) -> Iterator[Block]:
    """The top-level classes of a file, read line by line: parsing every TensorFlow file of a clone takes a second."""
    lines = text.splitlines()
    prefix = _prefix(text)
    for start, line in enumerate(lines):
        found = re.match(r"class (TF\w+)\b", line)
        if found:
            end = next((i for i in range(start + 1, len(lines)) if _CLASS.match(lines[i])), len(lines))
            body = [text for raw in lines[start + 1 : end] if (text := raw.split("# ")[0].strip())]
            if len(body) >= _SMALLEST and not PRETRAINED.fullmatch(found[1]):  # base classes are alike by convention
                yield Block(path, found[1], start + 1, _mark_above(lines, start), _anonymous("\n".join(body), prefix))


def _prefix(text: str) -> str:
    """The model's name in CamelCase: what stands between `TF` and `PreTrainedModel`."""
    found = re.search(r"^class TF(\w+?)Pre[Tt]rained\w*\(", text, re.MULTILINE)
    return found[1] if found else ""


def _anonymous(body: str, prefix: str) -> str:
    if not prefix:
        return body
    lower = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", prefix).lower()
    body = body.replace(prefix, "·").replace(prefix.upper(), "·")
    return re.sub(rf"\b({re.escape(lower)}|{re.escape(prefix.lower())})(?=_|\b)", "·", body)


def _mark_above(lines: list[str], start: int) -> str | None:
    """The target of the `# Copied from` among the comments and decorators directly above a class."""
    for index in range(start - 1, -1, -1):
        found = MARK.match(lines[index])
        if found:
            return found[1]
        if not lines[index].startswith(("#", "@", ")", " ")):
            return None
    return None


def _missing_marks(subject: Subject) -> tuple[list[str], list[str]]:
    """Classes that a known original exists for, and classes equal to one where either could be the original."""
    mine = {b.body: b for b in blocks(subject.port.path, subject.port.text) if not _has_mark(b)}
    others = [b for path in subject.tf_files if path != subject.port.path for b in _other_blocks(subject, path)]
    twins: dict[str, list[Block]] = {}
    for block in others:
        if block.body in mine:
            twins.setdefault(block.body, []).append(block)
    pt_marks = _pt_marks(subject)
    sure, unsure = [], []
    for body, found in twins.items():
        block = mine[body]
        if any(_points_to(b.mark, subject.names.tf_module) for b in found):
            continue  # this class is the original
        original = _original(found, pt_marks.get(block.name.removeprefix("TF"), ""))
        if original is not None:
            sure.append(subject.port.at(block.line, f"{block.name} equals {_dotted(original)}, without a mark"))
        else:
            unsure.append(subject.port.at(block.line, f"{block.name} equals {_dotted(found[0])}; neither is marked"))
    return sure, unsure


def _other_blocks(subject: Subject, path: str) -> Iterator[Block]:
    text = subject.read(path)
    if text:
        yield from blocks(path, text)


def _has_mark(block: Block) -> bool:
    return block.mark is not None


def _points_to(mark: str | None, module: str) -> bool:
    return mark is not None and f".{module}." in f".{mark}."


def _original(twins: list[Block], pt_mark: str) -> Block | None:
    """The twin the PyTorch class was copied from, or the unmarked one that a marked twin names."""
    for twin in twins:
        folder = twin.path.split("/")[-2]
        if pt_mark.startswith(f"models.{folder}.") and pt_mark.rpartition(".")[2] == twin.name.removeprefix("TF"):
            return twin
    named = {b.mark for b in twins if b.mark}
    return next((b for b in twins if _dotted(b).removeprefix("transformers.") in named), None)


def _dotted(block: Block) -> str:
    module = block.path.removeprefix("src/").removesuffix(".py").replace("/", ".")
    return f"{module}.{block.name}"


def _pt_marks(subject: Subject) -> dict[str, str]:
    """The PyTorch file's own marks, by class."""
    if subject.pt is None:
        return {}
    lines, marks = subject.pt.lines, {}
    for node in subject.pt.tree.body:
        if isinstance(node, ast.ClassDef):
            mark = _mark_above(lines, node.lineno - 1)
            if mark:
                marks[node.name] = mark
    return marks


def _dangling(subject: Subject) -> Iterator[str]:
    """Marks whose target is not in the clone."""
    for number, line in enumerate(subject.port.lines, 1):
        found = MARK.match(line)
        if found and not _exists(subject, found[1].rstrip(".,")):
            yield subject.port.at(number, f"transformers.{found[1]} does not exist")


def _exists(subject: Subject, dotted: str) -> bool:
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        path = f"src/transformers/{'/'.join(parts[:cut])}.py"
        if (subject.root / path).is_file():
            file = subject.parsed(path)
            return file is not None and _defines(file, parts[cut:])
    return False


def _defines(file: SourceFile, names: list[str]) -> bool:
    body: list[ast.stmt] = file.tree.body
    for name in names:
        found = next((node for node in _flat(body) if getattr(node, "name", None) == name), None)
        if found is None:
            return False
        body = getattr(found, "body", [])
    return True


def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _flat(node.body)


def _judge(subject: Subject) -> Verdict:
    sure, unsure = _missing_marks(subject)
    problems = [*_dangling(subject), *sure]
    count = sum(1 for line in subject.port.lines if MARK.match(line))
    if unsure and not problems:
        return manual(unsure, "Decide which class is the original and mark the other with `# Copied from …`.")
    return verdict(
        problems,
        "Write `# Copied from transformers.<module>.<Class> with Old->New` above each class named, or mend the mark.",
        f"{subject.port.path}: {count} `# Copied from` marks, every target exists",
    )


ITEMS = (
    Item(
        code="CHK102",
        title="`# Copied from` wherever possible",
        requirements=("G33", "G21"),
        judge=_judge,
    ),
)
