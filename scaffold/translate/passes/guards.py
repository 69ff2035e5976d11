"""Checks that raise on a shape: `tf.debugging.assert_equal` where both sides are shapes, else only in eager mode."""

from __future__ import annotations

import ast
import functools
import re
from itertools import pairwise

from scaffold.translate.names import computed_of_shape, depends_on_length, reads_shape
from scaffold.translate.writer import BlockWriter, indented


def _only_raises(statement: ast.If) -> bool:
    return len(statement.body) == 1 and isinstance(statement.body[0], ast.Raise) and not statement.orelse


def shape_checks(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """Dimensions may be unknown in graph mode, where a Python `raise` cannot depend on them."""
    if isinstance(statement, ast.Assert):
        return [] if _reads_shape(writer, statement.test) else None
    if not isinstance(statement, ast.If) or not _only_raises(statement):
        return None
    test = statement.test
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.NotEq) and len(test.ops) == 1:
        left, right = test.left, test.comparators[0]
        if writer.engine.type_of(left).kind == "size" and isinstance(right, (ast.Tuple, ast.List)):
            return _assert_equal(writer, statement, left, right)
        if _is_counted(writer, left) or _is_counted(writer, right):
            return _asserted(writer, statement, f"{writer.engine.expression(left)}, {writer.engine.expression(right)}")
    if _reads_shape(writer, test):
        if _counts_values(writer, test):
            assert isinstance(test, ast.Compare)
            sides = f"{writer.engine.expression(test.left)}, {writer.engine.expression(test.comparators[0])}"
            return ["if tf.executing_eagerly():", *indented(_asserted(writer, statement, sides, "assert_less_equal"))]
        condition = writer.engine.expression(test)
        if isinstance(test, ast.BoolOp):
            condition = f"({condition})"
        body = writer.block(statement.body, statement.test.end_lineno or statement.lineno)
        return [f"if tf.executing_eagerly() and {condition}:", *indented(body)]
    return None


def _counts_values(writer: BlockWriter, test: ast.expr) -> bool:
    """`len(torch.unique_consecutive(x)) > 1` goes by values: TensorFlow raises an error of its own for those."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Gt):
        return False
    counted = test.left.args[0] if isinstance(test.left, ast.Call) and test.left.args else None
    name = writer.engine.qualname_of(counted) if isinstance(counted, ast.Call) else None
    return ast.unparse(test.left).startswith("len(") and name in ("torch.unique", "torch.unique_consecutive")


_COMPARED = {
    ast.Eq: "tf.equal",
    ast.NotEq: "tf.not_equal",
    ast.Lt: "tf.less",
    ast.LtE: "tf.less_equal",
    ast.Gt: "tf.greater",
    ast.GtE: "tf.greater_equal",
}


def depending_on_a_length(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if length != 1: mask = …` for a tensor and a length that a graph may not know: `tf.cond`, which needs no autograph.

    Keras saves a model (`save_pretrained(saved_model=True)`) by tracing its layers without autograph. A number in a list is
    chosen likewise (`if total < n: parts[0] = …`), and so is what an `elif` changes.
    """
    if not isinstance(statement, ast.If):
        return None
    first = _chosen(writer, statement)
    if first is None or not statement.orelse:
        return first and first[1]
    other = statement.orelse[0]
    if not isinstance(other, ast.If) or len(statement.orelse) != 1 or other.orelse:
        return None
    changed = ast.unparse(statement.body[0].targets[0])  # type: ignore[attr-defined]
    if any(ast.unparse(part) == changed for part in ast.walk(other.test)):
        return None
    second = _chosen(writer, other, "" if _excludes(statement.test, other.test) else f"tf.logical_not({first[0]})")
    return None if second is None else first[1] + second[1]


def _chosen(writer: BlockWriter, statement: ast.If, besides: str = "") -> tuple[str, list[str]] | None:
    """Condition and lines of one branch, which runs if `besides` holds too; None where it is nothing to choose with `tf.cond`."""
    test, assignment, types = statement.test, statement.body[0], writer.engine.type_of
    if len(statement.body) != 1 or not isinstance(assignment, ast.Assign) or len(assignment.targets) != 1:
        return None
    condition, target = _compared(writer, test), assignment.targets[0]
    if condition is None or not may_be_unknown(writer, test):
        return None
    is_number = isinstance(target, ast.Subscript) and isinstance(assignment.value, ast.BinOp)
    is_tensor = isinstance(target, ast.Name) and types(assignment.value).kind == "tensor"
    reads = any(ast.unparse(n) == ast.unparse(target) for n in ast.walk(assignment.value))
    if not (is_number or is_tensor) or not reads:
        return None
    name, text = writer.engine.expression(target), writer.engine.expression(assignment.value)
    if is_number or besides or _keeps_shape(writer, assignment.value):
        both = f"tf.logical_and({besides}, {condition})" if besides else condition
        return condition, f"{name} = tf.cond({both}, lambda: {text}, lambda: {name})".split("\n")
    writer.engine.emits.add("cond")
    parts = [writer.engine.expression(part) for part in (test.values if isinstance(test, ast.BoolOp) else [test])]
    settled = parts[0] if len(parts) == 1 else " & ".join(f"({part})" for part in parts)
    return condition, f"{name} = _cond({settled}, lambda: {text}, lambda: {name})".split("\n")


