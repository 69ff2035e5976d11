"""Operators, subscripts and attributes: TensorFlow wants explicit casts and gathers where PyTorch promotes and indexes."""

from __future__ import annotations

import pytest

from scaffold.core.typedb import Observation, TypeInfo
from scaffold.translate.engine import translate_expression
from tests.translate.checkouts import engine_for, known

TYPES = {
    "x": "float32[2]",
    "y": "float32[2]",
    "i": "int64[2]",
    "j": "int64[1]",
    "k": "int64[1]",
    "m": "bool[2]",
    "n": "int",
    "s": "size[2]",
    "t": "tuple[2]",
    "h": "float16[2]",
}


def expression(text: str) -> str:
    return translate_expression(text, {name: known(kind) for name, kind in TYPES.items()})[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + y", "x + y"),
        ("x * 2", "x * 2"),
        ("x * i", "x * tf.cast(i, x.dtype)"),
        ("m == True", "m == True"),
        ("i != 0.0", "tf.cast(i, tf.float32) != 0.0"),
        ("m * x", "tf.cast(m, x.dtype) * x"),
        ("m * (x > 0)", "tf.logical_and(m, x > 0)"),
        ("m + m", "tf.logical_or(m, m)"),
        ("i / n", "tf.cast(i, tf.float32) / n"),
        ("i // n", "i // n"),
        ("i * 1.5", "tf.cast(i, tf.float32) * 1.5"),
        ("1.0 - i", "1.0 - tf.cast(i, tf.float32)"),
        ("m + i", "tf.cast(m, tf.int32) + i"),
        ("1 - m", "1 - tf.cast(m, tf.int32)"),
        ("h + x", "tf.cast(h, x.dtype) + x"),
        ("n / 2", "n / 2"),
        ("m & m", "m & m"),
        ("~m", "tf.logical_not(m)"),
        ("-x", "-x"),
    ],
)
def test_binary(text: str, expected: str) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s + (n, 2)", "s + [n, 2]"),
        ("(n,) + s", "[n] + s"),
        ("s + t", "s + list(t)"),
        ("x.shape[:-1] + (n,)", "shape_list(x)[:-1] + [n]"),
        ("x.size() == (n, 2)", "shape_list(x) == [n, 2]"),
        ("s != t", "s != list(t)"),
        ("n in s", "n in s"),
    ],
)
def test_shapes_are_lists(text: str, expected: str) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x > y", "x > y"),
        ("x == i", "x == tf.cast(i, x.dtype)"),
        ("x is None", "x is None"),
        ("i >= n", "i >= n"),
        ("m > 0", "tf.cast(m, tf.int32) > 0"),
        ("m == 0", "tf.cast(m, tf.int32) == 0"),
    ],
)
def test_comparisons(text: str, expected: str) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[:, 0]", "x[:, 0]"),
        ("x[..., None]", "x[..., None]"),
        ("x[n]", "x[n]"),
        ("x[j]", "tf.gather(x, j)"),
        ("x[:, j]", "tf.gather(x, j, axis=1)"),
        ("x[m]", "tf.boolean_mask(x, m)"),
        ("x[j, k]", "tf.gather_nd(x, tf.stack([j, k], axis=-1))"),
        ("x[torch.arange(n), j]", "tf.gather(x, j, batch_dims=1)"),
    ],
)
def test_subscripts(text: str, expected: str) -> None:
    assert expression(text) == expected


def test_an_index_without_a_form_is_marked() -> None:
    text, diagnostics, _ = translate_expression("x[j, 0:1]", {name: known(kind) for name, kind in TYPES.items()})
    assert text == "x[j, 0:1]"
    assert [d.code for d in diagnostics] == ["TFP121"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x.shape", "shape_list(x)"),
        ("x.dtype", "x.dtype"),
        ("self.training", "training"),
        ("config.shape_of_things", "config.shape_of_things"),
        ("x.max(dim=1).values", "tf.reduce_max(x, axis=1)"),
    ],
)
def test_attributes(text: str, expected: str) -> None:
    assert expression(text) == expected


def test_a_squeezed_mask_that_is_repeated_keeps_the_batch() -> None:
    seen = TypeInfo((Observation("tensor", "float32", 4, None, (5, 1, 1, 7)),))
    text = translate_expression("x.squeeze().repeat(1, n, 1)", {"x": seen, "n": known("int")})[0]
    assert text == "tf.tile(tf.squeeze(x, axis=[1, 2])[None], [1, n, 1])"


def test_indices_of_different_shapes_are_broadcast_as_torch_does() -> None:
    rows, columns = (TypeInfo((Observation("tensor", "int64", 2, None, shape),)) for shape in ((5, 1), (5, 3)))
    given = {"x": known("float32[3]"), "i": rows, "j": columns}
    text = translate_expression("x[i, j]", given)[0]
    assert text == "tf.gather_nd(x, tf.stack([i + tf.zeros_like(j), j + tf.zeros_like(i)], axis=-1))"
    assert translate_expression("x[j, j]", given)[0] == "tf.gather_nd(x, tf.stack([j, j], axis=-1))"


def test_a_mask_that_is_of_integers_or_of_truths_is_cast_to_the_dtype_of_floats() -> None:
    given = {"x": known("float32[2]"), "m": known("int64[2] | bool[2]")}
    assert translate_expression("x + m", given)[0] == "x + tf.cast(m, x.dtype)"


SINGLE = TypeInfo((Observation("tensor", "float32", 3, None, (2, 1, 1)),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nn.MaxPool1d(2)(x).squeeze(-1)", True),
        ("outputs.hidden_states[-1].squeeze(1)", True),
        ("x.squeeze(1)", False),
    ],
)
def test_an_axis_that_is_a_length_may_be_longer_than_in_a_tiny_model(text: str, expected: bool) -> None:
    made = translate_expression(text, {"x": SINGLE, "outputs.hidden_states[-1]": SINGLE})[0]
    assert (" == 1 else " in made) is expected


def test_an_axis_in_front_of_what_a_layer_returns_may_be_the_configurations() -> None:
    text = """
class Relations(nn.Module):
    def forward(self, x):
        return x

class Head(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.relations = Relations(config)

    def forward(self, x):
        return self.relations(x).squeeze(0)
"""
    engine = engine_for(text)
    returned = engine.classes["Head"].methods["forward"].body[0].value  # type: ignore[attr-defined]
    assert engine.expression(returned) == "_squeeze_one(self.relations(x), axis=0)"
    assert "squeeze_one" in engine.emits
