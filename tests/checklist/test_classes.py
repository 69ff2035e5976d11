"""How the layers a class creates are read from its source."""

from __future__ import annotations

import ast
import textwrap

import pytest

from scaffold.checklist.classes import ClassTable


def table(init: str, others: str = "") -> ClassTable:
    """A table of one layer TFA whose constructor has this body."""
    body = textwrap.indent(textwrap.dedent(init).strip("\n"), " " * 8)
    text = f"class TFA(keras.layers.Layer):\n    def __init__(self, config):\n{body}\n\n{textwrap.dedent(others)}"
    return ClassTable(ast.parse(text))


@pytest.mark.parametrize(
    ("init", "children"),
    [
        ("self.x = keras.layers.Dense(3)", [("x", "Dense")]),
        ("self.x = tf.keras.layers.Dense(3)", [("x", "Dense")]),
        ("self.x = TFB(config)", [("x", "TFB")]),
        ("self.x = [TFB(config) for _ in range(2)]", [("x", "TFB")]),
        ("self.x = TFB(config) if config.y else keras.layers.Identity()", [("x", "TFB"), ("x", "Identity")]),
        ("self.x = []\nfor i in range(2):\n    self.x.append(TFB(config))", [("x", "TFB")]),
        ("x = []\nfor i in range(2):\n    x.append(TFB(config))\nself.x = x", [("x", "TFB")]),
        ("self.x = keras.Sequential([keras.layers.Dense(1), TFB()])", [("x", "Dense"), ("x", "TFB")]),
        ("self.x = TFAutoModel.from_config(config)", [("x", "TFAutoModel")]),
        ("self.x = config.hidden_size\nself.y = int(3)\nself.z = get_tf_activation('gelu')", []),
        ("self.x = keras.activations.get('relu')", []),
    ],
)
def test_children(init: str, children: list[tuple[str, str]]) -> None:
    assert [(c.attribute, c.layer) for c in table(init).children("TFA")] == children


def test_weights_and_training_are_inherited_from_children_of_children() -> None:
    others = """
    class TFB(keras.layers.Layer):
        def __init__(self):
            self.drop = keras.layers.Dropout(0.1)

    class TFC(keras.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(name="w")
    """
    holds_b = table("self.x = TFB()", others)
    assert holds_b.training_sensitive("TFA") and not holds_b.weighted("TFA")
    holds_c = table("self.x = TFC()", others)
    assert holds_c.weighted("TFA") and not holds_c.training_sensitive("TFA")


def test_recursive_classes_end() -> None:
    assert table("self.x = TFA(config)\nself.y = keras.layers.Dense(1)").weighted("TFA")


def test_models_layers_and_base_classes_are_told_apart() -> None:
    tree = ast.parse(
        "class TFXPreTrainedModel(TFPreTrainedModel): ...\n"
        "class TFXModel(TFXPreTrainedModel): ...\n"
        "class TFXHead(TFXModel): ...\n"
        "class TFXLayer(keras.layers.Layer): ...\n"
        "class TFXEmbedding(keras.layers.Embedding): ...\n"
        "class TFXOutput(ModelOutput): ...\n"
    )
    classes = ClassTable(tree)
    assert [name for name in classes if classes.is_model(name)] == ["TFXModel", "TFXHead"]
    assert [name for name in classes if classes.is_layer(name)] == ["TFXLayer", "TFXEmbedding"]