def _keeps_shape(writer: BlockWriter, value: ast.expr) -> bool:
    """True where XLA knows the shape of what is chosen, whichever branch runs."""
    return isinstance(value, ast.Call) and writer.engine.qualname_of(value) in ("torch.triu", "torch.tril")


_EXCLUDED = (
    {ast.Eq, ast.NotEq},
    {ast.Eq, ast.Gt},
    {ast.Eq, ast.Lt},
    {ast.Lt, ast.Gt},
    {ast.Lt, ast.GtE},
    {ast.LtE, ast.Gt},
)


def _excludes(test: ast.expr, other: ast.expr) -> bool:
    """True when the two never hold together: `a > 1 and b == 1` and `b > 1 and a == 1`."""
    first, second = _comparisons(test), _comparisons(other)
    return any({first[sides], second[sides]} in _EXCLUDED for sides in first.keys() & second.keys())


def _comparisons(test: ast.expr) -> dict[tuple[str, str], type[ast.cmpop]]:
    """Operators by their two sides, of the comparisons that all hold where the test does."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    compared = [part for part in parts if isinstance(part, ast.Compare) and len(part.ops) == 1]
    return {(ast.unparse(part.left), ast.unparse(part.comparators[0])): type(part.ops[0]) for part in compared}


def _compared(writer: BlockWriter, test: ast.expr) -> str | None:
    """A comparison of two sizes, or several of which all must hold, as TensorFlow's own; None for anything else."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        parts = [_compared(writer, part) for part in test.values]
        return None if None in parts else functools.reduce(lambda a, b: f"tf.logical_and({a}, {b})", map(str, parts))
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or type(test.ops[0]) not in _COMPARED:
        return None
    sides = (test.left, test.comparators[0])
    if any(writer.engine.type_of(side).kind not in ("int", "literal") for side in sides):
        return None
    return f"{_COMPARED[type(test.ops[0])]}({', '.join(writer.engine.expression(side) for side in sides)})"


