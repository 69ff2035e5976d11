"""Key and value caches as lists: a model's own copy of the past it was given, and a tuple for what it hands back.

Source: `cache_utils.py` and TensorFlow's `generation/tf_utils.py`, which knows tuples of (key, value) pairs.
"""

from __future__ import annotations

import ast
import re

from scaffold.translate.classes import Category
from scaffold.translate.truth import truth
from scaffold.translate.writer import BlockWriter

_PAST = "past_key_values"
_LENGTH = re.compile(r"past\w*_length")
_STACKED = re.compile(r"cache_batch_axis = 1 if any\(.* for \w+ in \(([^)]*)\)\)")


def dictionaries(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """Dictionaries as a layer's state: a call changes a copy of what it was given, and nothing in it is None.

    A traced function must not change its inputs, and TensorFlow's generation takes None for a tensor.
    """
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    engine, target, value = writer.engine, statement.targets[0], statement.value
    if (
        isinstance(target, ast.Subscript)
        and engine.type_of(target.value).kind == "dict"
        and isinstance(value, ast.Dict)
    ):
        branches = [v.orelse for v in value.values if isinstance(v, ast.IfExp)]
        if any(isinstance(b, ast.Constant) and b.value is None for b in branches):
            made = f"{{name: state for name, state in {engine.expression(value)}.items() if state is not None}}"
            return writer.with_comment(statement, f"{engine.expression(target)} = {made}")
    item = value.body if isinstance(value, ast.IfExp) else value
    is_item = isinstance(item, ast.Subscript) and isinstance(item.value, ast.Name) and isinstance(target, ast.Name)
    if is_item and engine.type_of(item).kind == "dict" and "past" in item.value.id:  # type: ignore[attr-defined]
        engine.remember(item, f"dict({engine.splice(item)})")
        return writer.with_comment(statement, f"{engine.expression(target)} = {engine.expression(value)}")
    return None


def _keeps_cache(writer: BlockWriter, function: ast.FunctionDef | None) -> bool:
    """True for a model's `forward` that uses the past as a cache object and does not convert it itself."""
    info = writer.engine.current
    if function is None or function.name != "forward" or info is None or info.category is not Category.MODEL:
        return False
    text = ast.unparse(function)
    converts = ".from_legacy_cache(" in text or ".to_legacy_cache(" in text
    return not converts and f"{_PAST}.get_seq_length(" in text and any(a.arg == _PAST for a in function.args.args)


def own_copy(writer: BlockWriter, function: ast.FunctionDef) -> list[str]:
    """First statements of such a `forward`: the past may come as a tuple, and the caller's own must stay as it was."""
    if not _keeps_cache(writer, function):
        return []
    return [f"if {_PAST} is not None:", f"    {_PAST} = list({_PAST})", ""]


def of_decoders(writer: BlockWriter, function: ast.FunctionDef) -> list[str]:
    """First statements of a base model that leaves `use_cache` as it is, so that no cache is handed back unasked.

    The library's `unpack_inputs` puts the configuration's value in the place of None, which is true for most encoders, too.
    """
    info, text = writer.engine.current, writer.engine.source.text
    is_base = info is not None and info.category is Category.MODEL and writer.engine.as_layer
    asks = any(a.arg == "use_cache" for a in function.args.args) and "config.use_cache" not in text
    if not is_base or function.name != "forward" or not asks or "self.config.is_decoder" not in text:
        return []
    return ["if not self.config.is_decoder:", "    use_cache = False", ""]


def _keeps_pairs(writer: BlockWriter, statement: ast.stmt) -> bool:
    """True for `presents = presents + (pair,)` where the library's generation wants one tensor for each such pair.

    It does so by the name of the class (`cache_batch_axis` in `generation/tf_utils.py`): keys and values on the first axis.
    """
    value, info = statement.value if isinstance(statement, ast.Assign) else None, writer.engine.current
    if not isinstance(value, ast.BinOp) or info is None or info.category is not Category.MODEL:
        return False
    added, names = value.right, _STACKED.search(writer.engine.library_text("generation/tf_utils.py"))
    is_stacked = names is not None and any(name in info.tf_name for name in re.findall(r"\w+", names[1]))
    is_one = (
        isinstance(added, ast.Tuple) and len(added.elts) == 1 and writer.engine.type_of(added.elts[0]).kind == "tuple"
    )
    handed = f"{_PAST}={ast.unparse(value.left)}"
    return is_stacked and is_one and handed in ast.unparse(writer.engine.function_of(statement) or value)


def unstacked(writer: BlockWriter, function: ast.FunctionDef) -> list[str]:
    """First statements of a model whose past comes as one tensor a layer."""
    if not any(
        _keeps_pairs(writer, statement) for statement in ast.walk(function) if isinstance(statement, ast.Assign)
    ):
        return []
    pairs = f"[tf.unstack(layer_past, axis=0) for layer_past in {_PAST}]"
    return [f"if {_PAST} is not None:", f"    {_PAST} = {pairs}", ""]


def stacked(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`presents = presents + (pair,)` where the library wants a tensor for each pair."""
    if not _keeps_pairs(writer, statement):
        return None
    assert isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp)
    assert isinstance(statement.value.right, ast.Tuple)
    name, pair = (writer.engine.expression(e) for e in (statement.value.left, statement.value.right.elts[0]))
    return writer.with_comment(statement, f"{name} = {name} + (tf.stack({pair}, axis=0),)")


def filled_positions(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`past_length = …` from which a layer of the file makes positions: generation with XLA has a longer past than tokens.

    A model that takes positions is told them.
    """
    function, engine = writer.engine.function_of(statement), writer.engine
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    given = {a.arg for a in function.args.args} if function is not None else set()
    knows = {_PAST, "attention_mask"} <= given and "position_ids" not in given
    if not knows or not isinstance(target, ast.Name) or function is None or not _LENGTH.fullmatch(target.id):
        return None
    uses = [
        name
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        for name in _made_into_positions(writer, call, target.id)
    ]
    if not uses:
        return None
    engine.emits.add("filled_positions")
    for use in uses:
        engine.remember(use, "filled_length")
    written = writer.with_comment(statement, f"{target.id} = {engine.expression(statement.value)}")  # type: ignore[attr-defined]
    return [*written, f"filled_length = filled_positions({target.id}, attention_mask)"]


def _made_into_positions(writer: BlockWriter, call: ast.Call, length: str) -> list[ast.Name]:
    """`length` where a layer of this file is called with it that adds it to numbers, and does not cut anything to it."""
    child = writer.engine.child_of(call.func)
    info = writer.engine.classes.get(child.class_name) if child is not None else None
    forward = info.methods.get("forward") if info is not None else None
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if forward is None or not any(a.arg == length for a in forward.args.args):
        return []
    cut = any(length in ast.unparse(n.slice) for n in ast.walk(forward) if isinstance(n, ast.Subscript))
    kept = any(isinstance(n, ast.arg) and n.arg == _PAST for n in ast.walk(forward))
    return [] if cut or kept else [value for value in given if isinstance(value, ast.Name) and value.id == length]


def handed_back(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`next_cache = cache if use_cache else None` hands back a tuple."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.IfExp):
        return None
    value = statement.value
    is_choice = ast.unparse(value.test) == "use_cache" and ast.unparse(value.orelse) == "None"
    if not is_choice or not isinstance(value.body, ast.Name):
        return None
    if not _keeps_cache(writer, writer.engine.function_of(statement)):
        return None
    target, name = writer.engine.expression(statement.targets[0]), value.body.id
    return writer.with_comment(statement, f"{target} = tuple({name}) if use_cache and {name} is not None else None")


def warning_about_tuples(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """PyTorch's advice not to pass tuples does not hold in TensorFlow."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return None
    call = statement.value
    if not ast.unparse(call.func).startswith(("logger.warning", "warnings.warn")) or not call.args:
        return None
    text = ast.unparse(call.args[0])
    return [] if _PAST in text and "Cache" in text else None


def length_of_the_mask(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if isinstance(cache, XCache): n = cache.get_max_cache_shape() else: n = mask's length if there is one, else the input's`.

    Such a cache always tells its length; a list of what has been seen so far adds to the length of the input.
    """
    if not isinstance(statement, ast.If) or truth(statement.test) is not False:
        return None
    told, other = _only_assignment(statement.body), _only_assignment(statement.orelse)
    if told is None or other is None or ast.unparse(told.targets[0]) != ast.unparse(other.targets[0]):
        return None
    if not ast.unparse(told.value).endswith((".get_max_cache_shape()", ".get_max_length()")):
        return None
    cache = ast.unparse(told.value).rpartition(".")[0]
    if not isinstance(other.value, ast.IfExp) or "past" in ast.unparse(other.value) or not cache.isidentifier():
        return None
    writer.engine.emits.add("cache_length")
    target, value = writer.engine.expression(other.targets[0]), other.value
    mask, test, rest = (writer.engine.expression(part) for part in (value.body, value.test, value.orelse))
    past = f"(cache_length({cache}) if {cache} is not None else 0)"
    return [f"{target} = {mask} if {test} else {past} + {rest}"]


def _only_assignment(statements: list[ast.stmt]) -> ast.Assign | None:
    """The one statement of a block, if it assigns."""
    only = statements[0] if len(statements) == 1 else None
    return only if isinstance(only, ast.Assign) else None
