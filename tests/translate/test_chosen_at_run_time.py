"""What a configuration chooses when the model is made: classes from a table, backbones that take other keywords."""

from __future__ import annotations

import re
from pathlib import Path

from tests.translate.checkouts import class_text, method_text, port, statements

TABLE = """
class QuokkaPad(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.pad = nn.Parameter(torch.randn([1, config.hidden_size]))

    def forward(self, hidden_states):
        return hidden_states + self.pad


class QuokkaCrop(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.crop = nn.Parameter(torch.randn([1, config.hidden_size]))

    def forward(self, hidden_states):
        return hidden_states * self.crop


PROMPTERS = {"pad": QuokkaPad, "crop": QuokkaCrop}


class QuokkaPrompted(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.prompter = PROMPTERS[config.kind](config)

    def forward(self, hidden_states):
        return self.prompter(hidden_states)
"""


def test_a_layer_from_a_table_is_named_and_built(tmp_path: Path) -> None:
    text = port(tmp_path, TABLE).text
    assert 'PROMPTERS = {"pad": TFQuokkaPad, "crop": TFQuokkaCrop}' in text
    assert 'self.prompter = PROMPTERS[config.kind](config, name="prompter")' in class_text(text, "TFQuokkaPrompted")
    assert "self.prompter.build(None)" in method_text(text, "TFQuokkaPrompted", "build")


NORMS = (
    TABLE.partition("PROMPTERS")[0]
    + """
NORMS = {"layer_norm": nn.LayerNorm, "pad": QuokkaPad}


class QuokkaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm = NORMS[config.norm](config.hidden_size)
        self.last = NORMS["layer_norm"](config.hidden_size, eps=1e-12)

    def forward(self, hidden_states):
        return self.last(self.norm(hidden_states))
"""
)


def test_a_table_with_torchs_layers_is_a_choice_between_them(tmp_path: Path) -> None:
    translation = port(tmp_path, NORMS)
    assert not translation.markers and "NORMS" not in translation.text
    init = re.sub(r"\s+", " ", method_text(translation.text, "TFQuokkaBlock", "__init__"))
    normal = 'keras.layers.LayerNormalization(epsilon=1e-5, name="norm") if config.norm == "layer_norm"'
    assert f'{normal} else TFQuokkaPad(config.hidden_size, name="norm")' in init
    assert 'self.last = keras.layers.LayerNormalization(epsilon=1e-12, name="last")' in init
    build = method_text(translation.text, "TFQuokkaBlock", "build")
    assert build.count(".build([None, None, self.config.hidden_size])") == 2


FUNCTION = """
def feed_forward(width, inner):
    return nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width))


class QuokkaLayer(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.ffn = feed_forward(width, inner)

    def forward(self, hidden_states):
        return self.ffn(hidden_states)
"""


def test_the_layers_that_a_function_puts_in_a_row_are_made_in_its_place(tmp_path: Path) -> None:
    translation = port(tmp_path, FUNCTION)
    assert not translation.markers and "feed_forward" not in translation.text
    init = method_text(translation.text, "TFQuokkaLayer", "__init__")
    assert 'keras.layers.Dense(units=inner, name="ffn.0")' in init and 'name="ffn.2")' in init
    other = FUNCTION.replace("= feed_forward(width, inner)", "= feed_forward(width, 2 * inner)")
    assert "feed_forward" in port(tmp_path / "other", other).text


LOSSES = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.losses_by_name = {"l2": nn.MSELoss(reduction="none"), "ce": nn.CrossEntropyLoss()}

    def forward(self, logits, labels, name="ce"):
        return self.losses_by_name[name](logits, labels)
"""


def test_losses_in_a_table_are_functions(tmp_path: Path) -> None:
    translation = port(tmp_path, LOSSES, exported=("QuokkaModel",))
    assert not translation.markers
    init = method_text(translation.text, "TFQuokkaMainLayer", "__init__")
    assert '"ce": lambda input, target: _cross_entropy(input, target)' in init and '"l2": lambda input, target:' in init
    assert "self.losses_by_name[name](logits, labels)" in method_text(translation.text, "TFQuokkaMainLayer", "call")


BACKBONES = """
class QuokkaPlainBackbone(nn.Module, BackboneMixin):
    def forward(self, pixel_values, output_hidden_states=None):
        return pixel_values


class QuokkaWideBackbone(nn.Module, BackboneMixin):
    def forward(self, pixel_values, output_hidden_states=None{more}):
        return pixel_values


class QuokkaDepth(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.backbone = QuokkaPlainBackbone(config) if config.plain else QuokkaWideBackbone(config)

    def forward(self, pixel_values, output_hidden_states=None, output_attentions=None):
        return self.backbone.forward_with_filtered_kwargs(
            pixel_values, output_hidden_states=output_hidden_states, output_attentions=output_attentions
        )
"""


def test_keywords_that_no_backbone_takes_are_left_out(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, BACKBONES.format(more="")).text, "TFQuokkaDepth", "call")
    assert "return self.backbone(pixel_values, output_hidden_states=output_hidden_states)" in call


def test_keywords_that_only_some_take_are_looked_at_when_called(tmp_path: Path) -> None:
    text = port(tmp_path, BACKBONES.format(more=", output_attentions=None")).text
    call = " ".join(method_text(text, "TFQuokkaDepth", "call").split())
    assert "_filtered_call( self.backbone, pixel_values, output_hidden_states=output_hidden_states," in call
    assert "def _filtered_call(" in text and "import inspect\n" in text


def test_what_newer_versions_of_pytorch_do_is_ported() -> None:
    lines = 'options = {"align_corners": True} if is_torch_greater_or_equal_than_1_13 else {}\n'
    text = statements(lines + 'x = F.grid_sample(x, g, mode="bilinear", **options)', x="float32[4]", g="float32[4]")
    assert 'x = _grid_sample(x, g, mode="bilinear", align_corners=True)' in text


def test_places_in_rows_are_gathered() -> None:
    assert statements("y = x[tuple(p.t())]", x="float32[2]", p="int64[2]") == "y = tf.gather_nd(x, p)"


def test_the_longest_of_several_tensors() -> None:
    text = statements("n = max(x.shape[0] for x in xs)", xs="list[1]")
    assert text == "n = functools.reduce(tf.maximum, (shape_list(x)[0] for x in xs))"


def test_what_is_a_layer_in_one_branch_alone_is_built_there(tmp_path: Path) -> None:
    layer = """
class QuokkaPooler(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.mode == "average":
            self.pool = nn.AvgPool2d(kernel_size=2, stride=2)
        else:
            self.pool = nn.Conv2d(config.width, 8, kernel_size=2, stride=2)

    def forward(self, x: torch.Tensor):
        return self.pool(x)
"""
    build = method_text(port(tmp_path, layer).text, "TFQuokkaPooler", "build")
    assert 'if isinstance(getattr(self, "pool", None), keras.layers.Layer):' in build
    assert "self.pool.build([None, None, None, self.config.width])" in build
