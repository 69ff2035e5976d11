"""Edits of a text at the positions of its syntax tree, collected and made together."""

from __future__ import annotations

import ast


class Splicer:
    """A text with replacements by line and column; `ast` columns count UTF-8 bytes, so the text is held as bytes."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self._lines = [line.encode("utf-8") for line in text.split("\n")]
        self._edits: list[tuple[tuple[int, int], tuple[int, int], str]] = []

    def replace(self, node: ast.expr, new: str) -> None:
        """Put `new` in place of an expression."""
        start, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
        self._edits.append((start, end, new))

    def drop_lines(self, first: int, last: int) -> None:
        """Take out lines `first` to `last` (from 1, both included)."""
        self._edits.append(((first, 0), (last + 1, 0), ""))

    def insert_after(self, line: int, new: list[str]) -> None:
        """Put whole lines below line `line` (from 1)."""
        self._edits.append(((line + 1, 0), (line + 1, 0), "".join(f"{part}\n" for part in new)))

    def replace_lines(self, first: int, last: int, new: list[str]) -> None:
        """Put whole lines in place of lines `first` to `last` (from 1, both included)."""
        self._edits.append(((first, 0), (last + 1, 0), "".join(f"{part}\n" for part in new)))

    def text(self) -> str:
        """The text with all edits made."""
        starts = [0]
        for line in self._lines:
            starts.append(starts[-1] + len(line) + 1)
        data = b"\n".join(self._lines)
        # from the end to the start; insertions at one place keep the order of the calls
        for start, end, new in reversed(sorted(self._edits, key=lambda edit: edit[0])):
            data = data[: starts[start[0] - 1] + start[1]] + new.encode("utf-8") + data[starts[end[0] - 1] + end[1] :]
        return data.decode("utf-8")


def class_methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    """The methods that a class's own body defines."""
    return {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}


def first_line(node: ast.FunctionDef) -> int:
    """The line of a function's first decorator, or of its `def`."""
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])
