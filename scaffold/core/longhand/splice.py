"""A Python file whose text is changed by position: what no edit touches keeps its characters.

Positions are those of `ast` (lines from 1, columns in bytes). Rules run one after the other, each on the text that the one
before left.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping


class Unclear(Exception):
    """A place that no rule can write out: `path`, `line`, the `name` concerned and `why`."""

    def __init__(self, path: str, line: int, name: str, why: str) -> None:
        super().__init__(f"{path}:{line}: {name}: {why}")
        self.path, self.line, self.name, self.why = path, line, name, why


#: First byte, last byte (excluded), new text.
Edit = tuple[int, int, str]


class Source:
    """One module's text with its tree; `path` is the file's, for messages. What `ast.parse` raises is not caught here."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._data = text.encode("utf-8")
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in self._data.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias) -> tuple[int, int]:
        """First and last byte of a node."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def segment(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias) -> str:
        """The node's text."""
        start, end = self.span(node)
        return self._data[start:end].decode("utf-8")

    def line_start(self, line: int) -> int:
        """First byte of a line (from 1)."""
        return self._starts[line - 1]

    def first_line(self, node: ast.stmt) -> int:
        """The line where a statement begins, its decorators included."""
        decorators = getattr(node, "decorator_list", [])
        return min(int(n.lineno) for n in (node, *decorators))

    def replaced(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias, text: str) -> Edit:
        """The edit that puts a text in a node's place."""
        return (*self.span(node), text)

    def without_lines(self, node: ast.stmt) -> Edit:
        """The edit that takes a statement's lines away."""
        return (self.line_start(self.first_line(node)), self.line_start((node.end_lineno or node.lineno) + 1), "")

    def lines_of(self, node: ast.stmt) -> str:
        """A statement's whole lines, its decorators included."""
        start, end, _ = self.without_lines(node)
        return self._data[start:end].decode("utf-8")

    def without_decorator(self, decorator: ast.expr) -> Edit:
        """The edit that takes a decorator's lines away."""
        end = (decorator.end_lineno or decorator.lineno) + 1
        return (self.line_start(decorator.lineno), self.line_start(end), "")

    def before(self, node: ast.stmt, lines: Iterable[str]) -> Edit:
        """The edit that puts lines in front of a statement, indented as it is."""
        at, margin = self.line_start(self.first_line(node)), " " * node.col_offset
        return (at, at, "".join(f"{margin}{line}\n" if line else "\n" for line in lines))

    def after(self, node: ast.stmt, lines: Iterable[str]) -> Edit:
        """The edit that puts lines behind a statement, indented as it is."""
        at, margin = self.line_start((node.end_lineno or node.lineno) + 1), " " * node.col_offset
        return (at, at, "".join(f"{margin}{line}\n" if line else "\n" for line in lines))

    def edited(self, edits: Iterable[Edit]) -> Source:
        """The module with the edits made; edits inside a text that another one replaces are lost."""
        ordered = sorted(dict.fromkeys(edits), key=lambda edit: (edit[0], edit[0] != edit[1], -edit[1]))
        if not ordered:
            return self
        parts, position = [], 0
        for start, end, text in ordered:
            if start < position:
                continue
            parts += [self._data[position:start], text.encode("utf-8")]
            position = end
        return Source(self.path, b"".join([*parts, self._data[position:]]).decode("utf-8"))

    # -- what is in it ---------------------------------------------------------------------------------------------------

    @property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The module's classes by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def imports(self) -> Iterator[tuple[ast.ImportFrom, ast.alias]]:
        """Every name that is imported from the library (relatively), with its statement."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                for alias in node.names:
                    yield node, alias

    def imported_as(self, name: str) -> str | None:
        """The local name of something imported from the library, None when it is not imported."""
        return next((alias.asname or alias.name for _, alias in self.imports() if alias.name == name), None)

    def optional(self, hint: str) -> str:
        """A hint that may be None, as the module writes such hints."""
        return f"Optional[{hint}]" if "Optional[" in self.text else f"{hint} | None"


def with_keywords(source: Source, call: ast.Call, texts: Mapping[str, str]) -> list[Edit]:
    """The edit that gives a call the keyword arguments it lacks, in front of `**options`."""
    given = {k.arg for k in call.keywords}
    text = [f"{key}={value}" for key, value in texts.items() if key not in given]
    spread = [source.span(k)[0] for k in call.keywords if k.arg is None]
    if not text:
        return []
    if spread:
        return [(spread[0], spread[0], "".join(f"{one}, " for one in text))]
    ends = [source.span(a)[1] for a in call.args] + [source.span(k)[1] for k in call.keywords]
    end = max(ends, default=source.span(call.func)[1] + 1)
    return [(end, end, (", " if ends else "") + ", ".join(text))]


def imports_for(source: Source, other: Source, read: Collection[str]) -> list[str]:
    """The imports of `other`, a module right below the library or the tests, of names that a module of a model's folder reads and
    has not imported.
    """
    nodes = [n for n in ast.walk(source.tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    here = {alias.asname or alias.name for node in nodes for alias in node.names}
    lines = []
    for node in other.tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        kept = ", ".join(ast.unparse(a) for a in node.names if (a.asname or a.name) in set(read) - here)
        if kept and isinstance(node, ast.ImportFrom):
            lines.append(f"from {'...' if node.level else ''}{node.module or ''} import {kept}")
        elif kept:
            lines.append(f"import {kept}")
    return lines


def names_in(texts: Iterable[str]) -> set[str]:
    """The names that texts of definitions use."""
    return {n.id for text in texts for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}


def bases(node: ast.ClassDef) -> list[str]:
    """The last parts of the names of a class's bases."""
    return [ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases]


def method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """A class's own method."""
    return next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == name), None)


def forward_of(source: Source, node: ast.ClassDef) -> ast.FunctionDef:
    """A class's own `forward`; Unclear where it inherits one."""
    forward = method(node, "forward")
    if forward is None:
        raise Unclear(source.path, node.lineno, node.name, "has no forward of its own")
    return forward


def called(node: ast.expr) -> str:
    """The name that a decorator, or a call, is about: `f` of `@f`, `@f(…)` and `f(…)`."""
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a call's keyword argument."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def first_statement(function: ast.FunctionDef) -> ast.stmt:
    """The statement after the docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(function.body) > 1
    return function.body[1] if documented else first
