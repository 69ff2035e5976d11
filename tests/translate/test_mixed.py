"""Lists of lists, lists of unlike layers, layers handed to constructors, classes that derive from torch layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translate.checkouts import class_text, method_text, port, statements

LISTS = """
class QuokkaFocus(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.focus = nn.ModuleList()
        for i in range(2):
            self.focus.append(nn.Sequential(nn.Linear(4, 4), nn.Dropout(config.rate)))
        parts = [nn.Linear(4, 4)]
        parts.append(nn.Dropout(config.rate))
        self.parts = nn.Sequential(*parts)

    def forward(self, hidden_states):
        for i in range(2):
            hidden_states = self.focus[i](hidden_states)
        hidden_states = self.parts(hidden_states)
        return hidden_states
"""


def test_a_list_in_a_list_is_unrolled(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, LISTS).text, "TFQuokkaFocus", "call")
    assert "hidden_states = self.focus[i][0](hidden_states)" in call
    assert "hidden_states = self.focus[i][1](hidden_states, training=training)" in call


def test_members_that_nothing_tells_apart_are_called_alike(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, LISTS).text, "TFQuokkaFocus", "call")
    assert "for layer_module in self.parts:\n        hidden_states = layer_module(hidden_states)" in call


PAIR = """
class QuokkaPair(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3, 4, 1), nn.ReLU()])

    def forward(self, pixels):
        for layer in self.layers:
            pixels = layer(pixels)
        return pixels
"""


def test_a_convolution_in_such_a_list_puts_the_channels_last_by_itself(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, PAIR).text, "TFQuokkaPair")
    assert "TFQuokkaConv2D(" in text and "channels_first=True" in text
    assert "pixels = layer(pixels)" in text


STAGES = """
class QuokkaBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.dense = nn.Linear(width, width)

    def forward(self, hidden_states):
        return self.dense(hidden_states)


class QuokkaResidual(nn.Module):
    def __init__(self, module, rate):
        super().__init__()
        self.module = module

    def forward(self, hidden_states):
        return hidden_states + self.module(hidden_states)


class QuokkaStages(nn.Module):
    def __init__(self, config):
        super().__init__()
        kind = QuokkaBlock if config.wide else QuokkaBlock
        self.stages = nn.Sequential()
        self.blocks = []
        for i in range(2):
            self.stages.add_module(str(i), kind(config.hidden_size))
            block = QuokkaResidual(QuokkaBlock(4), 0.1)
            self.blocks.append(block)
        self.blocks = nn.ModuleList(self.blocks)

    def forward(self, hidden_states):
        return self.stages(hidden_states)
"""


def test_a_module_that_is_added_has_its_key_in_its_name(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, STAGES).text, "TFQuokkaStages")
    assert 'self.stages.append(kind(config.hidden_size, name=f"stages.{i}"))' in text


def test_a_layer_handed_over_is_named_by_who_keeps_it(tmp_path: Path) -> None:
    text = port(tmp_path, STAGES).text
    made = 'block = TFQuokkaResidual(TFQuokkaBlock(4, name="module"), 0.1, name=f"blocks.{len(self.blocks)}")'
    assert made in class_text(text, "TFQuokkaStages")
    assert "self.module.build(None)" in method_text(text, "TFQuokkaResidual", "build")


DERIVED = """
class QuokkaConv(nn.Conv2d):
    def __init__(self, width, padding):
        super().__init__(width, 8, 3, padding=padding, groups=width)


class QuokkaScaled(nn.Conv2d):
    def __init__(self, width):
        super().__init__(width, 8, 3)

    def forward(self, pixels):
        return nn.functional.conv2d(pixels, self.weight * 2, self.bias, self.stride, self.padding)


class QuokkaMaxPool(nn.MaxPool2d):
    def __init__(self, size):
        super().__init__(size, padding=1)

    def forward(self, pixels):
        return nn.functional.max_pool2d(pixels, self.kernel_size, self.stride, self.padding)


class QuokkaNorm(nn.GroupNorm):
    def __init__(self, width):
        super().__init__(1, width)


