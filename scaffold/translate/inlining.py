"""Methods that are part of a constructor: it calls them with what it was given, and they make sub-modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

Names = Callable[[ast.Call], "str | None"]


def methods(of_class: Mapping[str, ast.FunctionDef], constructor_name: Names) -> frozenset[str]:
    """Names of a class's methods that its constructor calls as `self.method(config)` to make sub-modules."""
    init = of_class.get("__init__")
    called = {_called(node, of_class) for node in ast.walk(init)} if init is not None else set()
    return frozenset(
        name
        for name in called & set(of_class)
        if name
        and (
            _makes_modules(of_class[name], constructor_name)
            or is_constructor(of_class[name])
            or _only_initialises(of_class[name])
        )
    )


def _called(node: ast.AST, of_class: Mapping[str, ast.FunctionDef]) -> str | None:
    """`method` of a statement `self.method()` or `self.method(config)`, whose parameter has that very name."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.keywords:
        return None
    method = of_class.get(call.func.attr) if ast.unparse(call.func.value) == "self" else None
    if method is None or [ast.unparse(a) for a in call.args] != [a.arg for a in method.args.args[1:]]:
        return None
    return call.func.attr


def is_constructor(function: ast.FunctionDef) -> bool:
    """True for a method that runs the constructor of the class's base."""
    return any(isinstance(n, ast.Call) and ast.unparse(n.func) == "super().__init__" for n in ast.walk(function))


def on_construction(function: ast.FunctionDef) -> list[ast.stmt]:
    """A method's statements as they run in the constructor, where `hasattr(self, "weight")` is still false."""
    found: list[ast.stmt] = []
    for statement in function.body:
        is_choice = isinstance(statement, ast.If) and ast.unparse(statement.test).startswith("not hasattr(self, ")
        found += statement.body if is_choice and isinstance(statement, ast.If) else [statement]
    return found


_FILLED = re.compile(r"(torch\.)?nn\.init\.\w+_|self\.\w+\.data\.\w+_")


def _only_initialises(function: ast.FunctionDef) -> bool:
    """True for a method that gives weights their first values, by `nn.init` or into their `data`, and does nothing else."""
    calls = [s.value for s in function.body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)]
    documented = isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant)
    others = [
        s for s in function.body[documented:] if not isinstance(s, ast.Assign) and getattr(s, "value", 0) not in calls
    ]
    locals_only = all(isinstance(t, ast.Name) for s in function.body if isinstance(s, ast.Assign) for t in s.targets)
    return bool(calls) and not others and locals_only and all(_FILLED.fullmatch(ast.unparse(c.func)) for c in calls)


def _makes_modules(function: ast.FunctionDef, constructor_name: Names) -> bool:
    """True when a method sets attributes to new sub-modules."""
    return any(
        isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]).startswith("self.")
        and isinstance(node.value, ast.Call)
        and constructor_name(node.value) is not None
        for node in ast.walk(function)
    )


def constructed_by_parameter(
    tree: ast.Module, classes: Mapping[str, ast.ClassDef], variants: Mapping[str, Mapping[str, str]]
) -> dict[ast.Call, str]:
    """Calls of a constructor's parameter (`downsample(dim)`) → the class of this file that all callers hand over for it."""
    found: dict[ast.Call, str] = {}
    for name, node in classes.items():
        init = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
        if init is None:
            continue
        positions = {a.arg: k for k, a in enumerate(init.args.args[1:])}
        for call in ast.walk(init):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in positions:
                handed = _handed_over(tree, name, call.func.id, positions[call.func.id]) & set(classes)
                handed = handed or _default(init, call.func.id) & set(classes)
                if len(handed) == 1:
                    found[call] = handed.pop()
        found |= _by_local(init, classes, variants)
    return found


def _class_of(value: ast.expr, classes: Mapping[str, ast.ClassDef], variants: Mapping[str, Mapping[str, str]]) -> str:
    """The class that a name, or an entry of a table of attention implementations, stands for; empty for anything else."""
    if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
        return variants.get(value.value.id, {}).get("eager", "")
    return value.id if isinstance(value, ast.Name) and value.id in classes else ""


