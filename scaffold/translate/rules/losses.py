"""Loss functions.

Source: torch's documentation, "torch.nn.functional: Loss functions". All take the mean unless `reduction` says otherwise.
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import NOT_CONSTANT, Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import given, invoke, rewrites

RULES: list[Rule] = []
_F = "nn.functional."
_TWO = "a: f32[2,3], b: f32[2,3]"
_OLD = ("size_average", "reduce")


def reduced_loss(call: CallSite, text: str) -> str | Unmapped:
    """The mean, the sum, or the losses themselves."""
    reduction = call.constant("reduction", "mean")
    choice = _chosen(call) if reduction is NOT_CONSTANT else None
    if choice is not None:
        test, *values = choice
        chosen, other = (text if value == "none" else f"tf.reduce_{value}({text})" for value in values)
        return f"({chosen} if {test} else {other})"
    if reduction not in _REDUCTIONS:
        return call.refuse("TFP111", "argument `reduction` is not a literal", "write it out")
    return text if reduction == "none" else f"tf.reduce_{reduction}({text})"


_REDUCTIONS = ("mean", "sum", "none")


def _chosen(call: CallSite) -> tuple[str, str, str] | None:
    """Condition and both values of `reduction = "none" if self.weighted else "mean"`, which a constructor gives to its loss."""
    node = call.arg("reduction").node
    function = call.engine.function_of(node) if isinstance(node, ast.Name) else None
    bound = [
        n.value
        for n in ast.walk(function or ast.Pass())
        if isinstance(n, ast.Assign) and isinstance(node, ast.Name) and ast.unparse(n.targets[0]) == node.id
    ]
    value = bound[0] if len(bound) == 1 else node
    if not isinstance(value, ast.IfExp) or any(
        isinstance(n, ast.Name) and n.id != "self" for n in ast.walk(value.test)
    ):
        return None
    values = [n.value for n in (value.body, value.orelse) if isinstance(n, ast.Constant) and n.value in _REDUCTIONS]
    return (call.engine.expression(value.test), str(values[0]), str(values[1])) if len(values) == 2 else None


def _distance(name: str, template: str, after: str) -> None:
    @rewrites(
        RULES,
        f"{_F}{name}",
        args=("input", "target", *_OLD, "reduction"),
        safety=Safety.CLOSE,
        examples=(
            Example(f"F.{name}(a, b)", f"tf.reduce_mean({after})", _TWO),
            Example(f'F.{name}(a, b, reduction="sum")', f"tf.reduce_sum({after})", _TWO),
            Example(f'F.{name}(a, b, reduction="none")', after, _TWO),
            Example(
                f'F.{name}(a, i, reduction="none")', after.replace("b)", "tf.cast(i, a.dtype))"), "a: f32[4], i: i64[4]"
            ),
        ),
    )
    def distance(call: CallSite) -> str | Unmapped:
        """Elementwise, then reduced; labels of a regression may be integers."""
        left, right = call.arg("input"), call.arg("target")
        if (right.dtype or "int") not in ("float32", left.dtype):
            right = Arg(None, f"tf.cast({right.text}, {left.atom}.dtype)", right.info)
        return reduced_loss(call, template.format(a=left.text, b=right.text, aa=left.atom, bb=right.atom))


_distance("mse_loss", "tf.math.squared_difference({a}, {b})", "tf.math.squared_difference(a, b)")
_distance("l1_loss", "tf.abs({aa} - {bb})", "tf.abs(a - b)")


@rewrites(
    RULES,
    f"{_F}smooth_l1_loss",
    args=("input", "target", *_OLD, "reduction", "beta"),
    safety=Safety.CLOSE,
    examples=(
        Example(
            "F.smooth_l1_loss(a, b)",
            "tf.reduce_mean(tf.where(tf.abs(a - b) < 1.0, 0.5 * tf.square(a - b), tf.abs(a - b) - 0.5))",
            _TWO,
        ),
        Example(
            'F.smooth_l1_loss(a, b, reduction="none", beta=n)',
            "tf.where(tf.abs(a - b) < n, 0.5 * tf.square(a - b) / n, tf.abs(a - b) - 0.5 * n)",
            f"{_TWO}, n: 2.0",
        ),
    ),
)
def smooth_l1_loss(call: CallSite) -> str | Unmapped:
    """Square below `beta`, linear beyond."""
    difference = f"{call.arg('input').atom} - {call.arg('target').atom}"
    if call.constant("beta", 1.0) == 1.0:
        beta, square, offset = "1.0", f"0.5 * tf.square({difference})", "0.5"
    else:
        beta = call.arg("beta").atom
        square, offset = f"0.5 * tf.square({difference}) / {beta}", f"0.5 * {beta}"
    return reduced_loss(call, f"tf.where(tf.abs({difference}) < {beta}, {square}, tf.abs({difference}) - {offset})")


@rewrites(
    RULES,
    f"{_F}huber_loss",
    args=("input", "target", "reduction", "delta"),
    safety=Safety.CLOSE,
    examples=(
        Example(
            "F.huber_loss(a, b, delta=n)",
            "tf.reduce_mean(tf.where(tf.abs(a - b) < n, 0.5 * tf.square(a - b), n * (tf.abs(a - b) - 0.5 * n)))",
            f"{_TWO}, n: 2.0",
        ),
    ),
)
def huber_loss(call: CallSite) -> str | Unmapped:
    """Square below `delta`, linear beyond."""
    difference = f"{call.arg('input').atom} - {call.arg('target').atom}"
    delta = call.arg("delta").atom if call.has("delta") else "1.0"
    linear = f"{delta} * (tf.abs({difference}) - 0.5 * {delta})"
    return reduced_loss(call, f"tf.where(tf.abs({difference}) < {delta}, 0.5 * tf.square({difference}), {linear})")


@rewrites(
    RULES,
    f"{_F}kl_div",
    args=("input", "target", *_OLD, "reduction", "log_target"),
    safety=Safety.CLOSE,
    examples=(
        Example(
            'F.kl_div(a, b, reduction="sum")',
            "tf.reduce_sum(tf.math.xlogy(b, b) - b * a)",
            "a: f32[2,3], b: f32(0,1)[2,3]",
        ),
        Example(
            'F.kl_div(a, b, reduction="batchmean", log_target=True)',
            "tf.reduce_sum(tf.exp(b) * (b - a)) / tf.cast(shape_list(a)[0], tf.float32)",
            _TWO,
        ),
    ),
)
def kl_div(call: CallSite) -> str | Unmapped:
    """The input holds logarithms."""
    log, target = call.arg("input"), call.arg("target")
    if call.constant("log_target", False) is True:
        text = f"tf.exp({target.text}) * ({target.atom} - {log.atom})"
    else:
        text = f"tf.math.xlogy({target.text}, {target.text}) - {target.atom} * {log.atom}"
    if call.constant("reduction") == "batchmean":
        return f"tf.reduce_sum({text}) / tf.cast({call.shape(log)}[0], tf.float32)"
    return reduced_loss(call, text)


@rewrites(
    RULES,
    f"{_F}binary_cross_entropy_with_logits",
    args=("input", "target", "weight", *_OLD, "reduction", "pos_weight"),
    safety=Safety.CLOSE,
    examples=(
        Example(
            "F.binary_cross_entropy_with_logits(a, b)",
            "tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=b, logits=a))",
            "a: f32[2,3], b: f32(0,1)[2,3]",
        ),
        Example(
            'F.binary_cross_entropy_with_logits(a, b, weight=w, reduction="sum")',
            "tf.reduce_sum(w * tf.nn.sigmoid_cross_entropy_with_logits(labels=b, logits=a))",
            "a: f32[2,3], b: f32(0,1)[2,3], w: f32(0,1)[2,3]",
        ),
        Example(
            'F.binary_cross_entropy_with_logits(a, b, pos_weight=w, reduction="none")',
            "tf.nn.weighted_cross_entropy_with_logits(labels=b, logits=a, pos_weight=w)",
            "a: f32[2,3], b: f32(0,1)[2,3], w: f32(1,2)[3]",
        ),
    ),
)
def binary_cross_entropy_with_logits(call: CallSite) -> str | Unmapped:
    """Labels come first by keyword."""
    function = "weighted" if call.has("pos_weight") else "sigmoid"
    text = invoke(
        f"tf.nn.{function}_cross_entropy_with_logits",
        labels=call.text("target"),
        logits=call.text("input"),
        pos_weight=given(call, "pos_weight"),
    )
    return reduced_loss(call, f"{call.arg('weight').atom} * {text}" if call.has("weight") else text)


@rewrites(
    RULES,
    f"{_F}binary_cross_entropy",
    args=("input", "target", "weight", *_OLD, "reduction"),
    safety=Safety.CLOSE,
    examples=(
        Example(
            "F.binary_cross_entropy(a, b)",
            "tf.reduce_mean(-(b * tf.math.log(a) + (1.0 - b) * tf.math.log(1.0 - a)))",
            "a: f32(0.1,0.9)[2,3], b: f32(0,1)[2,3]",
        ),
    ),
)
def binary_cross_entropy(call: CallSite) -> str | Unmapped:
    """Of probabilities."""
    if call.has("weight"):
        return call.refuse("TFP102", "argument `weight` has no rule", "multiply the losses by it")
    p, target = call.arg("input").atom, call.arg("target").atom
    return reduced_loss(call, f"-({target} * tf.math.log({p}) + (1.0 - {target}) * tf.math.log(1.0 - {p}))")


@rewrites(
    RULES,
    f"{_F}cross_entropy",
    args=("input", "target", "weight", "size_average", "ignore_index", "reduce", "reduction", "label_smoothing"),
    safety=Safety.CLOSE,
    examples=(
        Example("F.cross_entropy(a, i)", "_cross_entropy(a, i)", "a: f32[4,5], i: i64(0,5)[4]"),
        Example(
            "F.cross_entropy(a, i, ignore_index=1)",
            "_cross_entropy(a, i, ignore_index=1)",
            "a: f32[6,3], i: i64(0,3)[6]",
        ),
        Example(
            'F.cross_entropy(a, i, reduction="sum", label_smoothing=0.1)',
            '_cross_entropy(a, i, reduction="sum", label_smoothing=0.1)',
            "a: f32[4,5,3], i: i64(0,5)[4,3]",
        ),
        Example(
            "F.cross_entropy(a, i, weight=w)",
            "_cross_entropy(a, i, weight=w)",
            "a: f32[6,3], i: i64(0,3)[6], w: f32(1,2)[3]",
        ),
        Example(
            'F.cross_entropy(a, p, reduction="none")',
            '_cross_entropy(a, p, reduction="none")',
            "a: f32[4,5], p: f32(0,1)[4,5]",
        ),
    ),
)
def cross_entropy(call: CallSite) -> str | Unmapped:
    """An emitted function: TensorFlow's has no label to ignore."""
    names = ("weight", "ignore_index", "reduction", "label_smoothing")
    keywords = {name: given(call, name) for name in names}
    return invoke(f"_{call.emits('cross_entropy')}", call.text("input"), call.text("target"), **keywords)


