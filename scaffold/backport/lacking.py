"""What a backported file still imports that the base lacks: found in another module there, brought along, or refused.

A definition is brought along (copied from the user's own 5.x tree into the file that needs it) when it and what it needs are
few lines that rest on what the base has. Source: the two trees; nothing is known here about any name.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scaffold.backport.refusal import refused
from scaffold.core.longhand.splice import Edit, Source, called

LIBRARY = "src/transformers"
#: More than this of another file is no small helper.
_MOST_LINES = 120
_MODEL_FIRST = "port that model with --pytorch-from first and start from its branch"
_ADVICE = (
    "choose a newer 4.x base, or write this place in the 5.x file so that it does without; "
    "`scaffold explain BKP102` says what is brought along"
)


def check_types(source: Source, base: Path, own: frozenset[str]) -> None:
    """Refuse `CONFIG_MAPPING["…"]` of a model type that neither the base nor the model itself has."""
    path = base / LIBRARY / "models/auto/configuration_auto.py"
    parsed = _parsed(path)
    known = {n.value for n in ast.walk(parsed) if isinstance(n, ast.Constant)} if parsed is not None else set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "CONFIG_MAPPING":
            kind = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if isinstance(kind, str) and kind not in known | own:
                why = "the base has no such model type, and it is another model's"
                raise refused(source.path, node.lineno, f"CONFIG_MAPPING[{kind!r}]", why, _MODEL_FIRST)


def check_activations(source: Source, base: Path) -> None:
    """Refuse a default activation function that the base's table does not hold."""
    parsed = _parsed(base / LIBRARY / "activations.py")
    known = {n.value for n in ast.walk(parsed) if isinstance(n, ast.Constant)} if parsed is not None else set()
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Constant):
            continue
        name, value = ast.unparse(node.target), node.value.value
        if known and isinstance(value, str) and (name.endswith("act") or "activation" in name) and value not in known:
            why = f"the base has no activation function {value!r}"
            raise refused(source.path, node.lineno, name, why, _ADVICE)


def settled(source: Source, base: Path, tree: Path, folder: str) -> Source:
    """The file with every import from the library one that the base can answer. `folder` is the model's own."""
    package = ("models", folder)
    edits: list[Edit] = []
    brought: dict[str, str] = {}
    for statement in [n for n in ast.walk(source.tree) if isinstance(n, ast.ImportFrom) and n.level]:
        module, kept, moved = absolute(package, statement), [], []
        for alias in statement.names:
            own = module[:2] == package and (len(module) == 2 or module[2].startswith(("configuration_", "modeling_")))
            if own or alias.name == "*" or _has(base, module, alias.name):
                _check_calls(source, base, module, alias)
                kept.append(alias)
            elif module[:1] != ("models",) and (home := _elsewhere(base, alias.name)) is not None:
                moved.append(f"from ...{'.'.join(home)} import {_spelled(alias)}")
            else:
                brought.update(_brought(source, base, tree, module, alias))
        if len(kept) < len(statement.names):
            edits.append(_imports_only(source, statement, kept, moved))
    if brought:
        last = [n for n in source.tree.body if isinstance(n, ast.Import | ast.ImportFrom)][-1]
        at = source.line_start((last.end_lineno or last.lineno) + 1)
        imports = [text for text in brought.values() if text.startswith(("import ", "from "))]
        others = [text for text in brought.values() if not text.startswith(("import ", "from "))]
        edits.append((at, at, "\n".join([*imports, *(f"\n\n{text}" for text in others), ""])))
    return source.edited(edits)


def absolute(package: tuple[str, ...], statement: ast.ImportFrom) -> tuple[str, ...]:
    """The module of a relative import, from the library's root."""
    parts = package[: len(package) - (statement.level - 1)] if statement.level > 1 else package
    return (*parts, *(statement.module.split(".") if statement.module else ()))


def _spelled(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _brought(source: Source, base: Path, tree: Path, module: tuple[str, ...], alias: ast.alias) -> dict[str, str]:
    text = None if module[:1] == ("models",) else _definition(tree, base, module, alias.name)
    if text is None or alias.asname:
        raise refused(
            source.path,
            alias.lineno,
            ".".join([*module, alias.name]),
            "the base has no such name, and its definition rests on more that the base lacks",
            _ADVICE,
        )
    return text


def _imports_only(source: Source, statement: ast.ImportFrom, kept: list[ast.alias], moved: list[str]) -> Edit:
    """The import with the names that it still has, and imports of those that live elsewhere."""
    origin = f"{'.' * statement.level}{statement.module or ''}"
    lines = [f"from {origin} import {', '.join(_spelled(alias) for alias in kept)}"] if kept else []
    lines += moved
    if not lines and statement.col_offset:
        lines = ["pass"]
    if not lines:
        return source.without_lines(statement)
    return source.replaced(statement, f"\n{' ' * statement.col_offset}".join(lines))


# -- the base ------------------------------------------------------------------------------------------------------------


@cache
def _parsed(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _file(root: Path, module: tuple[str, ...]) -> Path | None:
    place = root.joinpath(LIBRARY, *module)
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if module and p.is_file()), None)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _statements([*node.body, *node.orelse, *getattr(node, "finalbody", [])])


