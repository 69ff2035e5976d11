"""Statements: a function's body in PyTorch in, its body in TensorFlow out, comments kept, markers where a rule refused.

Structural passes (`passes/`) get each statement first, in one explicit order; what none of them takes is copied with its
expressions translated.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Callable, Sequence

from scaffold.core.diagnostics import Severity
from scaffold.translate import markers, prose, reach, signature
from scaffold.translate.callsite import parenthesised, tf_dtype
from scaffold.translate.engine import Engine
from scaffold.translate.iteration import take_apart
from scaffold.translate.promotion import dtype_among

#: A pass returns None (not mine), or the statement's replacement: lines without indentation ([] drops the statement).
Pass = Callable[["BlockWriter", ast.stmt], "list[str] | None"]
INDENT = "    "

#: Blocks that no method of the writer knows.
_COMPOUND: tuple[type[ast.stmt], ...] = (ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith, ast.ClassDef, ast.Match)
if sys.version_info >= (3, 11):
    _COMPOUND += (ast.TryStar,)


def indented(lines: Sequence[str], depth: int = 1) -> list[str]:
    """Lines moved right by `depth` levels; blank lines stay empty."""
    return [INDENT * depth + line if line.strip() else "" for line in lines]


def stripped(lines: list[str]) -> list[str]:
    """Without blank lines at either end."""
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return lines[start:end]


class BlockWriter:
    """Writes statement blocks of one function."""

    def __init__(
        self, engine: Engine, passes: Sequence[Pass], docstring: Callable[[str], str] = lambda text: text
    ) -> None:
        self.engine = engine
        self.source = engine.source
        self.passes = passes
        self.docstring = docstring

    def block(self, statements: Sequence[ast.stmt], after_line: int) -> list[str]:
        """Lines of a block without indentation. `after_line` is the line of the header the block stands under."""
        lines: list[str] = []
        previous = after_line
        for statement in statements:
            first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
            gap = self.gap(previous, first)
            written = self.statement(statement)
            if written:
                lines += gap + written
            elif gap and "" in gap:
                lines += gap[: len(gap) - gap[::-1].index("")]
            previous = statement.end_lineno or statement.lineno
            if reach.leaves(statement, self.engine.settled):
                break
        return lines

    def body(self, statements: Sequence[ast.stmt], after_line: int) -> list[str]:
        """Like `block`, never empty."""
        lines = self.block(statements, after_line)
        if not any(line.strip() and not line.strip().startswith("#") for line in lines):
            lines.append("pass")
        return lines

    def gap(self, previous: int, first: int) -> list[str]:
        """Comments and blank lines between two lines."""
        lines = (line.strip() for line in self.source.lines[previous : first - 1])
        return [prose.comment(line) for line in lines if not line or line.startswith("#")]

    def statement(self, statement: ast.stmt) -> list[str]:
        """Lines of one statement, with markers above it for what was refused in it."""
        known = len(self.engine.diagnostics)
        written = self._written(statement)
        refused = [d for d in self.engine.diagnostics[known:] if d.severity is Severity.ERROR]
        if refused and not isinstance(statement, (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.FunctionDef)):
            return [line for d in refused for line in markers.write(d)] + written
        return written

    def _written(self, statement: ast.stmt) -> list[str]:
        for apply in self.passes:
            replacement = apply(self, statement)
            if replacement is not None:
                return replacement
        return self.plain(statement)

    def plain(self, statement: ast.stmt) -> list[str]:
        """Lines of a statement that no pass takes."""
        handler = getattr(self, f"_{type(statement).__name__.lower()}", None)
        if handler is not None:
            return list(handler(statement))
        return self.simple(statement) if not isinstance(statement, _COMPOUND) else self.copied(statement)

    def copied(self, statement: ast.stmt) -> list[str]:
        """A block of a kind that models do not have (`match`, `async`, an inner class): as it is, for a person to look at."""
        subject = self.source.segment(statement).split(maxsplit=1)[0].rstrip(":")  # match, async, class, try
        self.engine.diagnose("TFP101", subject, "no rule translates this block", statement, "write it by hand")
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        lines = self.source.lines[first - 1 : statement.end_lineno]
        if len(lines[0]) - len(lines[0].lstrip()) != statement.col_offset:  # behind a semicolon or a colon
            return self.source.segment(statement).split("\n")
        return textwrap.dedent("\n".join(lines)).split("\n")

    def simple(self, statement: ast.stmt) -> list[str]:
        """A statement without a block, its expressions translated, its trailing comment kept."""
        return self.with_comment(statement, self.engine.splice(statement))

    def with_comment(self, statement: ast.stmt, text: str) -> list[str]:
        """Text of a statement with the comment that stands behind it in the PyTorch file."""
        comment = self.source.comments.get(statement.end_lineno or 0)
        if comment is not None and not self.source.lines[(statement.end_lineno or 1) - 1].strip().startswith("#"):
            text = f"{text}  {prose.comment(comment[1])}"
        return text.split("\n")

    def _expr(self, statement: ast.Expr) -> list[str]:
        if isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str):
            before = self.source.lines[statement.lineno - 1][: statement.col_offset]
            margin = before if before.isspace() else " " * statement.col_offset  # tabs, where the file has them
            return self.docstring(textwrap.dedent(margin + self.source.segment(statement))).split("\n")
        return self.simple(statement)

    def _annassign(self, statement: ast.AnnAssign) -> list[str]:
        kind = signature.annotation(self.engine, statement.annotation)
        target = self.engine.expression(statement.target)
        value = f" = {self.engine.expression(statement.value)}" if statement.value is not None else ""
        return self.with_comment(statement, f"{target}: {kind}{value}" if kind else f"{target}{value}")

    def _augassign(self, statement: ast.AugAssign) -> list[str]:
        """`mask *= other`: torch keeps the dtype of what stands on the left."""
        target, value = self.engine.type_of(statement.target), self.engine.type_of(statement.value)
        known = target.kind == value.kind == "tensor" and target.dtype is not None and value.dtype is not None
        if not known or tf_dtype(str(target.dtype)) == tf_dtype(str(value.dtype)):
            return self.simple(statement)
        text = self.engine.expression(statement.value)
        kept = dtype_among([self.engine.arg(statement.target)], str(target.dtype))
        self.engine.remember(statement.value, f"tf.cast({text}, {kept})")
        return self.simple(statement)

    def header(self, node: ast.expr) -> str:
        """An expression of a block's header; parentheses around several lines stand outside the node."""
        text = self.engine.expression(node)
        return f"({text})" if "\n" in text else text

    def _marked(self, node: ast.expr, write: Callable[[ast.expr], str]) -> tuple[str, list[str]]:
        """A header's expression as it is written, and marks for what was refused in it."""
        known = len(self.engine.diagnostics)
        text = write(node)
        refused = [d for d in self.engine.diagnostics[known:] if d.severity is Severity.ERROR]
        return text, [line for d in refused for line in markers.write(d)]

    def condition(self, node: ast.expr) -> str:
        """A condition's expression: a graph takes no number for a truth, as Python and PyTorch do."""
        text, info = self.header(node), self.engine.type_of(node)
        is_number = info.kind == "tensor" and info.dtype not in (None, "bool")
        return f"{parenthesised(text)} != 0" if is_number else text

    def _if(self, statement: ast.If) -> list[str]:
        test, refused = self._marked(statement.test, self.condition)
        lines = [*refused, f"if {test}:"]
        lines += indented(self.body(statement.body, statement.test.end_lineno or statement.lineno))
        rest = statement.orelse
        if not rest:
            return lines
        end = statement.body[-1].end_lineno or 0
        if len(rest) == 1 and isinstance(rest[0], ast.If) and self.source.segment(rest[0]).startswith("elif"):
            nested = self.statement(rest[0])
            comments = [line for line in self.gap(end, rest[0].lineno) if line]
            if nested and nested[0].startswith("if "):
                return lines + comments + ["el" + nested[0], *nested[1:]]
            return [*lines, *comments, "else:", *indented(nested or ["pass"])] if nested else lines
        first = rest[0].lineno
        keyword = next((n for n in range(end, first) if self.source.lines[n].strip().startswith("else")), end)
        comments = [line for line in self.gap(end, keyword + 1) if line]
        return [*lines, *comments, "else:", *indented(self.body(rest, keyword + 1))]

    def _for(self, statement: ast.For) -> list[str]:
        take_apart(self.engine, statement.iter)
        iterable, refused = self._marked(statement.iter, self.header)
        header = f"for {self.engine.expression(statement.target)} in {iterable}:"
        lines = [*refused, header, *indented(self.body(statement.body, statement.iter.end_lineno or statement.lineno))]
        if statement.orelse:
            lines += ["else:", *indented(self.body(statement.orelse, statement.body[-1].end_lineno or 0))]
        return lines

    def _while(self, statement: ast.While) -> list[str]:
        test, refused = self._marked(statement.test, self.condition)
        lines = [
            *refused,
            f"while {test}:",
            *indented(self.body(statement.body, statement.test.end_lineno or statement.lineno)),
        ]
        if statement.orelse:
            lines += ["else:", *indented(self.body(statement.orelse, statement.body[-1].end_lineno or 0))]
        return lines

    def _with(self, statement: ast.With) -> list[str]:
        items = ", ".join(
            self.engine.expression(i.context_expr)
            + (f" as {self.engine.expression(i.optional_vars)}" if i.optional_vars else "")
            for i in statement.items
        )
        return [
            f"with {items}:",
            *indented(self.body(statement.body, statement.items[-1].context_expr.end_lineno or 0)),
        ]

    def _try(self, statement: ast.Try) -> list[str]:
        lines = ["try:", *indented(self.body(statement.body, statement.lineno))]
        for handler in statement.handlers:
            kind = f" {self.engine.expression(handler.type)}" if handler.type else ""
            name = f" as {handler.name}" if handler.name else ""
            lines += [f"except{kind}{name}:", *indented(self.body(handler.body, handler.lineno))]
        if statement.orelse:
            lines += ["else:", *indented(self.body(statement.orelse, statement.orelse[0].lineno - 1))]
        if statement.finalbody:
            lines += ["finally:", *indented(self.body(statement.finalbody, statement.finalbody[0].lineno - 1))]
        return lines

    def _functiondef(self, statement: ast.FunctionDef) -> list[str]:
        header = f"def {statement.name}({', '.join(signature.parameters(self.engine, statement))}):"
        return [header, *indented(self.body(statement.body, statement.body[0].lineno - 1))]
