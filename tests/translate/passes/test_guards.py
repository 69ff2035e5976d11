"""Checks of shapes: an assertion TensorFlow can make, or one for eager mode."""

from __future__ import annotations

import ast
from pathlib import Path

from scaffold.core.typedb import Observation, TypeDB, TypeInfo
from scaffold.translate import translate
from tests.translate.checkouts import BASE, HEAD, checkout, method_text, statements

TYPES = {"x": "float32[2]", "n": "int"}


def test_whole_shapes_are_asserted() -> None:
    text = statements('if x.size() != (n, 2):\n    raise ValueError(f"bad {x.size()}")', **TYPES)
    assert text == 'tf.debugging.assert_equal(shape_list(x), [n, 2], message=(f"bad {shape_list(x)}"))'


def test_without_a_message() -> None:
    text = statements("if x.shape != (n, 2):\n    raise ValueError", **TYPES)
    assert text == "tf.debugging.assert_equal(shape_list(x), [n, 2])"


def test_single_dimensions_are_asked_in_eager_mode_only() -> None:
    text = statements('if x.shape[1] != n or n == 0:\n    # why\n    raise ValueError("bad")', **TYPES)
    assert text == (
        'if tf.executing_eagerly() and (shape_list(x)[1] != n or n == 0):\n    # why\n    raise ValueError("bad")'
    )


def test_values_that_come_from_a_shape_count() -> None:
    text = statements("batch, length = x.shape\nif length > n:\n    raise ValueError(length)", **TYPES)
    assert "if tf.executing_eagerly() and length > n:" in text


def test_configuration_checks_stay() -> None:
    text = "if self.config.width % n != 0:\n    raise ValueError(n)"
    assert statements(text, **TYPES) == text


def test_checks_that_do_more_than_raise_stay() -> None:
    text = "if x.shape[0] != n:\n    x = f(x)"
    assert ast.unparse(ast.parse(statements(text, **TYPES))) == "if shape_list(x)[0] != n:\n    x = f(x)"


def test_asserts_about_shapes_go_and_others_stay() -> None:
    assert statements("assert x.shape[0] == n, 'bad'", **TYPES) == "pass"
    assert statements("assert n > 1, 'bad'", **TYPES) == "assert n > 1, 'bad'"


def test_a_tensor_that_depends_on_a_length_is_chosen_without_a_python_branch() -> None:
    text = statements("length = x.shape[1]\nif length != 1:\n    x = torch.triu(x, diagonal=1)", **TYPES)
    assert "x = tf.cond(tf.not_equal(length, 1), lambda: _triu(x, 1), lambda: x)" in text


def test_a_configured_number_decides_in_python() -> None:
    text = statements("if n != 1:\n    x = torch.triu(x, diagonal=1)", **TYPES)
    assert text.startswith("if n != 1:")


LOOP = """
for k in range(n):
    rows = pick(k)
    if rows.shape[0] == 0:
        continue
    {last}
"""


def test_a_round_that_writes_no_rows_need_not_be_left_out() -> None:
    text = statements(LOOP.format(last="x.index_add_(0, rows, y[rows])"), x="float32[2]", y="float32[2]", n="int")
    assert "continue" not in text
    assert "x = tf.tensor_scatter_nd_add(x, tf.expand_dims(rows, axis=-1)" in text


def test_any_other_round_may_be_left_out() -> None:
    assert "continue" in statements(LOOP.format(last="x = x + rows.max()"), x="float32[2]", n="int")


def test_a_loop_over_the_members_that_are_needed_runs_over_all() -> None:
    text = statements(
        "idx = torch.nonzero(n, as_tuple=True)[0].tolist()\nfor k in idx:\n    x[m[:, k]] = self.f(y[m[:, k]])",
        x="float32[2]",
        y="float32[2]",
        m="bool[2]",
        n="int64[1]",
    )
    assert text.startswith("idx = range(shape_list(n)[0])\nfor k in idx:\n")