@cache
def _names(path: Path) -> frozenset[str]:
    """Names that a module defines or imports at its top."""
    tree = _parsed(path)
    found: set[str] = set()
    for node in _statements(tree.body) if tree is not None else ():
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.AnnAssign):
            found.add(ast.unparse(node.target))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return frozenset(found)


def _has(base: Path, module: tuple[str, ...], name: str) -> bool:
    """True when the base's module answers for the name; a package answers for what its modules define."""
    path = _file(base, module)
    if path is None:
        return not module and _file(base, (name,)) is not None
    if name in _names(path) or _file(base, (*module, name)) is not None:
        return True
    if path.name != "__init__.py":
        return False
    return any(name in _names(other) for other in sorted(path.parent.glob("*.py")) if other != path)


def _elsewhere(base: Path, name: str) -> tuple[str, ...] | None:
    """The one other module of the base, outside the models, that defines the name."""
    root = base / LIBRARY
    places = [*sorted(root.glob("*.py")), *sorted((root / "utils").glob("*.py"))]
    found = [p for p in places if any(n.name == name for n in _defined(p))]
    if len(found) != 1:
        return None
    return found[0].relative_to(root).with_suffix("").parts


def _defined(path: Path) -> list[ast.ClassDef | ast.FunctionDef]:
    tree = _parsed(path)
    return [n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)] if tree is not None else []


def _check_calls(source: Source, base: Path, module: tuple[str, ...], alias: ast.alias) -> None:
    """Refuse a keyword argument that the base's function does not take."""
    path = _file(base, module)
    function = next((n for n in _defined(path) if n.name == alias.name), None) if path is not None else None
    if not isinstance(function, ast.FunctionDef) or function.args.kwarg is not None:
        return
    if any(ast.unparse(d).split("(")[0] not in ("torch.no_grad", "wraps") for d in function.decorator_list):
        return
    known = {a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and called(node) == (alias.asname or alias.name):
            for given in node.keywords:
                if given.arg is not None and given.arg not in known:
                    raise refused(
                        source.path,
                        node.lineno,
                        f"{alias.name}({given.arg}=…)",
                        "the base's function has no such argument",
                        _ADVICE,
                    )


# -- bringing a definition along ---------------------------------------------------------------------------------------------


def _definition(tree: Path, base: Path, module: tuple[str, ...], name: str) -> dict[str, str] | None:
    """The texts (imports and definitions, by name) that a name of the 5.x tree is made of; None when they are too many."""
    found: dict[str, str] = {}
    if not _gather(tree, base, module, name, found):
        return None
    return found if sum(text.count("\n") + 1 for text in found.values()) <= _MOST_LINES else None


def _gather(tree: Path, base: Path, module: tuple[str, ...], name: str, found: dict[str, str]) -> bool:
    if name in found:
        return True
    path = _file(tree, module)
    parsed = _parsed(path) if path is not None else None
    if path is None or parsed is None or module[:1] == ("models",):
        return False
    package = module if path.name == "__init__.py" else module[:-1]
    lines = path.read_text(encoding="utf-8").split("\n")
    for node in _statements(parsed.body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _imported(tree, base, package, node, alias, found)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[name] = "\n".join(lines[first - 1 : node.end_lineno])
            inner = any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(node))
            return not inner and all(_gather(tree, base, module, other, found) for other in _needed(node))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            needed = _needed(node)
            done = all(_gather(tree, base, module, other, found) for other in needed if other != name)
            found[name] = text
            return done
    return False


def _imported(
    tree: Path,
    base: Path,
    package: tuple[str, ...],
    node: ast.Import | ast.ImportFrom,
    alias: ast.alias,
    found: dict[str, str],
) -> bool:
    name = alias.asname or alias.name
    if isinstance(node, ast.Import):
        found[name] = f"import {_spelled(alias)}"
        return True
    if not node.level:
        found[name] = f"from {node.module} import {_spelled(alias)}"
        return True
    module = (*package[: len(package) - (node.level - 1)], *(node.module.split(".") if node.module else ()))
    if _has(base, module, alias.name):
        found[name] = f"from ...{'.'.join(module)} import {_spelled(alias)}"
        return True
    return alias.asname is None and _gather(tree, base, module, alias.name, found)


def _needed(node: ast.AST) -> set[str]:
    """Names that a definition reads and does not bind itself; imports inside functions bring their own."""
    read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {
        a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in (*n.posonlyargs, *n.args, *n.kwonlyargs)
    }
    bound |= {
        a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in (n.vararg, n.kwarg) if a is not None
    }
    bound |= {a.asname or a.name for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}
    bound |= {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    return {name for name in read - bound if not hasattr(builtins, name)}
