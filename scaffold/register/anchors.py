"""Finding the one place where a registration belongs, and editing it line by line.

Source of truth: the clone's own files. A place that cannot be found unambiguously is an error, never a guess.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TypeVar

from scaffold.core.edits import Tree
from scaffold.core.errors import ExitCode, ScaffoldError

T = TypeVar("T")

#: Line length of the repository's formatter, unchanged since 2020.
WIDTH = 119


def missing(path: str, sought: str) -> ScaffoldError:
    """REG101: `sought` is nowhere in `path`."""
    return ScaffoldError(
        "REG101",
        f"{path}: found no {sought}",
        "Compare the file with a release of Transformers that has TensorFlow models; register this place by hand "
        "if the clone changed it on purpose.",
        exit_code=ExitCode.UNSUPPORTED_SOURCE,
    )


def doubled(path: str, sought: str, lines: Iterable[int] = ()) -> ScaffoldError:
    """REG102: `sought` is in `path` more than once, so none of them is the anchor."""
    where = ", ".join(str(line) for line in lines)
    return ScaffoldError(
        "REG102",
        f"{path}: found more than one {sought}" + (f" (lines {where})" if where else ""),
        "Remove the duplicate, or undo the local change that added it.",
        exit_code=ExitCode.UNSUPPORTED_SOURCE,
    )


def exactly_one(matches: Sequence[T], *, path: str, sought: str) -> T:
    """The only match; REG101 when there is none, REG102 when there are several."""
    if not matches:
        raise missing(path, sought)
    if len(matches) > 1:
        raise doubled(path, sought, (line for m in matches if (line := _line_of(m))))
    return matches[0]


def _line_of(match: object) -> int:
    line = match + 1 if isinstance(match, int) else getattr(match, "lineno", 0)
    return int(line)


class TextFile:
    """A file as lines, with edits collected and applied together; untouched lines keep every byte."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.lines = text.split("\n")  # not splitlines(): that also splits on form feeds, which `ast` does not
        self._eol = "\r" if "\r\n" in text else ""
        self._edits: list[tuple[int, int, list[str]]] = []

    @classmethod
    def open(cls, tree: Tree, path: str) -> TextFile | None:
        """The file as the tree has it, None when it is not there."""
        text = tree.read(path)
        return None if text is None else cls(path, text)

    def line(self, index: int) -> str:
        """Line `index` (from 0) without its line end."""
        return self.lines[index].removesuffix("\r")

    def insert(self, index: int, new: Sequence[str]) -> None:
        """Put lines before line `index` (from 0); insertions at one place keep the order of the calls."""
        self._edits.append((index, index, list(new)))

    def replace(self, start: int, end: int, new: Sequence[str]) -> None:
        """Put lines in place of lines `start` to `end` (from 0, `end` excluded)."""
        self._edits.append((start, end, list(new)))

    def edited(self) -> str:
        """The text with all edits made."""
        result: list[str] = []
        position = 0
        for start, end, new in sorted(self._edits, key=lambda edit: edit[0]):
            result += self.lines[position:start]
            result += [line + self._eol for line in new]
            position = end
        return "\n".join(result + self.lines[position:])


class PythonFile(TextFile):
    """A Python file with its syntax tree; `ast` line numbers count from 1, line indexes from 0."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(path, text)
        try:
            self.tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ScaffoldError(
                "REG103",
                f"{path} is not valid Python: {error}",
                "Repair the file (for instance with `git restore`) and run again.",
                exit_code=ExitCode.UNSUPPORTED_SOURCE,
            ) from error

    @classmethod
    def open(cls, tree: Tree, path: str) -> PythonFile | None:
        text = tree.read(path)
        return None if text is None else cls(path, text)

    def insert_after(self, node: ast.stmt | ast.expr, new: Sequence[str]) -> None:
        """Put lines below the last line of `node`."""
        self.insert(node.end_lineno or node.lineno, new)

    def insert_before(self, node: ast.stmt | ast.expr, new: Sequence[str]) -> None:
        """Put lines above the first line of `node`."""
        self.insert(node.lineno - 1, new)

    def replace_node(self, node: ast.stmt | ast.expr, new: Sequence[str]) -> None:
        """Put whole lines in place of the lines of `node`."""
        self.replace(node.lineno - 1, node.end_lineno or node.lineno, new)

    def indent_of(self, node: ast.stmt | ast.expr) -> str:
        """The white space before `node`."""
        return " " * node.col_offset