def test_a_length_of_a_tensor_is_a_dimension() -> None:
    text = statements('if len(x) != n:\n    raise ValueError("bad")', **TYPES)
    assert text.startswith("if tf.executing_eagerly() and shape_list(x)[0] != n:")


def test_a_number_counted_in_a_tensor_is_asserted() -> None:
    text = statements('k = (x > 0).sum().item()\nif k != n:\n    raise ValueError("bad")', **TYPES)
    assert text.endswith('tf.debugging.assert_equal(k, n, message=("bad"))')


def test_a_padding_mask_that_marks_nothing_stays() -> None:
    types = {"padding_mask": "bool[2]", "mask": "bool[2]"}
    text = statements("if not padding_mask.any():\n    padding_mask = None\nreturn padding_mask", **types)
    assert text == "return padding_mask"
    kept = statements("if not mask.any():\n    mask = None\nreturn mask", **types)
    assert "mask = None" in kept


HANDED = """

class QuokkaDecoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.head = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, count: int, factor: int):
        if count > 0:
            x = x[:, -count:]
        if factor > 0:
            x = x[:, -factor:]
        return self.head(x)


class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.decoder = QuokkaDecoder(config)

    def forward(self, x: torch.Tensor, y: torch.Tensor):
        return self.decoder(x, y.shape[1], factor=2)
"""


def test_a_number_that_another_layer_took_of_a_shape_may_be_unknown(tmp_path: Path) -> None:
    source = HEAD + BASE + HANDED
    lines = source.split("\n")
    sites = {}
    for text, kind in (("count", "int"), ("factor", "int"), ("x[:, -count:]", "tensor"), ("x[:, -factor:]", "tensor")):
        for number, line in enumerate(lines, 1):
            if (start := line.find(f" {text}")) >= 0 and not line.endswith("int):"):
                sites[number, start + 1, number, start + 1 + len(text)] = TypeInfo((Observation(kind, rank=3),))
    located = checkout(tmp_path, source)
    call = " ".join(method_text(translate(located, TypeDB(sites)).text, "TFQuokkaDecoder", "call").split())
    assert "_cond(count > 0, lambda: x[:, -count:], lambda: x)" in call
    assert "if factor > 0: x = x[:, -factor:]" in call


def test_a_causal_mask_of_one_token_is_made_too() -> None:
    text = """
    mask = None
    if shape[-1] > 1:
        mask = _make_causal_mask(shape, past_key_values_length=past)
    return mask
    """
    made = "mask = _make_causal_mask(shape, past_key_values_length=past)\nreturn mask"
    assert statements(text, shape="size[2]") == f"# (it hides nothing from a single token)\n{made}"
    kept = statements(text.replace("past_key_values_length=past", "2"), shape="size[2]")
    assert "if shape[-1] > 1:" in kept


def test_a_factor_of_ones_stays() -> None:
    types = {"attention_mask": "int64[2]", "position": "int64[1]"}
    text = """
    factor = attention_mask
    if position[0] > 0 or (attention_mask is not None and torch.all(attention_mask == 1)):
        factor = None
    return factor
    """
    assert statements(text, **types) == "factor = attention_mask\nreturn factor"


def test_a_rank_is_known_when_a_graph_is_traced() -> None:
    text = statements("if len(mask.shape) > 2:\n    mask = mask[:, :, -1]", mask="float32[3]")
    assert "tf.cond" not in text and "if len(shape_list(mask)) > 2:" in text


def test_how_pytorch_loads_tensorflow_is_left_out() -> None:
    text = statements('from_tf = kwargs.pop("from_tf", False)\nif from_tf:\n    x = load(x)\ny = x', x="float32[3]")
    assert text == "y = x"
    text = statements(
        'if kwargs.get("_fast_init", False):\n    warn(x)\nkwargs["_fast_init"] = False\ny = x', x="float32[3]"
    )
    assert text == "y = x"


