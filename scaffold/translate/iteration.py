"""Loops over tensors: a tensor of a graph cannot be iterated over, so it is taken apart, or the loop becomes one operation.

Source of truth: https://www.tensorflow.org/guide/function (Python iteration needs a size that is known when traced).
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.translate.callsite import TF_DTYPES
from scaffold.translate.infer import is_tuple_here, widest

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine


def take_apart(engine: Engine, node: ast.expr) -> None:
    """What a loop runs over, `zip` and `enumerate` looked through: tensors become lists of their rows."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("zip", "enumerate", "reversed"):
        for argument in node.args:
            take_apart(engine, argument)
    elif engine.type_of(node).kind == "tensor" and not is_tuple_here(engine, node):
        engine.remember(node, f"tf.unstack({engine.expression(node)})")


def numbers(engine: Engine, node: ast.AST | None) -> str | None:
    """Python's numbers of a range that the configuration gives, as a constructor reads them, or lists of them; None for others.

    `[x.item() for x in torch.linspace(0, rate, n)]`, `[x.tolist() for x in torch.linspace(0, rate, n).split(depths)]`.
    """
    loop = _only_loop(node)
    read = ast.unparse(node.elt) if isinstance(node, ast.ListComp) else ""
    if loop is None:
        return None
    name = ast.unparse(loop.target)
    if read == f"{name}.item()":
        array = spaced(engine, loop.iter)
        return f"{array}.tolist()" if array is not None else None
    is_split = (
        isinstance(loop.iter, ast.Call) and isinstance(loop.iter.func, ast.Attribute) and len(loop.iter.args) == 1
    )
    if read != f"{name}.tolist()" or not is_split or loop.iter.func.attr != "split":  # type: ignore[attr-defined]
        return None
    array = spaced(engine, loop.iter.func.value)  # type: ignore[attr-defined]
    sizes = engine.expression(loop.iter.args[0])  # type: ignore[attr-defined]
    return f"[{read} for {name} in np.split({array}, np.cumsum({sizes})[:-1])]" if array is not None else None


def spaced(engine: Engine, node: ast.AST) -> str | None:
    """`np.linspace(…)` for a range of PyTorch's that depends on no tensor, or a tensor made of NumPy's; None for others."""
    name = engine.source.qualname(node.func) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or name is None:
        return None
    if name in ("torch.Tensor", "torch.tensor") and node.args and isinstance(node.args[0], ast.Call):
        return engine.expression(node.args[0]) if ast.unparse(node.args[0].func) == "np.linspace" else None
    bounds = {**dict(zip(_BOUNDS, node.args, strict=False)), **{str(k.arg): k.value for k in node.keywords}}
    known = name == "torch.linspace" and set(_BOUNDS) <= set(bounds)
    if not known or any(engine.type_of(bounds[bound]).kind == "tensor" for bound in _BOUNDS):
        return None
    engine.uses.add("np")
    return f"np.linspace({', '.join(engine.expression(bounds[bound]) for bound in _BOUNDS)})"


_BOUNDS = ("start", "end", "steps")


def repeated(engine: Engine, node: ast.AST | None) -> tuple[ast.expr, ast.expr] | None:
    """Tensor and number of `[x for _ in range(n)]`, `[x] * n` and `n * [x]`; a tensor times a list would be a product."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        sides = ((node.left, node.right), (node.right, node.left))
        return next(((a.elts[0], n) for a, n in sides if isinstance(a, ast.List) and len(a.elts) == 1), None)
    loop = _only_loop(node)
    if loop is None or not isinstance(node, ast.ListComp) or not isinstance(loop.target, ast.Name):
        return None
    call = loop.iter
    is_range = isinstance(call, ast.Call) and ast.unparse(call.func) == "range" and len(call.args) == 1
    uses_it = any(isinstance(n, ast.Name) and n.id == loop.target.id for n in ast.walk(node.elt))
    return (node.elt, call.args[0]) if is_range and not uses_it else None  # type: ignore[attr-defined]


def mapped(engine: Engine, node: ast.AST | None) -> str | None:
    """`tf.map_fn` for `[f(a, b) for a, b in zip(x, y)]` of tensors, which stacks the results; None for any other loop."""
    loop = _only_loop(node)
    if loop is None or not isinstance(node, ast.ListComp):
        return None
    zipped = isinstance(loop.iter, ast.Call) and ast.unparse(loop.iter.func) == "zip"
    sources = loop.iter.args if zipped else [loop.iter]  # type: ignore[attr-defined]
    targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
    if len(sources) != len(targets) or any(engine.type_of(s).kind != "tensor" for s in sources):
        return None
    for source in sources:
        engine.remember(source, _whole(engine.expression(source)))
    dtype = _dtype(engine, node.elt, sources)
    if dtype is None or not all(isinstance(t, ast.Name) for t in targets):
        return None
    body = engine.expression(node.elt)
    for place, target in enumerate(targets):
        row = f"row[{place}]" if zipped else "row"
        body = re.sub(rf"(?<![\w.]){target.id}(?!\w)", row, body)  # type: ignore[attr-defined]
    texts = [engine.expression(s) for s in sources]
    elements = f"({', '.join(texts)})" if zipped else texts[0]
    return f"tf.map_fn(lambda row: {body}, {elements}, fn_output_signature={dtype})"


def _only_loop(node: ast.AST | None) -> ast.comprehension | None:
    loops = node.generators if isinstance(node, ast.ListComp) else []
    return loops[0] if len(loops) == 1 and not loops[0].ifs else None


def _dtype(engine: Engine, result: ast.expr, sources: list[ast.expr]) -> str | None:
    """The dtype of the loop's results: that of a source that always has the same one, else its name."""
    info = engine.type_of(result)
    for source in sources:
        if info.dtypes and len(info.dtypes) > 1 and engine.type_of(source).dtypes == info.dtypes:
            return f"{engine.expression(source)}.dtype"
    found = widest(info)
    return TF_DTYPES.get(found) if found else None


def _whole(text: str) -> str:
    """The tensor again that `take_apart` took apart, when the loop was rendered as a loop before."""
    apart = re.fullmatch(r"tf\.unstack\((.*)\)", text, re.DOTALL)
    return apart[1] if apart else text


def counted(engine: Engine, node: ast.AST | None) -> str | None:
    """`counts` of `[torch.arange(n) for n in counts]` for a tensor: a graph need not know how many there are."""
    loop = _only_loop(node)
    call = node.elt if isinstance(node, ast.ListComp) else None
    if loop is None or not isinstance(call, ast.Call) or engine.source.qualname(call.func) != "torch.arange":
        return None
    plain = [ast.unparse(a) for a in call.args] == [ast.unparse(loop.target)]
    plain = plain and {k.arg for k in call.keywords} <= {"device", "dtype"}
    return _whole(engine.expression(loop.iter)) if plain and engine.type_of(loop.iter).kind == "tensor" else None
