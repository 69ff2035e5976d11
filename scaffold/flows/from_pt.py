"""Remove `from_pt=True` from calls of `from_pretrained`: in Python code, and in the examples of docstrings and pages.

Source: guide.md G39. The text is edited by position, so that everything else keeps its characters; afterwards the edited code
must parse to the same tree without that argument, or it is left alone.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^([ \t]*)```(?:py|python|python3)\b[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Removal:
    """The new text and how many arguments went."""

    text: str
    count: int


def without_from_pt(path: str, text: str) -> Removal:
    """The file without `from_pt=True`; `.py` files are read as code with docstrings, all others as pages with examples."""
    if path.endswith(".py"):
        done = _in_code(text)
        shown = _in_examples(done.text)
    else:
        done = _in_fences(text)
        shown = _in_examples(done.text)
    return Removal(shown.text, done.count + shown.count)


def _in_fences(page: str) -> Removal:
    """Code blocks that are plain code; those with prompts are examples."""
    count, parts, last = 0, [], 0
    for found in _FENCE.finditer(page):
        body = found[2]
        if ">>>" not in body and not found[1]:
            done = _in_code(body)
            parts += [page[last : found.start(2)], done.text]
            count, last = count + done.count, found.end(2)
    return Removal("".join([*parts, page[last:]]), count)


def _in_examples(text: str) -> Removal:
    """Examples with `>>>`, wherever they stand."""
    if "from_pt" not in text or ">>>" not in text:
        return Removal(text, 0)
    lines = text.split("\n")
    count = 0
    for number, height, indent, source in reversed(list(_examples(lines))):
        done = _in_code(source)
        if done.count:
            prompts = [">>> ", *["... "] * height]
            new = done.text.rstrip("\n").split("\n")
            lines[number : number + height] = [
                f"{indent}{p}{line}".rstrip() for p, line in zip(prompts, new, strict=False)
            ]
            count += done.count
    return Removal("\n".join(lines), count)


def _examples(lines: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """(first line, lines, indentation, source) of each example."""
    number = 0
    while number < len(lines):
        start = re.match(r"([ \t]*)>>> ?(.*)", lines[number])
        if not start:
            number += 1
            continue
        height, source = 1, [start[2]]
        follow = re.compile(re.escape(start[1]) + r"\.\.\.(?: (.*))?$")
        while number + height < len(lines) and (found := follow.match(lines[number + height])):
            source.append(found[1] or "")
            height += 1
        yield number, height, start[1], "\n".join(source) + "\n"
        number += height


def _in_code(source: str) -> Removal:
    """Remove the arguments from code that parses; other text is returned as it is."""
    if "from_pt" not in source or "\r" in source.replace("\r\n", ""):  # Python counts lines differently there
        return Removal(source, 0)
    count = 0
    while True:  # one at a time: positions move
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return Removal(source, count)
        calls = list(_calls(tree))
        if not calls:
            return Removal(source, count)
        call, keyword = calls[-1]
        new = _cut(source, call, keyword)
        call.keywords.remove(keyword)
        if not _same(new, tree):
            return Removal(source, count)
        source, count = new, count + 1


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.keyword]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "from_pretrained":
            for keyword in node.keywords:
                if keyword.arg == "from_pt" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True:
                    yield node, keyword


def _same(source: str, tree: ast.Module) -> bool:
    try:
        return ast.dump(ast.parse(source)) == ast.dump(tree)
    except (SyntaxError, ValueError):
        return False


def _offsets(source: str) -> list[int]:
    """Where each line begins."""
    starts, position = [0, 0], 0
    for line in source.split("\n"):
        position += len(line) + 1
        starts.append(position)
    return starts


def _position(source: str, starts: list[int], line: int, byte_column: int) -> int:
    """Index of a position that `ast` gives in bytes of UTF-8."""
    text = source[starts[line] : starts[line + 1]]
    return starts[line] + len(text.encode("utf-8")[:byte_column].decode("utf-8"))


def _cut(source: str, call: ast.Call, keyword: ast.keyword) -> str:
    """The source without the keyword and one comma beside it; comments stay."""
    starts = _offsets(source)
    begin = _position(source, starts, keyword.lineno, keyword.col_offset)
    end = _position(source, starts, keyword.end_lineno or 0, keyword.end_col_offset or 0)
    commas = [c for c in _commas(source, starts)]
    after = next((c for c in commas if c >= end and not source[end:c].strip()), None)
    before = next((c for c in reversed(commas) if c < begin and not source[c + 1 : begin].strip()), None)
    if after is not None and (before is None or _ends_line(source, after + 1)):
        return _joined(source, begin, after + 1)
    if before is not None:
        return source[:before] + source[end:]
    return _joined(source, begin, end)


def _ends_line(source: str, position: int) -> bool:
    return source[position:].split("\n", 1)[0].strip() == ""


def _joined(source: str, begin: int, end: int) -> str:
    """Without the stretch: the whole line when nothing else stands on it, else with the spaces behind it."""
    start = source.rfind("\n", 0, begin) + 1
    if not source[start:begin].strip() and _ends_line(source, end):
        return source[:start] + source[source.find("\n", end) + 1 :]
    while end < len(source) and source[end] in " \t":
        end += 1
    return source[:begin] + source[end:]


def _commas(source: str, starts: list[int]) -> list[int]:
    """Positions of the commas that are code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [
        starts[token.start[0]] + token.start[1] for token in tokens if token.string == "," and token.type == tokenize.OP
    ]
