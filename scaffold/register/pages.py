"""A model's documentation page as sections, and which classes it documents.

Source: `docs/source/en/model_doc/*.md` of Transformers and `ignore_undocumented` of its `utils/check_repo.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scaffold.register.anchors import TextFile

_AUTODOC = re.compile(r"\[\[autodoc\]\]\s+(\S+)\s*$")
_BOUNDARY = re.compile(r"#{1,6}\s|</?(?:frameworkcontent|pt|tf|jax)>|</?hfoptions?\b")
_METHOD = re.compile(r"\s+-\s+(\S+)\s*$")

#: Class names that the repository leaves undocumented on purpose.
_INTERNAL = ("PreTrainedModel", "PretrainedModel", "Decoder", "Encoder", "Layer", "Embeddings", "Attention")


def is_internal(name: str) -> bool:
    """True for a name that needs no entry on a page."""
    return name.isupper() or name.endswith(_INTERNAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One `[[autodoc]]` of a page: the class without its module, the methods below it, its section's lines."""

    name: str
    methods: tuple[str, ...]
    line: int  # of the [[autodoc]]
    start: int  # of the heading above it, or of the [[autodoc]] itself
    end: int  # behind the section's last line that is not blank


def entries(file: TextFile) -> list[Entry]:
    """All documented objects in the page's order."""
    found = []
    for index in range(len(file.lines)):
        match = _AUTODOC.match(file.line(index))
        if match:
            name = match.group(1).split(".")[-1]
            found.append(
                Entry(
                    name=name,
                    methods=_methods(file, index + 1),
                    line=index,
                    start=_heading(file, index),
                    end=_end(file, index),
                )
            )
    return found


def _methods(file: TextFile, index: int) -> tuple[str, ...]:
    found = []
    while index < len(file.lines) and (match := _METHOD.match(file.line(index))):
        found.append(match.group(1))
        index += 1
    return tuple(found)


def _heading(file: TextFile, index: int) -> int:
    above = index - 1
    while above >= 0 and not file.line(above).strip():
        above -= 1
    return above if above >= 0 and file.line(above).startswith("#") else index


def _end(file: TextFile, index: int) -> int:
    end = index + 1
    while end < len(file.lines) and not _BOUNDARY.match(file.line(end)) and not _AUTODOC.match(file.line(end)):
        end += 1
    while not file.line(end - 1).strip():
        end -= 1
    return end


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkBlock:
    """The line indexes of one `<frameworkcontent>` and of the tags in it; None where a tag is missing."""

    start: int
    end: int
    pt_end: int | None
    tf_start: int | None
    tf_end: int | None


def framework_blocks(file: TextFile) -> list[FrameworkBlock]:
    """All `<frameworkcontent>` blocks that are closed."""
    found = []
    start: int | None = None
    for index in range(len(file.lines)):
        line = file.line(index).strip()
        if line == "<frameworkcontent>":
            start = index
        elif line == "</frameworkcontent>" and start is not None:
            tags = {file.line(i).strip(): i for i in range(index, start, -1)}
            found.append(
                FrameworkBlock(
                    start=start,
                    end=index,
                    pt_end=tags.get("</pt>"),
                    tf_start=tags.get("<tf>"),
                    tf_end=tags.get("</tf>"),
                )
            )
            start = None
    return found


def section(name: str, methods: Sequence[str]) -> list[str]:
    """The lines that document one class."""
    return [f"## {name}", "", f"[[autodoc]] {name}", *(f"    - {method}" for method in methods)]