def _by_local(
    init: ast.FunctionDef, classes: Mapping[str, ast.ClassDef], variants: Mapping[str, Mapping[str, str]]
) -> dict[ast.Call, str]:
    """Calls of a local that holds a class (`kind = A if wide else B`) → the first class it may hold."""
    held: dict[str, list[str]] = {}
    for node in ast.walk(init):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            parts = (node.value.body, node.value.orelse) if isinstance(node.value, ast.IfExp) else (node.value,)
            held.setdefault(node.targets[0].id, []).extend(
                _class_of(part, classes, variants)
                for part in parts
                if not (isinstance(part, ast.Constant) and part.value is None)
            )
    known = {name: names for name, names in held.items() if names and all(names)}
    calls = (n for n in ast.walk(init) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    return {call: known[call.func.id][0] for call in calls if call.func.id in known}  # type: ignore[attr-defined]


def _default(init: ast.FunctionDef, parameter: str) -> set[str]:
    """The class that a parameter has where nothing is handed over."""
    arguments = init.args.args[len(init.args.args) - len(init.args.defaults) :]
    pairs = zip(arguments, init.args.defaults, strict=True)
    return {d.id for a, d in pairs if a.arg == parameter and isinstance(d, ast.Name)}


def _handed_over(tree: ast.Module, name: str, parameter: str, position: int) -> set[str]:
    """Names that calls of the class give for one parameter, both branches of a choice."""
    values: set[str] = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name:
            given = [k.value for k in call.keywords if k.arg == parameter] or call.args[position : position + 1]
            for value in given:
                values |= {name for bound in (value, *_bound(tree, value)) for name in _names(bound)}
    return values


def _names(value: ast.expr) -> set[str]:
    """Names that a value may be, both branches of a choice."""
    parts = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
    return {part.id for part in parts if isinstance(part, ast.Name)}


def _bound(tree: ast.Module, value: ast.expr) -> list[ast.expr]:
    """What a local is bound to, wherever in the file."""
    if not isinstance(value, ast.Name):
        return []
    assignments = (n for n in ast.walk(tree) if isinstance(n, ast.Assign))
    return [n.value for n in assignments if ast.unparse(n.targets[0]) == value.id]


def taken_out(
    value: ast.expr, lists: Mapping[str, list[ast.expr]], classes: Mapping[str, ast.ClassDef]
) -> ast.Call | None:
    """The constructor of `x.child` for `x = Model._from_config(config)`, a model of this file that serves for nothing else."""
    if not isinstance(value, ast.Attribute) or not isinstance(value.value, ast.Name):
        return None
    bound = lists.get(value.value.id, [])
    made = bound[0] if len(bound) == 1 and isinstance(bound[0], ast.Call) else None
    if made is None or not made.args:
        return None
    name = ast.unparse(made.func).removesuffix("._from_config")
    init = next((m for m in getattr(classes.get(name), "body", ()) if getattr(m, "name", "") == "__init__"), None)
    for node in ast.walk(init) if init is not None else ():
        is_child = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == f"self.{value.attr}"
        call = node.value if is_child and isinstance(node, ast.Assign) else None
        if isinstance(call, ast.Call) and [ast.unparse(a) for a in call.args] == ["config"]:
            return ast.copy_location(ast.Call(call.func, made.args[:1], []), value)
    return None


def made_by_function(value: ast.expr, functions: Mapping[str, ast.FunctionDef]) -> ast.Call | None:
    """The `nn.Sequential(…)` that a function returns and does nothing else, if it is called with its parameters' own names."""
    function = (
        functions.get(value.func.id) if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else None
    )
    if function is None or not isinstance(value, ast.Call) or value.keywords:
        return None
    body = function.body[1:] if ast.get_docstring(function) else function.body
    made = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    same = [ast.unparse(a) for a in value.args] == [a.arg for a in function.args.args]
    return made if same and isinstance(made, ast.Call) and ast.unparse(made.func).endswith("Sequential") else None


def local_lists(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """Local variable → the values it gets or that are appended to it (for `nn.ModuleList(layers)`)."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).partition("[")[0].isidentifier():
            found.setdefault(ast.unparse(node.targets[0]).partition("[")[0], []).append(node.value)  # `norms[key] = …`
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):  # `layers += [nn.ELU()]`
            found.setdefault(node.target.id, []).append(node.value)
        elif (
            isinstance(node, ast.Call)
            and node.args
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "extend")
            and isinstance(node.func.value, ast.Name)
        ):
            found.setdefault(node.func.value.id, []).append(node.args[0])
    return found


def more_members(node: ast.AugAssign | ast.Call) -> tuple[ast.expr, ast.List | ast.ListComp] | None:
    """The list and what it gets more of: `self.layers += [nn.ELU()]`, `layers.extend([Layer(i) for i in …])`."""
    if isinstance(node, ast.AugAssign):
        return (node.target, node.value) if isinstance(node.value, ast.List) else None
    is_extend = isinstance(node.func, ast.Attribute) and node.func.attr == "extend" and len(node.args) == 1
    value = node.args[0] if is_extend else None
    return (node.func.value, value) if isinstance(value, (ast.List, ast.ListComp)) else None  # type: ignore[attr-defined]
