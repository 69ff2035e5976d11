"""Methods that models inherit from the pretrained base class; lists made before they become module lists; lengths at run time."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, method_text, port, statements

MODEL = """
class QuokkaPreTrainedModel(PreTrainedModel):
    config_class = QuokkaConfig
    base_model_prefix = "quokka"

    def _lengths(self, input_lengths):
        return self._half(input_lengths)

    def _half(self, input_lengths):
        return input_lengths // 2

    def _unused(self):
        return torch.foo()


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        if config.hidden_size > 4:
            layers = [nn.Linear(8, 8)] + [nn.Linear(8, 8) for i in range(config.hidden_size - 1)]
        else:
            layers = [nn.Linear(8, 8) for i in range(config.hidden_size)]
        self.layers = nn.ModuleList(layers)

    def forward(self, input_values):
        return self._lengths(input_values)


class QuokkaForCTC(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)

    def forward(self, input_values):
        return self._half(self.quokka(input_values))
"""


def test_a_main_layer_has_the_methods_it_calls(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL, exported=("QuokkaModel", "QuokkaForCTC")).text
    main, base = class_text(text, "TFQuokkaMainLayer"), class_text(text, "TFQuokkaPreTrainedModel")
    assert "def _lengths(self, input_lengths):" in main and "def _half(self, input_lengths):" in main
    assert "def _half(self, input_lengths):" in base and "def _lengths(self, input_lengths):" in base
    assert "_unused" not in text


def test_members_of_a_local_list_are_named_after_the_module_list(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL, exported=("QuokkaModel", "QuokkaForCTC")).text
    written = method_text(text, "TFQuokkaMainLayer", "__init__")
    assert 'name="layers.0"' in written and 'name=f"layers.{i + 1}"' in written and 'name=f"layers.{i}"' in written


def test_what_depends_on_a_rank_is_asked_when_it_runs() -> None:
    assert statements("y = x.transpose(0, 2)", x="tensor") == "y = _swap_axes(x, 0, 2)"
    assert statements("y = x.repeat(n, 1)", x="tensor", n="int") == "y = _tile(x, [n, 1])"
    assert statements("x[..., 1:n] = 0", x="tensor", n="int") == "x = _assign(x, np.s_[..., 1:n], 0)"


LISTS = """
class QuokkaEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        model = [nn.Linear(8, 8)]
        for _ in range(config.hidden_size):
            model += [nn.ELU(), nn.Linear(8, 8)]
        self.layers = nn.ModuleList(model)
        self.block = []
        for _ in range(2):
            self.block += [nn.Linear(8, 8)]
        self.block = nn.ModuleList(self.block)
        self.make_weights(config.hidden_size + 2, dim=4)

    def make_weights(self, num_embeddings, dim):
        table = self.get_embedding(num_embeddings, dim)
        self.table = nn.Parameter(table)
        self.table.requires_grad = False

    @staticmethod
    def get_embedding(num_embeddings, dim):
        return torch.zeros(num_embeddings, dim)

    def forward(self, hidden_states):
        if hidden_states.shape[1] > self.table.shape[0]:
            self.make_weights(hidden_states.shape[1], 4)
        hidden_states = hidden_states + self.table[0]
        for layer in self.layers:
            hidden_states = layer(hidden_states)
        for layer in self.block:
            hidden_states = layer(hidden_states)
        return hidden_states
"""


def test_members_added_with_an_operator_are_named(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, LISTS).text, "TFQuokkaEncoder")
    assert 'name=f"layers.{len(model) + 1}"' in text and 'name=f"block.{len(self.block)}"' in text


def test_a_weight_that_a_method_makes_is_a_weight(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, LISTS).text, "TFQuokkaEncoder")
    assert "self.initial_table = self.get_embedding(config.hidden_size + 2, 4)" in text
    assert "shape=shape_list(self.initial_table)" in text and "trainable=False" in text
    assert (
        "            self.make_weights(shape_list(hidden_states)[1], 4)\n" in text
    )  # weights are loaded, so they do not grow
    assert "requires_grad" not in text


HEAD = """
from ...activations import ACT2CLS


class QuokkaHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.flatten = nn.Flatten(start_dim=-2)
        self.rows = nn.Flatten()
        self.act = ACT2CLS[config.hidden_act]()

    def forward(self, hidden_states):
        return self.act(self.rows(self.flatten(hidden_states)))
"""


def test_flattening_and_activation_classes(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, HEAD).text, "TFQuokkaHead")
    assert "self.flatten = lambda x: flatten(x, start_dim=-2)" in text
    assert "self.rows = keras.layers.Flatten()" in text
    assert "self.act = get_tf_activation(config.hidden_act)" in text


PAST = """
class QuokkaLoss(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight_of = weight

    def forward(self, x):
        return x * self.weight_of


class QuokkaOtherLoss(QuokkaLoss):
    def __init__(self, weight):
        nn.Module.__init__(self)
        self.weight_of = weight + 1
"""


def test_a_constructor_that_passes_its_base_by(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, PAST).text, "TFQuokkaOtherLoss")
    assert "        keras.layers.Layer.__init__(self, **kwargs)\n        self.weight_of = weight + 1" in text
    assert "super()" not in text


SHARED = """
class QuokkaPreTrainedModel(PreTrainedModel):
    config_class = QuokkaConfig
    base_model_prefix = "quokka"

    def embed(self, x):
        return self.dropout(x)


class QuokkaForCTC(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dropout = nn.Dropout(0.1)

    def forward(self, input_values):
        return self.embed(input_values)
"""


def test_a_method_of_the_base_takes_the_mode_that_its_models_hand_it(tmp_path: Path) -> None:
    text = port(tmp_path, SHARED, exported=("QuokkaForCTC",)).text
    assert (
        "def embed(self, x, training: bool = False):" in text and "self.embed(input_values, training=training)" in text
    )


SETTING = """
class QuokkaPreTrainedModel(PreTrainedModel):
    config_class = QuokkaConfig
    base_model_prefix = "quokka"

    def set_language(self, language: str):
        self.config.language = language

    def freeze_languages(self):
        for layer in self.quokka.layer:
            for parameter in layer.output.parameters():
                parameter.requires_grad = False
            for parameter in layer.languages.parameters():
                parameter.requires_grad = False


class QuokkaLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.output = nn.Linear(8, 8)
        self.languages = nn.ModuleDict({})
        for language in config.languages:
            self.languages[str(language)] = nn.Linear(8, 8)

    def forward(self, x):
        return self.output(self.languages["en"](x))


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.layer = nn.ModuleList([QuokkaLayer(config) for _ in range(2)])

    def forward(self, x):
        for layer in self.layer:
            x = layer(x)
        return x


class QuokkaForMaskedLM(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)

    def forward(self, x):
        return self.quokka(x)
"""


def test_models_have_what_sets_and_freezes_parts_of_them(tmp_path: Path) -> None:
    base = class_text(
        port(tmp_path, SETTING, exported=("QuokkaModel", "QuokkaForMaskedLM")).text, "TFQuokkaPreTrainedModel"
    )
    assert "def set_language(self, language: str):\n        self.config.language = language\n" in base
    assert (
        "    def freeze_languages(self):\n"
        "        for layer in self.quokka.layer:\n"
        "            layer.quokka_output.trainable = False\n"
        "            for member in layer.languages.values():\n"
        "                member.trainable = False"
    ) in base
