"""torch's loss modules as functions.

Source: `torch.nn.modules.loss`, whose forwards call these functions.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.context import Context
    from scaffold.translate.engine import Engine
    from scaffold.translate.sources import Source

#: torch's loss modules by their functional forms.
_FUNCTIONS = {
    "CrossEntropyLoss": "cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "BCELoss": "binary_cross_entropy",
    "MSELoss": "mse_loss",
    "L1Loss": "l1_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
    "NLLLoss": "nll_loss",
    "KLDivLoss": "kl_div",
}


#: Modules without weights that models also make and call in one breath: `nn.Softmax(dim=-1)(scores)`.
_INLINE = {
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "ReLU": "relu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
}


def inline_function(qualname: str | None) -> str | None:
    """`torch.nn.Softmax` → `torch.nn.functional.softmax`, and every loss module."""
    if qualname is None or not qualname.startswith("torch.nn."):
        return None
    function = _INLINE.get(qualname.split(".")[-1])
    return f"torch.nn.functional.{function}" if function else loss_function(qualname)


def loss_function(qualname: str | None) -> str | None:
    """`torch.nn.CrossEntropyLoss` → `torch.nn.functional.cross_entropy`."""
    if qualname is None or not qualname.startswith("torch.nn."):
        return None
    function = _FUNCTIONS.get(qualname.split(".")[-1])
    return f"torch.nn.functional.{function}" if function else None


def constructor_of(engine: Context, func: ast.AST) -> ast.Call | None:
    """The constructor call behind `loss_fct` in `loss_fct(logits, labels)`, or in `CrossEntropyLoss()(logits, labels)`."""
    if isinstance(func, ast.Call) and inline_function(engine.source.qualname(func.func)):
        return func
    if isinstance(func, ast.Attribute) and ast.unparse(func.value) == "self":
        return _loss_attribute(engine, func)
    function = engine.function_of(func) if isinstance(func, ast.Name) else None
    bound = [
        node
        for node in (ast.walk(function) if function is not None else ())
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(func)
    ]
    built = [
        node
        for node in bound
        if isinstance(node.value, ast.Call) and inline_function(engine.source.qualname(node.value.func))
    ]
    calls = [node.value for node in built if isinstance(node.value, ast.Call)]
    here = [c for n, c in zip(built, calls, strict=True) if _same_branch(engine, n, func)]
    if here:
        return max(here, key=lambda call: call.lineno)  # an `elif` stands below the branch before it
    # a loss of a branch before, where all of that name are built alike
    if any(not isinstance(n.value, ast.Constant) for n in bound if n not in built):
        return None
    return calls[0] if len({ast.unparse(call) for call in calls}) == 1 else None


def is_value(engine: Context, assignment: ast.Assign) -> bool:
    """True for a loss whose name stands for another one in another branch, and is called behind both."""
    function, name = engine.function_of(assignment), ast.unparse(assignment.targets[0])
    calls = [n for n in ast.walk(function) if isinstance(n, ast.Call)] if function is not None else []
    return any(ast.unparse(call.func) == name and constructor_of(engine, call.func) is None for call in calls)


def as_function(engine: Engine, constructor: ast.Call) -> str:
    """`nn.MSELoss(reduction="none")` as a function of its two arguments."""
    names = ("input", "target")
    nowhere = {"lineno": 0, "col_offset": 0, "end_lineno": 0, "end_col_offset": 0}  # which the probe saw nothing of
    given: list[ast.expr] = [ast.Name(name, ast.Load(), **nowhere) for name in names]
    call = ast.Call(constructor, given, [], **nowhere)
    engine.source.parents |= dict.fromkeys(given, call) | {call: engine.source.parents[constructor]}
    return f"lambda {', '.join(names)}: {engine.expression(call)}"


def table_of(value: ast.expr, source: Source) -> bool:
    """True for `{"l1": nn.L1Loss(), "ce": nn.CrossEntropyLoss()}`, which a constructor keeps."""
    made = value.values if isinstance(value, ast.Dict) else []
    return bool(made) and all(isinstance(v, ast.Call) and loss_function(source.qualname(v.func)) for v in made)


def as_functions(engine: Engine, table: ast.Dict) -> str:
    """Such a table's losses as functions of two arguments."""
    calls = [(k, v) for k, v in zip(table.keys, table.values, strict=True) if k is not None and isinstance(v, ast.Call)]
    return "{" + ", ".join(f"{engine.expression(k)}: {as_function(engine, v)}" for k, v in calls) + "}"


def _loss_attribute(engine: Context, func: ast.Attribute) -> ast.Call | None:
    """`self.loss_fn = nn.CrossEntropyLoss()` in the constructor."""
    owner = engine.class_of(func)
    child = owner.children.get(func.attr) if owner is not None else None
    is_loss = child is not None and loss_function(child.qualname) is not None
    return child.calls[0] if child is not None and is_loss and child.calls else None


def _same_branch(engine: Context, assignment: ast.AST, use: ast.AST) -> bool:
    """True when the block of an assignment encloses a use after it."""
    block = engine.parent(assignment)
    current: ast.AST | None = use
    while current is not None and current is not block:
        current = engine.parent(current)
    return current is block and use.lineno >= assignment.lineno  # type: ignore[attr-defined]
