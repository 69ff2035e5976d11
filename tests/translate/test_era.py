"""The module in the release's spelling: Keras' name, hints, building, serving."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scaffold.core.layout import Finding, Layout
from scaffold.locate import locate
from scaffold.translate.era import building, documented, fitted, hints, serving, spelling
from tests.layouts import miniature


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = keras.layers.Dense(1)", "x = tf.keras.layers.Dense(1)"),
        ("x = tf.keras.layers.Dense(1)", "x = tf.keras.layers.Dense(1)"),
        ("def f(a: keras.layers.Layer): ...", "def f(a: tf.keras.layers.Layer): ..."),
        (
            '"""A `keras.Model`, see https://keras.io/keras.html."""',
            '"""A `tf.keras.Model`, see https://keras.io/keras.html."""',
        ),
        ("from a import keras", "from a import keras"),
        ("my_keras.layers", "my_keras.layers"),
    ],
)
def test_keras(before: str, after: str) -> None:
    assert spelling.tf_keras(before) == after


@pytest.mark.parametrize(
    ("hint", "written"),
    [
        ("tf.Tensor | None", "Optional[tf.Tensor]"),
        ("np.ndarray | tf.Tensor | None", "Optional[Union[np.ndarray, tf.Tensor]]"),
        ("int | str", "Union[int, str]"),
        ("Tuple[tf.Tensor | None]", "Tuple[Optional[tf.Tensor]]"),
        ("Tuple[tf.Tensor | None] | None", "Optional[Tuple[Optional[tf.Tensor]]]"),
        ("Optional[bool]", "Optional[bool]"),
    ],
)
def test_hints(hint: str, written: str) -> None:
    head = "from __future__ import annotations\nimport tensorflow as tf\nimport numpy as np\nfrom typing import Tuple\n"
    text = hints.with_typing(f"{head}def f(é: {hint} = None) -> {hint}: pass\n")
    assert f"def f(é: {written} = None) -> {written}: pass" in text
    assert "from typing import Optional, Union" in text
    assert ("__future__" in text) == ("Optional" in hint)  # that one is bound by the header, which this text lacks


def test_builtin_containers_in_hints() -> None:
    text = "def f(a: Dict[str, List[int]], b: Optional[Tuple[int]] = None) -> Tuple: return Dict"
    after = "def f(a: dict[str, list[int]], b: Optional[tuple[int]] = None) -> tuple: return Dict"
    assert hints.with_builtin_generics(text) == after
    assert fitted(text, Layout(facets={"generics": Finding(value="builtin")})) == after


@pytest.mark.parametrize(
    ("hint", "written"),
    [
        ("Optional[bool]", "bool | None"),
        ("Union[np.ndarray, tf.Tensor, None]", "np.ndarray | tf.Tensor | None"),
        ("tuple[Optional[Union[int, str]], ...]", "tuple[int | str | None, ...]"),
        ("Callable[[Optional[int]], None]", "Callable[[int | None], None]"),
        ("tf.Tensor | None", "tf.Tensor | None"),
    ],
)
def test_operators_in_hints(hint: str, written: str) -> None:
    text = "from __future__ import annotations\ndef f(é: {0} = None) -> {0}: x: {0} = Optional[y]\n"
    assert hints.with_pipes(text.format(hint)) == text.format(written)
    assert fitted(text.format(hint), Layout(facets={"unions": Finding(value="operator")})) == text.format(written)
    evaluated = text.format(hint).partition("\n")[2]
    assert hints.with_pipes(evaluated) == evaluated


def test_a_hint_of_a_later_class_keeps_the_import_from_the_future() -> None:
    text = "from __future__ import annotations\nimport os\ndef f(a: Later): pass\nclass Later: pass\n"
    assert "__future__" in hints.with_typing(text)
    assert "__future__" not in hints.with_typing(text.replace("Later)", "int)"))


LAYER = """
class TFLayer(keras.layers.Layer):
    def call(self, x):
{call}

    def build(self, input_shape=None):
        if self.built:
            return
        self.built = True
        if getattr(self, "dense", None) is not None:
            with tf.name_scope(self.dense.name):
                self.dense.build([None, None, 1])
"""


