"""Classes as they are written: layers, thin models, heads, outputs."""

from __future__ import annotations

import ast
from pathlib import Path

from scaffold.core.translation import Translation
from tests.translate.checkouts import class_text, method_text, port
from tests.translate.quokka import MODEL


def bases(text: str, name: str) -> list[str]:
    node = ast.parse(class_text(text, name)).body[0]
    assert isinstance(node, ast.ClassDef)
    return [ast.unparse(b) for b in node.bases]


def test_bases(ported: Translation) -> None:
    text = ported.text
    assert bases(text, "TFQuokkaPreTrainedModel") == ["TFPreTrainedModel"]
    assert bases(text, "TFQuokkaAttention") == ["keras.layers.Layer"]
    assert bases(text, "TFQuokkaMainLayer") == ["keras.layers.Layer"]
    assert bases(text, "TFQuokkaModel") == ["TFQuokkaPreTrainedModel"]
    assert bases(text, "TFQuokkaForMaskedLM") == ["TFQuokkaPreTrainedModel", "TFMaskedLanguageModelingLoss"]
    assert bases(text, "TFQuokkaForQuestionAnswering") == ["TFQuokkaPreTrainedModel", "TFQuestionAnsweringLoss"]
    assert bases(text, "TFQuokkaForOddity") == ["TFQuokkaPreTrainedModel"]


def test_the_base_class_keeps_what_means_something(ported: Translation) -> None:
    text = class_text(ported.text, "TFQuokkaPreTrainedModel")
    assert "config_class = QuokkaConfig" in text
    assert 'base_model_prefix = "quokka"' in text
    assert "supports_gradient_checkpointing" not in text
    assert "_init_weights" not in text


def test_the_thin_model_hands_every_argument_on(ported: Translation) -> None:
    init = method_text(ported.text, "TFQuokkaModel", "__init__")
    assert 'self.quokka = TFQuokkaMainLayer(config, add_scale=add_scale, name="quokka")' in init
    call = ast.parse(method_text(ported.text, "TFQuokkaModel", "call")).body[0]
    assert isinstance(call, ast.FunctionDef)
    inner = next(c for c in ast.walk(call) if isinstance(c, ast.Call) and ast.unparse(c.func) == "self.quokka")
    assert {k.arg: ast.unparse(k.value) for k in inner.keywords} == {
        a.arg: a.arg for a in call.args.args if a.arg != "self"
    }


def test_heads_hold_the_main_layer_under_the_prefix(ported: Translation) -> None:
    for name in [model for model in ported.models[1:] if "Backbone" not in model]:
        init = method_text(ported.text, name, "__init__")
        assert "def __init__(self, config: QuokkaConfig, *inputs, **kwargs):" in init
        assert "super().__init__(config, *inputs, **kwargs)" in init
        assert "self.quokka = TFQuokkaMainLayer(" in init
        assert "post_init" not in init


def test_a_backbone_keeps_the_mixin_that_serves_both_frameworks(ported: Translation) -> None:
    assert "class TFQuokkaBackbone(TFQuokkaPreTrainedModel, BackboneMixin):" in ported.text


def test_flags_that_unpack_inputs_fills_are_not_filled_twice(ported: Translation) -> None:
    assert "use_return_dict" not in ported.text


def test_models_take_numpy_arrays_and_layers_tensors(ported: Translation) -> None:
    assert "input_ids: TFModelInputType | None = None" in method_text(ported.text, "TFQuokkaModel", "call")
    assert "labels: np.ndarray | tf.Tensor | None = None" in method_text(ported.text, "TFQuokkaForMaskedLM", "call")
    assert "attention_mask: tf.Tensor | None = None" in method_text(ported.text, "TFQuokkaEncoder", "call")


def test_build_methods_are_guarded_and_scoped(ported: Translation) -> None:
    owners = [n for n in ast.parse(ported.text).body if isinstance(n, ast.ClassDef) and n.name != "TFQuokkaOutput"]
    builds = [m for n in owners for m in n.body if isinstance(m, ast.FunctionDef) and m.name == "build"]
    assert len(builds) == len(owners) - 1  # all but the abstract base class
    for build in builds:
        text = ast.unparse(build)
        assert "if self.built:\n        return" in text
        assert "self.built = True" in text
        assert text.count(".build(") <= text.count("with tf.name_scope(")


def test_documentation_follows_the_class(ported: Translation) -> None:
    assert class_text(ported.text, "TFQuokkaModel").startswith(
        '@add_start_docstrings("The bare Quokka.", QUOKKA_START_DOCSTRING)\n'
    )
    assert "add_start_docstrings" not in class_text(ported.text, "TFQuokkaMainLayer")


def test_outputs_are_dataclasses_of_tensors(tmp_path: Path) -> None:
    body = (
        '\n\n@dataclass\nclass QuokkaOutputs(ModelOutput):\n    """Outputs, `torch.FloatTensor`s."""\n\n'
        "    loss: Optional[torch.FloatTensor] = None\n    logits: torch.FloatTensor = None\n"
        "    states: Optional[Tuple[torch.FloatTensor]] = None\n"
    )
    text = class_text(port(tmp_path, body).text, "TFQuokkaOutputs")
    assert text.startswith("@dataclass\nclass TFQuokkaOutputs(ModelOutput):")
    assert "    loss: tf.Tensor | None = None\n    logits: tf.Tensor | None = None\n" in text
    assert "states: Optional[Tuple[tf.Tensor]] = None" in text
    assert '"""Outputs, `tf.Tensor`s."""' in text


