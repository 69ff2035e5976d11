"""What a configuration chooses when the model is made: classes from a table, backbones that take other keywords."""

from __future__ import annotations

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
