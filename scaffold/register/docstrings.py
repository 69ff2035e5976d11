"""Whether the documented arguments of a class match its `__init__`, judged from the source alone.

Source of the rule: `match_docstring_with_signature` of Transformers' `utils/check_docstrings.py` (03af4c42a6, 4.35): the
`Args:` block names every parameter in the signature's order, and states defaults the way the signature has them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from scaffold.register.anchors import PythonFile

_ARGUMENTS = re.compile(r"^\s*(Args?|Arguments?|Attributes?|Params?|Parameters?):\s*$")
_ARGUMENT = re.compile(r"^\s*(\S+)\s+\((.+)\)(?:\:|$)")
_OPTIONAL = re.compile(r"\*optional\*|`optional`|\*\*optional\*\*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A named parameter; `default` is its source, None when it has none."""

    name: str
    default: str | None


def mismatched(file: PythonFile, name: str) -> bool:
    """True when the class documents arguments and they differ from its signature; False when nothing can be told."""
    classes = {node.name: node for node in file.tree.body if isinstance(node, ast.ClassDef)}
    node = classes.get(name)
    signature = _signature(node, classes) if node is not None else None
    if node is None or signature is None or _escaped(file, node):
        return False
    documented = _documented(_docstring(file, node))
    if documented is None:
        return False
    named = [p for p in signature if p.name in documented]
    required = [p for p in signature if not p.name.startswith("_")]
    return (
        list(documented) != [p.name for p in named]
        or any(p.name not in documented for p in required)
        or any(_default_differs(p, documented[p.name]) for p in named)
    )


def _signature(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> list[Parameter] | None:
    """The parameters of `__init__` without self, `*args` and `**kwargs`; looked up in bases of the same file."""
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return _parameters(member.args)
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
    return _signature(classes[bases[0]], classes) if bases and bases[0] != node.name else None


def _parameters(arguments: ast.arguments) -> list[Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    pairs = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return [Parameter(name=a.arg, default=ast.unparse(d) if d else None) for a, d in pairs if a.arg != "self"]


def _escaped(file: PythonFile, node: ast.ClassDef) -> bool:
    """The comments that switch the check off for a class stand right above its docstring."""
    start = node.body[0].lineno - 2
    return bool(re.match(r"^\s*#\s*(no-format|ignore-order)\s*$", file.line(start)))


def _docstring(file: PythonFile, node: ast.ClassDef) -> str:
    """What `__doc__` will be: the texts given to `add_start_docstrings`, then the class's own docstring."""
    constants = {
        target.id: statement.value.value
        for statement in file.tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name) and isinstance(statement.value.value, str)
    }
    parts: list[str] = []
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "add_start_docstrings":
            for argument in decorator.args:
                if isinstance(argument, ast.Name):
                    parts.append(constants.get(argument.id, ""))
                elif isinstance(argument, ast.Constant):
                    parts.append(str(argument.value))
    return "".join([*parts, ast.get_docstring(node, clean=False) or ""])


def _documented(text: str) -> dict[str, str] | None:
    """Argument → its type and default as documented, in order; None without an argument block."""
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if _ARGUMENTS.match(line)), None)
    if start is None:
        return None
    indent = _indent(lines[start])
    found: dict[str, str] = {}
    for line in lines[start + 1 :]:
        if line.strip() and _indent(line) <= indent:
            break
        match = _ARGUMENT.match(line) if _indent(line) == indent + 4 else None
        if match:
            found[match.group(1)] = match.group(2)
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _default_differs(parameter: Parameter, description: str) -> bool:
    optional = bool(_OPTIONAL.search(description))
    if parameter.default is None:
        return optional
    if parameter.default == "None":
        return not optional
    return "defaults to" not in description