@pytest.mark.parametrize(
    ("call", "stays"),
    [
        ("return self.dense(x)", False),
        ("return f(self.dense(x), 1)", False),
        ("with a:\n            x = self.dense(x)\n        return x", False),
        (
            "if a:\n            x = self.dense(x)\n        else:\n            x = -self.dense(x)\n        return x",
            False,
        ),
        ("for i, layer in enumerate(self.dense):\n            x = layer(x)\n        return x", False),
        ("for layer, y in zip(self.dense, x):\n            x = layer(x)\n        return x", False),
        (
            "for layer in self.dense:\n            if a:\n                continue\n            x = layer(x)\n        return x",
            True,
        ),
        ("if a:\n            x = self.dense(x)\n        return x", True),
        ("if a:\n            return x\n        return self.dense(x)", True),
        ("return self.dense(x) if a else x", True),
        ("return a and self.dense(x)", True),
        ("return [self.dense(y) for y in x]", True),
        ("while a:\n            x = self.dense(x)\n        return x", True),
        ("return other(x, self.dense)", True),
    ],
)
def test_a_layer_keeps_what_calling_may_not_build(call: str, stays: bool) -> None:
    text = LAYER.format(call=f"        {call}")
    ast.parse(text)
    after = building.implicit(text, models_build=True)
    assert ("def build" in after) == stays
    assert ast.parse(after)


def test_weights_of_a_layer_stay() -> None:
    text = LAYER.format(call="        return self.dense(x)").replace(
        "        if self.built:", '        self.bias = self.add_weight(name="bias")\n\n        if self.built:'
    )
    after = building.implicit(text, models_build=True)
    assert after.endswith('        self.bias = self.add_weight(name="bias")\n\n        super().build(input_shape)\n')


def test_a_shared_layer_is_built_where_it_was() -> None:
    text = LAYER.format(call="        return self.dense(x)").replace(
        "is not None:", "is not None and not self.dense.built:"
    )
    assert building.implicit(text, models_build=True) == text


@pytest.mark.parametrize("models_build", [True, False])
def test_a_model_is_built_by_being_called(models_build: bool) -> None:
    text = LAYER.format(call="        return x").replace("keras.layers.Layer", "TFXPreTrainedModel")
    assert "def build" not in building.implicit(text, models_build=models_build)
    weighted = text.replace("        if self.built:", "        self.w = self.add_weight()\n        if self.built:")
    after = building.implicit(weighted, models_build=models_build)
    assert ("super().build(input_shape)" in after) == models_build
    assert ("self.built = True" in after) != models_build


MODELS = """
from ...modeling_tf_utils import TFPreTrainedModel


class TFXMainLayer(keras.layers.Layer):
    def call(self, {arguments}):
        return TFOutput(last_hidden_state=x, hidden_states=a, attentions=b, past_key_values=c)


class TFXPreTrainedModel(TFPreTrainedModel):
    config_class = XConfig
{members}

class TFXModel(TFXPreTrainedModel):
    def __init__(self, config):
        self.x = TFXMainLayer(config, name="x")

    def call(self, {arguments}):
        return self.x(x)


class TFXForMultipleChoice(TFXPreTrainedModel):
    def call(self, {arguments}):
        if a:
            return (1,)
        return TFChoiceOutput(loss=loss, logits=logits)
"""


def test_text_models_get_their_outputs_and_the_choices() -> None:
    text = MODELS.format(arguments="input_ids, attention_mask=None, token_type_ids=None", members="")
    after = serving.with_methods(text)
    names = [n.name for n in ast.walk(ast.parse(after)) if isinstance(n, ast.FunctionDef)]
    assert names.count("serving_output") == 2
    assert names.count("serving") == 1 and names.count("dummy_inputs") == 1  # of the choices alone
    assert "return TFChoiceOutput(logits=output.logits)" in after
    assert "past_key_values = tf.convert_to_tensor(output.past_key_values) if self.config.use_cache" in after
    assert "from ...utils import MULTIPLE_CHOICE_DUMMY_INPUTS" in after
    assert '"token_type_ids": tf.TensorSpec((None, None, None), tf.int32, name="token_type_ids")' in after


def test_text_models_without_token_types_get_a_signature_without() -> None:
    after = serving.with_methods(MODELS.format(arguments="input_ids, attention_mask=None", members=""))
    base = after[after.index("class TFXPreTrainedModel") : after.index("class TFXModel")]
    assert "def serving(self, inputs)" in base and "token_type_ids" not in base and "dummy_inputs" not in base


def test_image_models_get_images() -> None:
    after = serving.with_methods(MODELS.format(arguments="pixel_values", members=""))
    size = "self.config.num_channels, self.config.image_size, self.config.image_size"
    assert f'"pixel_values": tf.ones([3, {size}], dtype=tf.float32)' in after
    assert '"pixel_values": tf.TensorSpec((None, None, None, None), tf.float32, name="pixel_values")' in after


