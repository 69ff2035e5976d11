"""Stretches that stay channels-last: what moves, and what must not."""

from __future__ import annotations

import ast
from textwrap import dedent, indent

from scaffold.translate.channels_last import fused

BACK, FORTH = "perm=(0, 3, 1, 2)", "perm=(0, 2, 3, 1)"
CONVOLVED = f"x = tf.transpose(self.conv(tf.transpose(x, {FORTH})), {BACK})"
CLASS = """
class TFLayer(keras.layers.Layer):
    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        self.conv = keras.layers.Conv2D(filters=4, kernel_size=1, name="conv")
        self.norm = keras.layers.BatchNormalization(axis=1, epsilon=1e-5, name="norm")
        self.act = get_tf_activation("relu")

    def call(self, x, training=False):
{body}

    def build(self, input_shape=None):
        self.norm.build([None, self.width, None, None])
"""


def module(body: str) -> str:
    return CLASS.format(body=indent(dedent(body).strip(), " " * 8))


def called(body: str) -> list[str]:
    """Statements of `call` afterwards."""
    tree = ast.parse(fused(module(body)))
    (layer,) = (n for n in tree.body if isinstance(n, ast.ClassDef))
    return [ast.unparse(s) for m in layer.body if isinstance(m, ast.FunctionDef) and m.name == "call" for s in m.body]


def test_normalisation_and_activation_come_before_the_transposition() -> None:
    body = f"{CONVOLVED}\nx = self.norm(x, training=training)\nx = self.act(x)\nreturn x"
    assert called(body) == [
        f"x = self.conv(tf.transpose(x, {FORTH}))",
        "x = self.norm(x, training=training)",
        "x = self.act(x)",
        f"return tf.transpose(x, {BACK})",
    ]
    text = fused(module(body))
    assert "BatchNormalization(epsilon=1e-5" in text and "self.norm.build([None, None, None, self.width])" in text


def test_two_convolutions_need_one_pair_of_transpositions() -> None:
    body = f"{CONVOLVED}\nx = self.act(x)\nx = tf.transpose(self.other(tf.transpose(x, {FORTH})), {BACK})\nreturn x"
    assert called(body) == [
        f"x = self.conv(tf.transpose(x, {FORTH}))",
        "x = self.act(x)",
        f"x = tf.transpose(self.other(x), {BACK})",
        "return x",
    ]


def test_a_transposition_that_the_model_itself_undoes_goes() -> None:
    body = f"{CONVOLVED}\nx = tf.transpose(x, {FORTH})  # channels last\nx = self.dense(x)\nreturn x"
    assert called(body) == [f"x = self.conv(tf.transpose(x, {FORTH}))", "x = self.dense(x)", "return x"]
    assert "# channels last" not in fused(module(body))


def test_an_optional_layer_moves_with_the_rest() -> None:
    body = f"{CONVOLVED}\nif self.norm is not None:\n    x = self.norm(x, training=training)\nx = x + 1\nreturn x"
    assert called(body)[-3:] == [f"x = tf.transpose(x, {BACK})", "x = x + 1", "return x"]


def test_a_normalisation_that_something_else_uses_stays() -> None:
    for more in ("y = self.norm(y)", "y = f(x)\n{}".format("x = self.norm(x)")):
        body = f"{CONVOLVED}\nx = self.norm(x)\n{more}\nreturn x, y"
        assert fused(module(body)) == module(body)
    body = f"{CONVOLVED}\nx = self.norm(x)\nreturn x"
    foreign = module(body) + "\n\ndef apply(layer, x):\n    return layer.norm(x)\n"
    assert fused(foreign) == foreign


def test_a_class_that_another_derives_from_stays() -> None:
    body = f"{CONVOLVED}\nx = self.norm(x)\nreturn x"
    derived = module(body) + "\n\nclass TFOther(TFLayer):\n    def call(self, x):\n        return self.norm(x)\n"
    assert fused(derived) == derived


def test_a_tensor_that_is_used_beside_the_next_convolution_keeps_its_transposition() -> None:
    body = f"{CONVOLVED}\nx = x + tf.transpose(self.other(tf.transpose(x, {FORTH})), {BACK})\nreturn x"
    assert fused(module(body)) == module(body)