def test_methods_only_pytorch_needs_go(tmp_path: Path) -> None:
    body = MODEL.replace(
        "    def split(self, x: torch.Tensor)",
        "    def prune_heads(self, heads):\n        torch.index_select(heads)\n\n"
        "    def _init_rope(self):\n        torch.unheard_of()\n\n    def split(self, x: torch.Tensor)",
    )
    text = port(tmp_path, body).text
    assert "prune_heads" not in text
    assert "_init_rope" not in text
    assert "def split(self, x: tf.Tensor)" in text


EAGER = """
def eager_attention(module, query: torch.Tensor, **kwargs):
    return nn.functional.dropout(query, p=module.rate, training=module.training), None


def flash_attention(module, query, **kwargs):
    return query, None


def flex_attention(module, query, **kwargs):
    return query, None


QUOKKA_ATTENTION_FUNCTION = {"eager": eager_attention, "flash_attention_2": flash_attention, "flex_attention": flex_attention}


class QuokkaAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.rate = config.rate

    def forward(self, query: torch.Tensor):
        if isinstance(query, torch.Tensor):
            query = query.contiguous() * 2
        attention_type = self.config._attn_implementation
        output, weights = QUOKKA_ATTENTION_FUNCTION[attention_type](self, query)
        return output


class QuokkaOptions(TypedDict):
    length: int


class QuokkaHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = QuokkaAttention(config)

    def forward(self, query: torch.Tensor, length=None, **kwargs: Unpack[QuokkaOptions]):
        length = length or query.sum()
        return self.attention(query, **kwargs)
"""


def test_the_eager_function_is_told_whether_its_layer_trains(tmp_path: Path) -> None:
    text = port(tmp_path, EAGER).text
    assert "def eager_attention(module, query: tf.Tensor, training: bool = False, **kwargs):" in text
    assert "tf.nn.dropout(query, rate=module.rate) if training else query" in text
    assert "eager_attention(self, query, training=training)" in class_text(text, "TFQuokkaAttention")
    assert "self.attention(query, training=training)" in class_text(text, "TFQuokkaHead")
    assert "flash_attention" not in text and "flex_attention" not in text and "attention_type" not in text


CHOSEN = """
def eager_attention(module: nn.Module, query: torch.Tensor, scale=1.0, **kwargs: Unpack[QuokkaOptions]):
    return nn.functional.dropout(query * scale, p=module.rate, training=module.training)


class QuokkaAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.rate = config.rate

    def forward(self, query: torch.Tensor, scale=1.0, **kwargs: Unpack[QuokkaOptions]):
        attention: Callable = eager_attention
        if self.config._attn_implementation != "eager":
            attention = ALL_ATTENTION_FUNCTIONS[self.config._attn_implementation]
        return attention(self, query, scale if self.training else 1.0, **kwargs)


class QuokkaHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = QuokkaAttention(config)

    def forward(self, query: torch.Tensor, **kwargs: Unpack[QuokkaOptions]):
        return self.attention(query, position_ids=query, **kwargs)
"""


def test_a_chosen_attention_function_is_called_as_the_eager_one(tmp_path: Path) -> None:
    text = port(tmp_path, CHOSEN).text
    attention = class_text(text, "TFQuokkaAttention")
    assert "return attention(self, query, scale if training else 1.0, training=training)" in attention
    assert "ALL_ATTENTION_FUNCTIONS" not in text


def test_what_only_typed_keywords_take_is_left_out_of_a_call(tmp_path: Path) -> None:
    head = class_text(port(tmp_path, CHOSEN).text, "TFQuokkaHead")
    assert "return self.attention(query, training=training)" in head
    assert "kwargs" not in head.split("def call", 1)[1]


def test_small_things_of_attention(tmp_path: Path) -> None:
    text = port(tmp_path, EAGER).text
    assert "tf.is_tensor(query)" in text
    assert "length = length if length is not None else tf.reduce_sum(query)" in text
    assert "QuokkaOptions" not in text
    assert "**kwargs" not in method_text(text, "TFQuokkaHead", "call")


def test_a_method_that_is_not_scripted_is_kept_where_it_is_called(tmp_path: Path) -> None:
    body = """
class QuokkaThing(nn.Module):
    @torch.jit.ignore
    def widened(self, x):
        return x + 1

    @torch.jit.ignore
    def unused(self, x):
        return x

    def forward(self, x: torch.Tensor):
        return self.widened(x)
"""
    text = class_text(port(tmp_path, body).text, "TFQuokkaThing")
    assert "def widened" in text and "def unused" not in text and "jit" not in text


def test_a_field_without_a_default_is_kept(tmp_path: Path) -> None:
    body = """
@dataclass
class QuokkaOutput(ModelOutput):
    states: torch.FloatTensor
    others: Optional[Tuple[torch.FloatTensor]] = None


class QuokkaLayer(nn.Module):
    def forward(self, x):
        return QuokkaOutput(states=x)
"""
    text = class_text(port(tmp_path, body).text, "TFQuokkaOutput")
    assert "    states: tf.Tensor | None = None\n    others:" in text


def test_a_function_that_nothing_calls_is_left_out(tmp_path: Path) -> None:
    body = """
class QuokkaCut(nn.Module):
    def forward(self, x: torch.Tensor):
        if x.shape[1] > 1:
            x = x[:, 1:] * 2
OTHERWISE        return x
"""
    assert "def _cond(" in port(tmp_path, body.replace("OTHERWISE", "")).text
    text = port(tmp_path, body.replace("OTHERWISE", "        else:\n            x = x * 3\n")).text
    assert "x = x * 3" in text and "_cond" not in text