class QuokkaDerived(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.conv = QuokkaConv(config.width, "same")
        self.norm = QuokkaNorm(config.hidden_size)

    def forward(self, pixels):
        return self.norm(self.conv(pixels))
"""


def test_a_derived_convolution_takes_channels_first(tmp_path: Path) -> None:
    text = port(tmp_path, DERIVED).text
    assert "class TFQuokkaConv(TFQuokkaConv2D):" in text
    assert "padding=padding" in class_text(text, "TFQuokkaConv")
    build = method_text(text, "TFQuokkaDerived", "build")
    assert "self.conv.build([None, None, None, self.config.width])" in build
    assert "self.norm.build([None, self.config.hidden_size, None, None])" in build


def test_what_a_derived_layer_reads_of_itself(tmp_path: Path) -> None:
    text = port(tmp_path, DERIVED).text
    scaled = class_text(text, "TFQuokkaScaled")
    assert "tf.transpose(self.kernel, perm=(3, 2, 0, 1)) * 2" in scaled
    assert "stride=self.strides" in scaled and "padding=self.sides" in scaled
    pool = class_text(text, "TFQuokkaMaxPool")
    assert "self.stride = size" in pool and "self.padding = 1" in pool


@pytest.mark.parametrize("key", ["key", "str(x.shape[0])"])
def test_a_tensor_kept_between_calls_is_computed_each_time(key: str) -> None:
    before = f"if {key} not in self.kept_cache:\n    self.kept_cache[{key}] = x + 1\ny = self.kept_cache[{key}]"
    assert statements(before, x="float32[3]", key="str") == "kept_value = x + 1\ny = kept_value"


REGISTERED = """
class QuokkaPyramid(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layers = [nn.ReLU(), nn.Linear(4, 4)]
        for i, layer in enumerate(self.layers):
            self.add_module(str(i), layer)
        if config.count == 0:
            self.convs = nn.Identity()
        else:
            parts = [nn.Linear(config.width, 8)]
            for i in range(config.count):
                parts.append(nn.LayerNorm(8))
            self.convs = nn.Sequential(*parts)

    def forward(self, hidden_states):
        for layer in self.layers:
            hidden_states = layer(hidden_states)
        return self.convs(hidden_states)
"""


def test_members_registered_one_by_one_are_named_by_their_place(tmp_path: Path) -> None:
    init = method_text(port(tmp_path, REGISTERED).text, "TFQuokkaPyramid", "__init__")
    assert 'name="1"' in init and "add_module" not in init


def test_members_of_other_shapes_keep_them_beside_the_list(tmp_path: Path) -> None:
    text = port(tmp_path, REGISTERED).text
    init = method_text(text, "TFQuokkaPyramid", "__init__")
    assert 'self.convs_shapes = getattr(self, "convs_shapes", []) + [[None, None, config.width]]' in init
    assert 'self.convs_shapes = getattr(self, "convs_shapes", []) + [[None, None, 8]]' in init
    build = method_text(text, "TFQuokkaPyramid", "build")
    assert "if size is not False:" in build and "layer.build(size)" in build


def test_what_is_a_list_at_times_is_looped_over_as_one(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, REGISTERED).text, "TFQuokkaPyramid", "call")
    assert "in self.convs if isinstance(self.convs, list) else [self.convs]" in call


PARAMETERS = """
class QuokkaWeights(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.times = nn.ParameterList(nn.Parameter(torch.zeros(1, config.width)) for _ in range(config.count))
        start = torch.randn(config.width, 4)
        self.start = nn.Parameter(0.5 * start)
        self.gate = nn.Parameter(torch.ones(1) * math.pi / 4)
        self.dense = nn.Linear(4, 4, bias=False)
        if config.with_bias:
            bias = nn.Parameter(torch.zeros(4))
            self.dense.bias = nn.Parameter(bias)

    def forward(self, hidden_states):
        return self.dense(hidden_states) + self.times[0] + self.gate
"""


def test_weights_in_a_list_and_weights_made_by_an_operation(tmp_path: Path) -> None:
    build = " ".join(method_text(port(tmp_path, PARAMETERS).text, "TFQuokkaWeights", "build").split())
    assert 'name=f"times.{i}"' in build and "for i in range(self.config.count)" in build
    assert "self.start = self.add_weight( shape=(self.config.width, 4)" in build
    assert "self.gate = self.add_weight(" in build


def test_a_bias_given_to_a_layer_made_without_one(tmp_path: Path) -> None:
    init = method_text(port(tmp_path, PARAMETERS).text, "TFQuokkaWeights", "__init__")
    assert "self.dense.use_bias = True" in init


STARRED = """
class QuokkaBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.dense = nn.Linear(width, width)

    def forward(self, hidden_states):
        return self.dense(hidden_states)


class QuokkaStarred(nn.Module):
    def __init__(self, config):
        super().__init__()
        first = QuokkaBlock(4)
        self.layers = nn.Sequential(first, *[QuokkaBlock(4) for _ in range(config.count - 1)])
        self.pair = nn.Sequential(*[QuokkaBlock(4), QuokkaBlock(8)])
        self.short = nn.Sequential(*[nn.ReLU(), QuokkaBlock(4)]) if config.wide else nn.Identity()

    def forward(self, hidden_states):
        hidden_states = self.layers(hidden_states)
        hidden_states = self.short(hidden_states)
        return self.pair(hidden_states)
"""


def test_members_behind_others_are_numbered_on(tmp_path: Path) -> None:
    init = " ".join(method_text(port(tmp_path, STARRED).text, "TFQuokkaStarred", "__init__").split())
    assert 'first = TFQuokkaBlock(4, name="layers.0")' in init
    assert '[first] + [TFQuokkaBlock(4, name=f"layers.{i + 1}") for i in range(config.count - 1)]' in init
    assert 'TFQuokkaBlock(8, name="pair.1")' in init and 'TFQuokkaBlock(4, name="short.1")' in init


def test_one_of_two_choices_may_be_a_list(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, STARRED).text, "TFQuokkaStarred", "call")
    assert "in self.short if isinstance(self.short, list) else [self.short]" in call


INLINED = """
class QuokkaReassemble(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.wide:
            self._make_wide(config)
        else:
            self._make_narrow(config)

    def _make_wide(self, config):
        \"""Makes the wide ones.\"""
        self.projects = nn.ModuleList()
        width = config.width * 2
        for _ in range(config.count):
            self.projects.append(nn.Sequential(nn.Linear(width, 4), ACT2FN[config.act]))

    def _make_narrow(self, config):
        self.projects = nn.ModuleList()
        width = config.width
        for _ in range(config.count):
            self.projects.append(nn.Sequential(nn.Linear(width, 4), ACT2FN[config.act]))

    def forward(self, hidden_states):
        return self.projects[0](hidden_states)
"""


def test_methods_of_the_constructor_may_have_its_arguments(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, INLINED).text, "TFQuokkaReassemble")
    assert "_make_wide" not in text and "Makes the wide ones" not in text
    assert "for layers in self.projects for layer in layers if isinstance(layer, keras.layers.Layer)" in text


def test_a_local_is_kept_as_soon_as_it_is_bound(tmp_path: Path) -> None:
    init = method_text(port(tmp_path, INLINED).text, "TFQuokkaReassemble", "__init__")
    assert init.count("self.width = width") == 2
    assert init.index("width = config.width * 2") < init.index("self.width = width")


HANDED_ABOUT = """
class QuokkaPyramids(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.up = nn.Sequential(nn.Conv2d(4, 4, 1))
        self.down = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU())

    def forward(self, features):
        steps = [self.up, self.down]
        return [steps[i](features[i]) for i in range(2)]
"""


def test_a_sequence_in_a_list_of_things_to_call_is_a_function(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, HANDED_ABOUT).text, "TFQuokkaPyramids")
    assert "lambda x: functools.reduce(lambda value, layer: layer(value), self.up, x)" in text
    assert text.count("channels_first=True") == 2


BACKBONE = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.encoder = nn.Linear(4, 4)

    def forward(self, pixel_values=None):
        return self.encoder(pixel_values)


class QuokkaBackbone(QuokkaModel):
    def __init__(self, config):
        super().__init__(config)
        self.num_features = config.width

    def forward(self, pixel_values=None):
        return self.encoder(pixel_values) + self.num_features
"""


def test_what_a_model_inherits_from_another_is_in_that_ones_main_layer(tmp_path: Path) -> None:
    text = port(tmp_path, BACKBONE, exported=("QuokkaModel", "QuokkaBackbone")).text
    call = method_text(text, "TFQuokkaBackbone", "call")
    assert "self.quokka.encoder(pixel_values) + self.num_features" in call
    assert "self.encoder(pixel_values)" in class_text(text, "TFQuokkaMainLayer")