def test_an_input_signature_becomes_the_methods() -> None:
    members = (
        "\n    @property\n    def input_signature(self):\n        signature = super().input_signature\n"
        '        signature["bbox"] = tf.TensorSpec((None, None, 4), tf.int32, name="bbox")\n        return signature\n'
    )
    after = serving.with_methods(MODELS.format(arguments="input_ids, bbox=None", members=members))
    assert "input_signature(" not in after
    assert '"bbox": tf.ones([3, 5, 4], dtype=tf.int32)' in after
    assert '"input_ids": tf.constant(DUMMY_INPUTS)' in after
    assert "from ...utils import DUMMY_INPUTS, MULTIPLE_CHOICE_DUMMY_INPUTS" in after
    ast.parse(after)


def test_the_layout_decides() -> None:
    text = LAYER.format(call="        return self.dense(x)")
    assert fitted(text, Layout()) == text
    found = {"build_style": "implicit", "keras_import": "tf.keras", "annotations": "typing", "serving": "methods"}
    after = fitted(text, Layout(facets={k: Finding(value=v) for k, v in found.items()}))
    assert "tf.keras.layers.Layer" in after and "def build" not in after
    assert fitted("def (", Layout(facets={k: Finding(value=v) for k, v in found.items()})) == "def ("


ARGS_DOC = '''
class ModelArgs:
    input_ids = {"description": """
    Indices, see [`{processor_class}`].
    """, "shape": "of shape `(batch_size, sequence_length)`"}
    use_cache = {"description": "Whether to cache.", "shape": None}


class ClassDocstring:
    Model = r"""
    The bare {model_name} Model.
    """
    ForMultipleChoice = r"""The {model_name} Model that "chooses"."""
'''

AUTOMATIC = '''
from .configuration_brand_new import BrandNewConfig


class BrandNewPreTrainedModel(PreTrainedModel):
    config_class = BrandNewConfig


@auto_docstring
class BrandNewModel(BrandNewPreTrainedModel):
    pass


@auto_docstring(custom_intro="""
    A model with {braces} of its own.
    """)
class BrandNewForThings(BrandNewPreTrainedModel):
    pass


@auto_docstring
class BrandNewForMultipleChoice(BrandNewPreTrainedModel):
    pass
'''

TENSORFLOW = """
from ...modeling_tf_utils import TFPreTrainedModel


class TFBrandNewPreTrainedModel(TFPreTrainedModel):
    pass


# a word about the model
class TFBrandNewModel(TFBrandNewPreTrainedModel):
    @unpack_inputs
    def call(self, input_ids: TFModelInputType | None = None, use_cache: Optional[bool] = None, odd=None):
        return input_ids


class TFBrandNewForThings(TFBrandNewPreTrainedModel):
    def call(self, input_ids=None):
        return input_ids


class TFBrandNewForMultipleChoice(TFBrandNewPreTrainedModel):
    def call(self, input_ids=None):
        return input_ids
"""


def test_models_that_pytorch_documents_automatically(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    (root / "src/transformers/models/brand_new/modeling_brand_new.py").write_text(AUTOMATIC)
    path = root / "src/transformers/utils/args_doc.py"
    path.write_text(ARGS_DOC)
    located = locate(root, "brand_new")
    names = ("PreTrainedModel", "Model", "ForThings", "ForMultipleChoice")
    twins = {f"BrandNew{name}": f"TFBrandNew{name}" for name in names}
    text = documented(TENSORFLOW, located, twins)
    values: dict[str, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            values[ast.unparse(node.targets[0])] = ast.literal_eval(node.value)
    assert list(values) == ["BRAND_NEW_START_DOCSTRING", "BRAND_NEW_INPUTS_DOCSTRING"]
    assert "config ([`BrandNewConfig`])" in values["BRAND_NEW_START_DOCSTRING"]
    shown = values["BRAND_NEW_INPUTS_DOCSTRING"].format("batch_size, sequence_length")
    assert "input_ids (`np.ndarray` or `tf.Tensor` of shape `(batch_size, sequence_length)`, *optional*):\n" in shown
    assert "Indices, see [`AutoProcessor`]." in shown and "use_cache (`bool`, *optional*):" in shown
    assert "odd" not in shown and "training (`bool`" in shown
    assert text.index("_INPUTS_DOCSTRING") < text.index("# a word about the model")
    assert "The bare BrandNew Model." in text and "A model with {braces} of its own." in text
    assert 'The BrandNew Model that "chooses".' in text
    assert 'BRAND_NEW_INPUTS_DOCSTRING.format("batch_size, num_choices, sequence_length")' in text
    assert text.count("@add_start_docstrings(") == 3
    path.unlink()
    assert documented(TENSORFLOW, located, twins) == TENSORFLOW


def test_models_with_documentation_of_their_own_are_left_alone(tmp_path: Path) -> None:
    located = locate(miniature(tmp_path), "brand_new")
    assert documented(TENSORFLOW, located, {"BrandNewModel": "TFBrandNewModel"}) == TENSORFLOW
