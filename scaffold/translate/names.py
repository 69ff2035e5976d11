"""Names that functions bind and what loops bind them to."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from functools import lru_cache

#: Qualified names of the library's classes that find a model by its configuration start so.
AUTO = "transformers.models.auto."


@lru_cache(maxsize=512)
def local_names(function: ast.FunctionDef) -> frozenset[str]:
    """Parameters of a function and names it assigns."""
    arguments = function.args
    names = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    for extra in (arguments.vararg, arguments.kwarg):
        if extra is not None:
            names.add(extra.arg)
    names |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return frozenset(names)


@lru_cache(maxsize=512)
def sliced_names(function: ast.FunctionDef) -> frozenset[str]:
    """Variables subscripted with several indices (`x[:, 0]`)."""
    found = (n for n in ast.walk(function) if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Tuple))
    return frozenset(n.value.id for n in found if isinstance(n.value, ast.Name))


def optional_parameters(function: ast.FunctionDef | None) -> frozenset[str]:
    """Parameters whose default is None."""
    if function is None:
        return frozenset()
    arguments = function.args.args[len(function.args.args) - len(function.args.defaults) :]
    pairs = zip(arguments, function.args.defaults, strict=True)
    return frozenset(a.arg for a, d in pairs if isinstance(d, ast.Constant) and d.value is None)


@lru_cache(maxsize=512)
def trained_parameter(function: ast.FunctionDef) -> str | None:
    """The parameter of a function that is a layer whose `training` the function reads: `module.training`."""
    parameters = {a.arg for a in function.args.args} - {"self"}
    for node in ast.walk(function):
        is_read = isinstance(node, ast.Attribute) and node.attr == "training" and isinstance(node.value, ast.Name)
        if is_read and node.value.id in parameters:  # type: ignore[attr-defined]
            return str(node.value.id)  # type: ignore[attr-defined]
    return None


def loop_pairs(loop: ast.For | ast.comprehension) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(target, iterable) pairs of a loop, `enumerate` and `zip` looked through."""
    target, iterable = loop.target, loop.iter
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) and isinstance(target, ast.Tuple):
        if iterable.func.id == "enumerate" and len(target.elts) == 2:
            inner = ast.comprehension(target=target.elts[1], iter=iterable.args[0], ifs=[], is_async=0)
            yield from loop_pairs(inner)
            return
        if iterable.func.id == "zip":
            yield from zip(target.elts, iterable.args, strict=False)
            return
    yield target, iterable


def container_of(node: ast.expr) -> ast.expr:
    """`self.experts` for `self.experts.values()`, any other expression for itself."""
    is_values = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values"
    return node.func.value if is_values else node  # type: ignore[attr-defined]