def no_longer_than(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if mask is not None and mask.shape[-1] < x.shape[-1]: x = x[..., : mask.shape[-1]]`, without the comparison.

    A slice that ends behind the end takes everything, and a graph may not know the sizes.
    """
    if not isinstance(statement, ast.If) or not isinstance(statement.test, ast.BoolOp) or statement.orelse:
        return None
    *others, compared = statement.test.values
    if not isinstance(statement.test.op, ast.And) or len(statement.body) != 1:
        return None
    if not (cut := _CUT.fullmatch(ast.unparse(statement.body[0]))):
        return None
    axis = "-1" if cut["before"].startswith("...") else str(cut["before"].count(":"))
    if not re.fullmatch(
        rf"{re.escape(cut['size'])} <=? {cut['name']}\.(shape\[{axis}\]|size\({axis}\))", ast.unparse(compared)
    ) or not may_be_unknown(writer, compared):
        return None
    condition = " and ".join(writer.engine.expression(other) for other in others)
    body = writer.block(statement.body, statement.test.end_lineno or statement.lineno)
    return [f"if {condition}:", *indented(body)]


def padded_to_a_size(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`n = 0`, then `if a <= b: n = b - a + 1; x = pad(x, (0, n))`, for sizes: `n = max(b - a + 1, 0)`, which may be nothing."""
    if not isinstance(statement, ast.If) or statement.orelse:
        return None
    compared = _SMALLER.fullmatch(ast.unparse(statement.test))
    lacking, *others = (_ASSIGNED.fullmatch(ast.unparse(s)) for s in statement.body)
    if compared is None or lacking is None or not others:
        return None
    amounts = [f"{compared['large']} - {compared['small']}"]
    amounts += [f"{amounts[0]} + 1"] if compared["equal"] else []
    pads = [bool(o and re.fullmatch(_PADDED.format(x=o["name"], n=lacking["name"]), o["value"])) for o in others]
    if lacking["value"] not in amounts or not all(pads) or not _was_zero(writer, statement, lacking["name"]):
        return None
    if not may_be_unknown(writer, statement.test):
        return None
    amount, *rest = statement.body
    assert isinstance(amount, ast.Assign)
    value = writer.engine.expression(amount.value)
    return [f"{lacking['name']} = tf.maximum({value}, 0)", *writer.block(rest, amount.end_lineno or amount.lineno)]


_SMALLER = re.compile(r"(?P<small>\w+) <(?P<equal>=?) (?P<large>\w+)")
_ASSIGNED = re.compile(r"(?P<name>\w+) = (?P<value>.+)")
_PADDED = r"(nn\.functional|F)\.pad\({x}, \((0, )*{n}\)\)"


def _was_zero(writer: BlockWriter, statement: ast.stmt, name: str) -> bool:
    """True when the statement before this one is `name = 0`."""
    block = getattr(writer.engine.parent(statement), "body", [])
    place = block.index(statement) if statement in block else 0
    return place > 0 and ast.unparse(block[place - 1]) == f"{name} = 0"


#: A tensor cut to a size on its last axis (`...`) or on one counted from the front.
_CUT = re.compile(r"(?P<name>\w+) = (?P=name)\[(?P<before>\.\.\., |(:, )*):(?P<size>[^:]+?)\]")

_RANK = re.compile(r"\blen\([\w.]+\.(shape|size\(\))\)|\.dim\(\)|\.ndim\b")


def may_be_unknown(writer: BlockWriter, test: ast.expr) -> bool:
    """True when it names a dimension, or a length that a method is handed; a rank is always known."""
    if _RANK.search(ast.unparse(test)):
        return False
    function = writer.engine.function_of(test)
    return reads_shape(test, function) or depends_on_length(test, function) or _is_handed_size(writer, test)


def _is_handed_size(writer: BlockWriter, test: ast.expr) -> bool:
    """True when it names a parameter of a `forward` that another layer hands a dimension: `self.decoder(x, masked.shape[1])`."""
    engine = writer.engine
    info, function = engine.class_of(test), engine.function_of(test)
    if info is None or function is None or function is not info.methods.get("forward"):
        return False
    names = {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    places = {number - 1: argument.arg for number, argument in enumerate(function.args.args) if argument.arg in names}
    if not places:
        return False
    for node in ast.walk(engine.source.tree):
        child = (
            engine.child_of(node.func) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
        )
        if child is None or child.class_name != info.name or not isinstance(node, ast.Call):
            continue
        handed = [a for place, a in enumerate(node.args) if place in places]
        handed += [k.value for k in node.keywords if k.arg in places.values()]
        if any(_SIZE.fullmatch(ast.unparse(value)) for value in handed):
            return True
    return False


_SIZE = re.compile(r"[\w.]+\.(shape\[-?\d+\]|size\(-?\d+\))")


def about_loading(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if from_tf: …` and `kwargs["_fast_init"] = False`: how PyTorch loads a TensorFlow model, or initialises a composite."""
    del writer
    if isinstance(statement, ast.If):
        asked = re.fullmatch(r"from_tf|kwargs\.get\('_fast_init', False\)", ast.unparse(statement.test))
        return [] if asked and not statement.orelse else None
    said = ("from_tf = kwargs.pop('from_tf', False)", "kwargs['_fast_init'] = False")
    return [] if isinstance(statement, ast.Assign) and ast.unparse(statement) in said else None


def nothing_to_do(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if rows.shape[0] == 0: continue` in a loop that ends by writing those rows: no rows change nothing either.

    A graph that does not know the number yet cannot leave out a round of a Python loop.
    """
    if not isinstance(statement, ast.If) or statement.orelse or [type(s) for s in statement.body] != [ast.Continue]:
        return None
    test, loop = statement.test, writer.engine.parent(statement)
    if not isinstance(test, ast.Compare) or not isinstance(loop, ast.For):
        return None
    match = re.fullmatch(r"(\w+)\.(?:shape\[0\]|size\(0\)|numel\(\)) == 0", ast.unparse(test))
    last = loop.body[-1]
    writes = (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) and "index_add_" in ast.unparse(last.value.func)
    )
    rows = {n.id for n in ast.walk(last) if isinstance(n, ast.Name)}
    return [] if match is not None and writes and match[1] in rows else None


