"""A Python source with its syntax tree: text by node, parents, and what its imported names mean.

Positions are `ast`'s: 1-based lines, columns in UTF-8 bytes. Parsing is gated, because model source is hostile until
proven otherwise.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cached_property

from scaffold.core.errors import ExitCode, ScaffoldError

#: Larger than any modelling file of any release (the largest has 6,000 lines, 300 kB).
MAX_BYTES = 1_500_000

#: The largest modelling file has 22,000 syntax nodes; a file of many more costs minutes, and no person wrote it.
MAX_NODES = 60_000

#: Python refuses to write longer integers in decimal (`sys.get_int_max_str_digits`), but reads them in hexadecimal.
_MAX_BITS = 14_000


def parse_module(text: str, path: str = "<source>") -> ast.Module:
    """Parse, or raise ScaffoldError TFP001 (exit code 7) for what is not Python or is unreasonably large or deep."""

    def refuse(detail: str) -> ScaffoldError:
        return ScaffoldError(
            "TFP001",
            f"{path} cannot be taken for a model file: {detail}",
            "repair the file, or name the right one",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )

    if len(text) > MAX_BYTES:
        raise ScaffoldError(
            "TFP001",
            f"{path} has {len(text)} characters, more than any model file",
            "check the path",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )
    try:
        tree = ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
        raise refuse(f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)) from None
    for count, node in enumerate(ast.walk(tree)):
        if count > MAX_NODES:
            raise refuse("it has far more statements than any model file")
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > _MAX_BITS:
            raise refuse(f"line {node.lineno}: a number of {node.value.bit_length()} bits")
    return tree


def _qualname(node: ast.AST, imports: Mapping[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in imports:
        return None
    return ".".join([imports[node.id], *reversed(parts)])


class Source:
    """One parsed file. `package` is the dotted package the file lives in, for resolving relative imports.

    `own`: what lies in the file where `text` is another wording of it; messages name the file's own lines.
    """

    def __init__(
        self, text: str, path: str = "<source>", package: str = "transformers.models.model", own: str | None = None
    ) -> None:
        # the ends of lines as Python's tokeniser sees them: positions are counted in those
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.text = text
        self.path = path
        self.package = package
        self.tree = parse_module(text, path)
        self._data = text.encode("utf-8")
        self._starts = [0]
        for line in self._data.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.lines = text.split("\n")
        self._own = None if own in (None, text) else own

    @cached_property
    def _lines_of_file(self) -> list[tuple[int, bool]]:
        """Line → (the file's line, whether it says the same); what was added belongs to the line in front of it."""
        if self._own is None:
            return [(number + 1, True) for number in range(len(self.lines))]
        found: list[tuple[int, bool]] = []
        own = self._own.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for tag, first, last, start, end in SequenceMatcher(None, self.lines, own, autojunk=False).get_opcodes():
            for offset in range(last - first):
                line = start + offset if tag == "equal" else min(start + offset, max(end - 1, start - 1, 0))
                found.append((line + 1, tag == "equal"))
        return found

    def place(self, node: ast.AST) -> tuple[int, int, int, int]:
        """A node's place in the file: first line, column, last line, column; the whole line where the file words it otherwise."""
        (line, same), (end, _) = (self._lines_of_file[n - 1] for n in (node.lineno, node.end_lineno or node.lineno))  # type: ignore[attr-defined]
        if same:
            return line, node.col_offset, max(line, end), node.end_col_offset or 0  # type: ignore[attr-defined]
        return line, 0, line, 0

    def offset(self, line: int, column: int) -> int:
        """Byte offset of a position."""
        return self._starts[line - 1] + column

    def start(self, node: ast.AST) -> int:
        """Byte offset at which a node starts."""
        return self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Byte offset just after a node."""
        return self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def slice(self, start: int, end: int) -> str:
        """Text between two byte offsets."""
        return self._data[start:end].decode("utf-8")

    def segment(self, node: ast.AST) -> str:
        """Text of a node."""
        return self.slice(self.start(node), self.end(node))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Child → parent, for every node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def comments(self) -> dict[int, tuple[int, str]]:
        """Line → (column in characters, text) of the comment on it."""
        found = {}
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = (token.start[1], token.string)
        return found

    @cached_property
    def imports(self) -> dict[str, str]:
        """Name → what it is called in full (`F` → `torch.nn.functional`): of imports anywhere in the file, and of names that
        the module binds to something of torch's (`XLayerNorm = nn.LayerNorm`)."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname:
                        names[alias.asname] = alias.name
                    else:
                        names[alias.name.split(".")[0]] = alias.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom):
                module = self.resolve_import(node)
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{module}.{alias.name}" if module else alias.name
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found = _qualname(node.value, names)
                if found is not None and found.startswith("torch."):
                    names.setdefault(node.targets[0].id, found)
        return names

    def resolve_import(self, node: ast.ImportFrom) -> str:
        """Absolute module of a `from … import`."""
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, node.module] if node.module else base)

    def qualname(self, node: ast.AST) -> str | None:
        """Qualified name of a Name/Attribute chain that starts at an import, else None."""
        return _qualname(node, self.imports)

    def marks(self, node: ast.AST) -> list[str]:
        """Comment lines directly above a definition (above its decorators), top to bottom."""
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])  # type: ignore[attr-defined]
        found: list[str] = []
        line = first - 1
        while line in self.comments and self.lines[line - 1].lstrip().startswith("#"):
            found.append(self.comments[line][1])
            line -= 1
        return found[::-1]