def test_a_length_that_is_handed_on_may_be_unknown_too() -> None:
    source = "missing = max(length - 3, 0)\nif missing > 0:\n    x = nn.functional.pad(x, (0, missing))"
    text = statements(source, x="float32[2]", length="int", missing="int")
    assert text.startswith("missing = tf.maximum(length - 3, 0)\nx = _cond(missing > 0, ")


def test_a_number_in_a_list_is_chosen_too() -> None:
    text = statements(
        "n = x.shape[0]\nif total < n:\n    p[0] = p[0] + (n - total)\nelif total > n:\n    p[1] = p[1] + (total - n)",
        x="float32[2]",
        total="int",
    )
    assert "p[0] = tf.cond(tf.less(total, n), lambda: p[0] + (n - total), lambda: p[0])" in text
    assert "p[1] = tf.cond(tf.greater(total, n), lambda: p[1] + (total - n), lambda: p[1])" in text


def test_a_check_of_values_raises_tensorflows_error() -> None:
    check = 'if len(torch.unique_consecutive(x.sum(1))) > 1:\n    raise ValueError("All examples alike.")'
    text = statements(check, x="int64[2]")
    counted = "shape_list(_unique_consecutive(tf.reduce_sum(x, axis=1)))[0]"
    assert text.startswith("if tf.executing_eagerly():\n    tf.debugging.assert_less_equal(")
    assert f'{counted}, 1, message=("All examples alike.")' in text


def test_rows_repeated_to_a_batch_are_chosen_without_a_python_branch() -> None:
    source = """
    n, m = x.shape[0], mask.shape[0]
    if n > 1 and m == 1:
        mask = mask.repeat(n, 1)
    elif m > 1 and n == 1:
        x = x.repeat(m, 1)
    """
    text = statements(source, x="float32[2]", mask="float32[2]", n="int", m="int")
    assert "mask = _cond((n > 1) & (m == 1), lambda: tf.tile(mask, [n, 1]), lambda: mask)" in text
    assert "x = _cond((m > 1) & (n == 1), lambda: tf.tile(x, [m, 1]), lambda: x)" in text


def test_a_branch_that_changes_what_the_next_one_asks_for_stays() -> None:
    source = "if x.shape[0] < n:\n    x = x.repeat(2, 1)\nelif x.shape[0] > n:\n    x = x[:n]"
    assert statements(source, x="float32[2]", n="int").startswith("if shape_list(x)[0] < n:")


def test_a_cut_needs_no_comparison() -> None:
    types = {"x": "float32[3]", "mask": "float32[3]"}
    source = "if mask is not None and mask.shape[-1] < x.shape[-1]:\n    x = x[..., : mask.shape[-1]]"
    cut = "if mask is not None:\n    x = x[..., : shape_list(mask)[-1]]"
    assert statements(source, **types) == cut
    assert statements(source.replace("x.shape[-1]", "x.shape[1]"), **types) != cut
    assert "<" not in statements(source.replace("-1", "1").replace("...", ":"), **types)


def test_what_is_computed_of_a_size_is_checked_in_eager_mode() -> None:
    source = (
        "length = x.shape[-1]\nseconds = length / 9\nif limit is not None and seconds > limit:\n    raise ValueError"
    )
    assert "if tf.executing_eagerly() and (limit is not None and seconds > limit):" in statements(
        source, x="float32[3]"
    )


def test_padding_to_a_size_may_pad_by_nothing() -> None:
    source = (
        "length = x.shape[-1]\nn = 0\nif length <= m:\n    n = m - length + 1\n    x = nn.functional.pad(x, (0, n))"
    )
    types = {"x": "float32[2]", "n": "int", "m": "int"}
    assert "n = tf.maximum(m - length + 1, 0)\nx = tf.pad(x, [[0, 0], [0, n]])" in statements(source, **types)
    for before, after in (("<=", "<"), ("n = 0", "n = 1"), ("+ 1", "+ 2"), ("(0, n)", "(1, n)")):
        assert "tf.maximum" not in statements(source.replace(before, after), **types)