@lru_cache(maxsize=512)
def fetched(function: ast.FunctionDef) -> Mapping[str, ast.Attribute]:
    """Variables that are set once, to what a method gives that takes nothing: `x = self.model.get_decoder()`."""
    stores = Counter(n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    found = {}
    for node in ast.walk(function):
        target, value = (node.targets[0], node.value) if isinstance(node, ast.Assign) else (None, None)
        is_fetched = isinstance(value, ast.Call) and not value.args and isinstance(value.func, ast.Attribute)
        if is_fetched and isinstance(target, ast.Name) and stores[target.id] == 1:
            found[target.id] = value.func  # type: ignore[union-attr]
    return found


@lru_cache(maxsize=512)
def loops(function: ast.FunctionDef) -> tuple[ast.For | ast.comprehension, ...]:
    """Loops and comprehensions of a function."""
    return tuple(n for n in ast.walk(function) if isinstance(n, (ast.For, ast.comprehension)))


def reads_shape(node: ast.AST, function: ast.FunctionDef | None) -> bool:
    """True when an expression depends on a tensor's dimensions, directly or through a local of the function."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr in ("shape", "size", "numel"):
            return True
        if (
            isinstance(part, ast.Name)
            and isinstance(part.ctx, ast.Load)
            and function is not None
            and part.id in shape_locals(function)
        ):
            return True
    return False


@lru_cache(maxsize=512)
def shape_locals(function: ast.FunctionDef) -> frozenset[str]:
    """Locals that are assigned from an expression that names a shape."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(
            isinstance(n, ast.Attribute) and n.attr in ("shape", "size") for n in ast.walk(node.value)
        ):
            found |= {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return frozenset(found)


def computed_of_shape(node: ast.AST, function: ast.FunctionDef | None) -> bool:
    """True when an expression depends on a tensor's dimensions, be it through several locals of the function."""
    if function is None or function.name == "__init__":
        return False
    return reads_shape(node, function) or bool(_loads(node) & _dependants(function, set(shape_locals(function))))


def _dependants(function: ast.FunctionDef, names: set[str]) -> set[str]:
    """These names, and the locals that are assigned from an expression with one of them."""
    for statement in ast.walk(function):
        if isinstance(statement, ast.Assign) and _loads(statement.value) & names:
            names |= {n.id for target in statement.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return names


def handed_in(value: ast.expr, names: Container[str]) -> bool:
    """True for `x` of these names, and for `x if x is not None else …`: what was made elsewhere, perhaps."""
    given = (value.body, value.orelse) if isinstance(value, ast.IfExp) else ()
    return any(isinstance(v, ast.Name) for v in given) or isinstance(value, ast.Name) and value.id in names


def depends_on_length(node: ast.AST, function: ast.FunctionDef | None) -> bool:
    """True when an expression depends on a length that a method is handed (`src_len`, `length`), directly or through locals.

    A graph may not know it, as little as a dimension.
    """
    if function is None or function.name == "__init__":
        return False
    return bool(_loads(node) & _dependants(function, {a.arg for a in function.args.args if "length" in a.arg}))


def _loads(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


@lru_cache(maxsize=512)
def deprecated_keywords(function: ast.FunctionDef) -> frozenset[str]:
    """What a function takes out of its `**kwargs` although no port has it: all but labels."""
    return frozenset(_popped(function)) - frozenset(popped_keywords(function))


def is_dropped(function: ast.FunctionDef | None, keyword: ast.keyword) -> bool:
    """`**kwargs` of a call in a function whose `**kwargs: Unpack[…]` the port's signature leaves out."""
    own = _options(function) if function is not None and keyword.arg is None else None
    return own is not None and isinstance(keyword.value, ast.Name) and keyword.value.id == own.arg


def _options(function: ast.FunctionDef) -> ast.arg | None:
    """`**kwargs: Unpack[…]` of a function, which the port's signature leaves out."""
    own = function.args.kwarg
    typed = own is not None and own.annotation is not None and ast.unparse(own.annotation).startswith("Unpack[")
    return own if typed else None


def unheard_keywords(function: ast.FunctionDef | None, call: ast.Call) -> frozenset[str]:
    """Keywords of a call that the function only takes in its `**kwargs`: deprecated ones, and those of `**kwargs: Unpack[…]`,
    which the port's signature leaves out.
    """
    if function is None:
        return frozenset()
    gone = deprecated_keywords(function)
    given = frozenset(k.arg for k in call.keywords if k.arg is not None)
    if _options(function) is not None:
        known = {a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
        gone |= given - known - set(_popped(function))
    return given & gone


def popped_keywords(function: ast.FunctionDef) -> tuple[str, ...]:
    """Arguments that a function takes out of its `**kwargs` by name: `if "x" in kwargs: … kwargs.pop("x")`.

    Labels only: what else old code passed by keyword must not become an input that Keras asks for.
    """
    return tuple(name for name in _popped(function) if "label" in name)


def _popped(function: ast.FunctionDef) -> tuple[str, ...]:
    if function.args.kwarg is None:
        return ()
    kwargs = function.args.kwarg.arg
    found: list[str] = []
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == f"{kwargs}.pop"
            and isinstance(node.args[0], ast.Constant)
        ):
            found.append(str(node.args[0].value))
    return tuple(dict.fromkeys(found))


def replacement_of(function: ast.FunctionDef, name: str, children: Container[str]) -> str | None:
    """The sub-module that a local of a method takes the place of (`self.attention = other`); None for any other."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == name:
            target = node.targets[0]
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and target.attr in children:
                return target.attr
    return None


def switches_mode(statement: ast.stmt) -> bool:
    """`self.encoder.eval()`, alone or below a condition: a port hands `training` on with each call."""
    if isinstance(statement, ast.If):
        return not statement.orelse and all(switches_mode(inner) for inner in statement.body)
    call = statement.value if isinstance(statement, ast.Expr) else None
    is_method = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and not call.args
    return is_method and call.func.attr in ("eval", "train")  # type: ignore[union-attr]


def names_device(call: ast.Call) -> bool:
    """`x.to(other.device)`, `x.to(compute_device)`: whatever `x` is, a port leaves it where it is."""
    is_move = isinstance(call.func, ast.Attribute) and call.func.attr == "to" and len(call.args) == 1
    return is_move and not call.keywords and ast.unparse(call.args[0]).endswith("device")


def blocks(node: ast.AST | None) -> Iterator[list[ast.stmt]]:
    """The blocks of statements directly in a node; a lambda's body is none."""
    for block in (getattr(node, field, None) for field in ("body", "orelse", "finalbody")):
        if isinstance(block, list):
            yield block


def bound_before(node: ast.Name, parents: Mapping[ast.AST, ast.AST]) -> ast.expr | None:
    """The value that a name certainly has where it is read: the last assignment before it in the blocks around it.

    None when something between them (a loop, a condition) may bind the name as well, or nothing before does.
    """
    current: ast.AST = node
    while not isinstance(current, ast.FunctionDef):
        block, parent = current, parents.get(current)
        if parent is None or isinstance(parent, (ast.Lambda, ast.comprehension)):
            return None
        for statements in blocks(parent):
            if block not in statements:
                continue
            for statement in reversed(statements[: statements.index(block)]):
                if isinstance(statement, ast.Assign) and [ast.unparse(t) for t in statement.targets] == [node.id]:
                    return statement.value
                if any(
                    isinstance(n, ast.Name) and n.id == node.id and isinstance(n.ctx, ast.Store)
                    for n in ast.walk(statement)
                ):
                    return None
            if isinstance(parent, (ast.For, ast.While)):
                return None
        current = parent
    return None


def unpacked_rank(function: ast.FunctionDef, node: ast.Name) -> int | None:
    """Rank of a tensor parameter whose sizes are unpacked (`b, h, w, c = x.shape`) before it is bound anew, where it is read."""
    rank = None
    for statement in function.body if node.id in {a.arg for a in function.args.args} else ():
        stores = (n for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        if any(n.id == node.id for n in stores):
            return rank if node.lineno <= (statement.end_lineno or 0) else None
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(target, ast.Tuple) and ast.unparse(statement.value) in (f"{node.id}.shape", f"{node.id}.size()"):  # type: ignore[attr-defined]
            rank = len(target.elts) if not any(isinstance(e, ast.Starred) for e in target.elts) else None
    return rank


def bound_once(function: ast.FunctionDef) -> set[str]:
    """Names that one statement of a function's own block binds, whichever way it goes, and no other does."""
    counts: dict[str, int] = {}
    for statement in function.body:
        nodes = (n for n in ast.walk(statement) if isinstance(n, ast.Assign))
        for name in {ast.unparse(n.targets[0]) for n in nodes}:
            counts[name] = counts.get(name, 0) + 1
    always = {name for statement in function.body for name in _bound_by(statement)}
    return {name for name in always if counts[name] == 1}


def _bound_by(statement: ast.stmt) -> set[str]:
    """Names that a statement binds on every way through it."""
    if isinstance(statement, ast.Assign):
        return {ast.unparse(statement.targets[0])}
    if not isinstance(statement, ast.If) or not statement.orelse:
        return set()
    branches = [{name for inner in block for name in _bound_by(inner)} for block in (statement.body, statement.orelse)]
    return branches[0] & branches[1]