@rewrites(
    RULES,
    f"{_F}nll_loss",
    args=("input", "target", "weight", "size_average", "ignore_index", "reduce", "reduction"),
    safety=Safety.CLOSE,
    examples=(
        Example("F.nll_loss(a, i)", "_nll_loss(a, i)", "a: f32[4,5], i: i64(0,5)[4]"),
        Example(
            'F.nll_loss(a, i, reduction="none")', '_nll_loss(a, i, reduction="none")', "a: f32[4,5], i: i64(0,5)[4]"
        ),
    ),
)
def nll_loss(call: CallSite) -> str | Unmapped:
    """An emitted function: TensorFlow's has no label to ignore."""
    if call.has("weight"):
        return call.refuse("TFP102", "argument `weight` has no rule", "multiply the losses by it")
    keywords = {"ignore_index": given(call, "ignore_index"), "reduction": given(call, "reduction")}
    return invoke(f"_{call.emits('nll_loss')}", call.text("input"), call.text("target"), **keywords)


@rewrites(
    RULES,
    f"{_F}ctc_loss",
    args=("log_probs", "targets", "input_lengths", "target_lengths", "blank", "reduction", "zero_infinity"),
    safety=Safety.CLOSE,
    examples=(
        Example(
            'F.ctc_loss(F.log_softmax(a, dim=-1), i, n, m, blank=0, reduction="sum")',
            '_ctc_loss(tf.nn.log_softmax(a, axis=-1), i, n, m, blank=0, reduction="sum")',
            "a: f32[8,2,5], i: i64(1,5)[5], n: i64(8,8)[2], m: i64(2,2)[2]",
            witness=False,
        ),
        Example(
            "F.ctc_loss(F.log_softmax(a, dim=-1), i, n, m)",
            "_ctc_loss(tf.nn.log_softmax(a, axis=-1), i, n, m)",
            "a: f32[8,2,5], i: i64(1,5)[4], n: i64(8,8)[2], m: i64(2,2)[2]",
        ),
        Example(
            'F.ctc_loss(F.log_softmax(a, dim=-1), i, n, m, reduction="none")',
            '_ctc_loss(tf.nn.log_softmax(a, axis=-1), i, n, m, reduction="none")',
            "a: f32[2,2,5], i: i64(1,5)[2,3], n: i64(2,2)[2], m: i64(3,3)[2]",
        ),
    ),
)
def ctc_loss(call: CallSite) -> str | Unmapped:
    """An emitted function: torch takes flattened targets and reduces."""
    keywords = {name: given(call, name) for name in ("blank", "reduction", "zero_infinity")}
    names = ("log_probs", "targets", "input_lengths", "target_lengths")
    call.uses("shape_list")
    return invoke(f"_{call.emits('ctc_loss')}", *(call.text(name) for name in names), **keywords)