def mask_of_nothing(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if not padding_mask.any(): padding_mask = None`: a mask of padding that marks nothing changes nothing either.

    Whether it does is not known while a graph is traced.
    """
    if not isinstance(statement, ast.If) or statement.orelse or len(statement.body) != 1:
        return None
    test, body = ast.unparse(statement.test), ast.unparse(statement.body[0])
    match = re.fullmatch(r"not (\w*pad\w*_mask)\.any\(\)", test)
    if match is not None and body == f"{match[1]} = None":
        return []
    # `m = attention_mask`, then `if … torch.all(attention_mask == 1): m = None`: a factor of ones
    ones, copy = re.search(r"torch\.all\((\w*mask) == 1\)\)?$", test), re.fullmatch(r"(\w+) = None", body)
    function = writer.engine.function_of(statement)
    if ones is None or copy is None or function is None:
        return None
    return [] if f"{copy[1]} = {ones[1]}" in {ast.unparse(n) for n in function.body} else None


def mask_of_one_token(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`mask = None`, then `if length > 1: mask = _make_causal_mask(…)`: a causal mask of one token hides nothing either.

    Whether it is one is not known while a graph of any length is traced, and a mask that may be None is nothing to choose.
    """
    function = writer.engine.function_of(statement)
    for before, choice in pairwise(function.body if function is not None else ()):
        if (
            statement not in (before, choice)
            or not isinstance(choice, ast.If)
            or choice.orelse
            or len(choice.body) != 1
        ):
            continue
        made = re.fullmatch(r"(\w+) = \w*_make_causal_mask\(.*\bpast_\w*length\b.*\)", ast.unparse(choice.body[0]))
        is_none = made is not None and ast.unparse(before) == f"{made[1]} = None"
        if not is_none or not re.fullmatch(r"[\w.]+\[-?1\] > 1", ast.unparse(choice.test)):
            continue
        if statement is before:
            return ["# (it hides nothing from a single token)"]
        return writer.block(choice.body, choice.body[0].lineno - 1)
    return None


def whoever_is_needed(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`ids = torch.nonzero(x, as_tuple=True)[0].tolist()`, of the members that a loop runs over: all of them.

    The loop writes into a tensor where a mask is set, so a member that is not needed changes nothing. Which ones are needed
    is not known while a graph is traced.
    """
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None
    match = re.fullmatch(r"torch\.nonzero\((.+), as_tuple=True\)\[0\]\.tolist\(\)", ast.unparse(statement.value))
    name, function = statement.targets[0].id, writer.engine.function_of(statement)
    if match is None or function is None:
        return None
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For) and ast.unparse(n.iter) == name]
    if len(loops) != 1 or len(loops[0].body) != 1 or not isinstance(loops[0].body[0], ast.Assign):
        return None
    place, member = loops[0].body[0].targets[0], ast.unparse(loops[0].target)
    mask = place.slice if isinstance(place, ast.Subscript) else None
    if mask is None or member not in {n.id for n in ast.walk(mask) if isinstance(n, ast.Name)}:
        return None
    writer.engine.remember(loops[0].iter, name)
    writer.engine.uses.add("shape_list")
    found = [n for n in ast.walk(statement.value) if isinstance(n, ast.Call) and ast.unparse(n.func) == "torch.nonzero"]
    return [f"{name} = range(shape_list({writer.engine.expression(found[0].args[0])})[0])"]


def _assert_equal(writer: BlockWriter, statement: ast.If, left: ast.expr, right: ast.Tuple | ast.List) -> list[str]:
    items = ", ".join(writer.engine.expression(e) for e in right.elts)
    return _asserted(writer, statement, f"{writer.engine.expression(left)}, [{items}]")


def _is_counted(writer: BlockWriter, node: ast.expr) -> bool:
    """True for a local that holds a tensor's value, `n = (x == y).sum().item()`: a graph has it only when it runs."""
    function = writer.engine.function_of(node)
    if not isinstance(node, ast.Name) or function is None:
        return False
    bound = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == node.id]
    return bool(bound) and all(
        isinstance(v, ast.Call) and isinstance(v.func, ast.Attribute) and v.func.attr == "item" for v in bound
    )


def _asserted(writer: BlockWriter, statement: ast.If, sides: str, check: str = "assert_equal") -> list[str]:
    raised = statement.body[0]
    message = ""
    if isinstance(raised, ast.Raise) and isinstance(raised.exc, ast.Call) and raised.exc.args:
        message = f", message=({writer.engine.expression(raised.exc.args[0])})"
    return f"tf.debugging.{check}({sides}{message})".split("\n")


def _reads_shape(writer: BlockWriter, test: ast.expr) -> bool:
    """True when the condition depends on a tensor's dimensions or values."""
    calls = [part for part in ast.walk(test) if isinstance(part, ast.Call)]
    lengths = [call.args[0] for call in calls if ast.unparse(call.func) == "len" and len(call.args) == 1]
    return computed_of_shape(test, writer.engine.function_of(test)) or any(
        writer.engine.type_of(part).kind == "tensor" for part in [test, *calls, *lengths]
    )
