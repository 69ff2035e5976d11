"""Conditions whose outcome a TensorFlow port knows in advance: eager attention, no tracing, no gradient checkpointing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

#: Calls that are always false in a port.
_FALSE_CALLS = frozenset(
    {
        "torch.jit.is_tracing",
        "torch.jit.is_scripting",
        "torch.is_autocast_enabled",
        "torch.onnx.is_in_onnx_export",
        "is_deepspeed_zero3_enabled",
        "is_fsdp_managed_module",
        "is_torchdynamo_compiling",
        "is_torch_fx_proxy",
        "is_peft_available",
        "is_accelerate_available",
        "is_timm_available",
        "is_flash_attn_2_available",
        "is_flash_attn_greater_or_equal_2_10",
        "is_torch_flex_attn_available",
        "is_torch_xla_available",
        "is_mamba_ssm_available",
        "is_mamba_2_ssm_available",
        "is_mambapy_available",
        "is_causal_conv1d_available",
        "is_ninja_available",
        "is_torch_cuda_available",
        "self._backward_compatibility_gradient_checkpointing",
    }
)
#: Calls that are always true in a port, which needs nothing of what they ask for.
_TRUE_CALLS = frozenset({"is_scipy_available"})
#: Conditions on a device that nothing gives in a port.
_DEVICE = {"device is not None": False, "device is None": True}
_FALSE_ATTRIBUTES = frozenset(
    {
        "gradient_checkpointing",
        "is_parallelizable",
        "model_parallel",
        "is_cuda",
        "is_nested",
        "pruned_heads",
        "use_timm_backbone",
    }
)


def truth(node: ast.AST, known: Mapping[str, bool] | None = None) -> bool | None:
    """True or False when the condition is settled, None when it depends on the run. `known` maps source text to a value."""
    text = ast.unparse(node)
    if isinstance(node, ast.Compare) and text.partition(" ")[0].endswith(".device.type"):
        return isinstance(node.ops[0], ast.NotEq)  # of two ways to compute something, the one for any device
    if isinstance(node, ast.Compare) and all(
        ast.unparse(n).endswith(".device") for n in (node.left, *node.comparators)
    ):
        return isinstance(node.ops[0], (ast.Eq, ast.Is))  # a port leaves devices to TensorFlow
    if known and text in known:
        return known[text]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = truth(node.operand, known)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        return _combined(node, known)
    if isinstance(node, ast.Call) and text.startswith("hasattr(nn.utils.parametrizations, "):
        return True  # both spellings of weight normalisation are the same layer in a port
    if isinstance(node, ast.Attribute) and node.attr in _FALSE_ATTRIBUTES:
        return False
    if isinstance(node, ast.Call):
        return _answer(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _DEVICE.get(text, _attention(node))
    return _value(node)


def _value(node: ast.AST) -> bool | None:
    """A literal's value; what the newest PyTorch does is ported."""
    if isinstance(node, ast.Name) and node.id.startswith("is_torch_greater_or_equal_than_"):
        return True
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool) else None


def _answer(node: ast.Call) -> bool | None:
    """What a call says in every port, None for most."""
    name = ast.unparse(node.func)
    if name == "getattr" and isinstance(node.args[1], ast.Constant) and node.args[1].value in _FALSE_ATTRIBUTES:
        return False
    if name == "isinstance" and re.fullmatch(r"\(type\(None\)(, \w*Cache)+\)", ast.unparse(node.args[-1])):
        return True  # a check of what was handed in: a port's cache is none of the library's
    if name in _FALSE_CALLS or _asks_for_cache_class(node):
        return False
    return True if name in _TRUE_CALLS else None


def _asks_for_cache_class(node: ast.Call) -> bool:
    """`isinstance(past_key_values, StaticCache)`: a port's cache is a list, so the branch for tuples runs.

    Nothing is a `torch.fx.Proxy` either.
    """
    if ast.unparse(node.func) != "isinstance" or len(node.args) != 2:
        return False
    if ast.unparse(node.args[1]).startswith("torch.fx."):
        return True
    kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
    return all(ast.unparse(kind).endswith("Cache") for kind in kinds)


def _combined(node: ast.BoolOp, known: Mapping[str, bool] | None) -> bool | None:
    values = [truth(v, known) for v in node.values]
    deciding = isinstance(node.op, ast.Or)
    if deciding in values:
        return deciding
    return None if None in values else not deciding


def _attention(node: ast.Compare) -> bool | None:
    """`config._attn_implementation == "sdpa"` and the like: the port is the eager implementation."""
    left, operator, right = node.left, node.ops[0], node.comparators[0]
    if not ast.unparse(left).endswith(("_attn_implementation", "attn_implementation")):
        return None
    try:
        value = ast.literal_eval(right)
    except (ValueError, TypeError):
        return None
    if isinstance(operator, (ast.In, ast.NotIn)) and not isinstance(value, (str, tuple, list, set, dict)):
        return None
    if isinstance(operator, ast.Eq):
        return bool(value == "eager")
    if isinstance(operator, ast.NotEq):
        return bool(value != "eager")
    if isinstance(operator, ast.In):
        return "eager" in value
    if isinstance(operator, ast.NotIn):
        return "eager" not in value
    return None


def constants(tree: ast.AST, known: Mapping[str, bool] | None = None) -> dict[str, bool]:
    """Settled names: `self._use_sdpa = config._attn_implementation == "sdpa"`, and locals assigned once in a function.

    For a class, only its attributes; `known` holds those when its methods are asked for their locals.
    """
    found: dict[str, bool] = dict(known or {})
    counts: dict[str, int] = {}
    assignments: list[tuple[str, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            text = ast.unparse(node.targets[0])
            if isinstance(tree, ast.ClassDef) and not text.startswith("self."):
                continue
            counts[text] = counts.get(text, 0) + 1
            assignments.append((text, node.value))
    for text, value in assignments:
        outcome = truth(value, found)
        if counts[text] == 1 and outcome is not None and not isinstance(value, ast.Constant):
            found[text] = outcome
    return found


def reassigned_config(constructors: Iterable[ast.FunctionDef | None]) -> frozenset[str]:
    """Configuration attributes that some constructor changes (for a while): their value then depends on when it is read."""
    found = set()
    for function in constructors:
        for node in ast.walk(function) if function is not None else ():
            if isinstance(node, ast.Assign):
                found |= {
                    t.attr for t in node.targets if isinstance(t, ast.Attribute) and ast.unparse(t.value) == "config"
                }
    return frozenset(found)
