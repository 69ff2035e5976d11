"""Lists and dictionaries of layers that are filled after they were made, by methods of the constructor too."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, method_text, port, statements

EXTENDED = """
class QuokkaPyramid(nn.Module):
    def __init__(self, config):
        super().__init__()
        first = nn.Linear(config.hidden_size, 4)
        self.convs = nn.ModuleList()
        self.convs.append(first)
        self.convs.extend([nn.Linear(config.hidden_size, rate) for rate in config.rates])

    def forward(self, hidden_states):
        return [conv(hidden_states) for conv in self.convs]
"""


def test_what_a_list_is_extended_by_is_numbered_on(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, EXTENDED).text, "TFQuokkaPyramid")
    assert 'name=f"convs.{len(self.convs)}"' in text
    assert "self.convs += [" in text
    assert 'name=f"convs.{i + len(self.convs)}"' in text
    assert "for i, rate in enumerate(config.rates)" in text


KEYED = """
class QuokkaNorms(nn.Module):
    def __init__(self, config):
        super().__init__()
        norms = {}
        for stage, width in zip(config.stages, config.widths):
            norms[stage] = nn.LayerNorm(width)
        self.norms = nn.ModuleDict(norms)

    def forward(self, hidden_states, stage):
        return self.norms[stage](hidden_states)
"""


def test_a_local_dictionary_names_and_builds_its_members(tmp_path: Path) -> None:
    text = port(tmp_path, KEYED).text
    body = class_text(text, "TFQuokkaNorms")
    assert 'name=f"norms.{stage}"' in body
    assert 'self.norms_sizes = getattr(self, "norms_sizes", []) + [width]' in body
    build = method_text(text, "TFQuokkaNorms", "build")
    assert "for layer, size in zip(self.norms.values(), self.norms_sizes):" in build
    assert "layer.build([None, None, size])" in build


METHODS = """
class QuokkaLayer(nn.Module):
    def __init__(self, config, size):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, size)

    def forward(self, hidden_states):
        return self.dense(hidden_states)


class QuokkaStage(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layers = nn.ModuleList()
        if config.wide:
            self._init_wide(config)
        else:
            self._init_narrow(config)

    def _init_wide(self, config):
        for size in config.sizes:
            self.layers.append(QuokkaLayer(config, size))
        self.last = nn.Linear(config.hidden_size, 2)

    def _init_narrow(self, config):
        self.layers.append(nn.Identity())
        self.last = nn.Linear(config.hidden_size, 3)

    def forward(self, hidden_states):
        for layer in self.layers:
            hidden_states = layer(hidden_states)
        return self.last(hidden_states)
"""


def test_a_list_that_methods_of_the_constructor_fill_is_built(tmp_path: Path) -> None:
    build = method_text(port(tmp_path, METHODS).text, "TFQuokkaStage", "build")
    assert 'if getattr(self, "layers", None) is not None:' in build


HANDED = """
class QuokkaHeads(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = nn.ModuleList()
        for size in config.sizes:
            self.heads.append(nn.Conv2d(size, 8, kernel_size=2))
        self.heads.append(nn.Identity())

    def apply_head(self, head, hidden_states):
        return head(hidden_states)

    def forward(self, feature_maps):
        return [self.apply_head(head, feature_map) for head, feature_map in zip(self.heads, feature_maps)]
"""


def test_a_layer_that_a_method_is_given_is_called_as_what_it_is(tmp_path: Path) -> None:
    text = port(tmp_path, HANDED).text
    assert "channels_first=True" in class_text(text, "TFQuokkaHeads")
    assert "return head(hidden_states)" in method_text(text, "TFQuokkaHeads", "apply_head")


def test_shapes_that_decide_a_branch_are_compared_by_a_function() -> None:
    types = {"x": "float32[2]", "y": "float32[2]"}
    assert statements("if x.shape != y.shape:\n    x = y", **types) == "if not _same_shape(x, y):\n    x = y"
    assert statements("if x.size() == y.size():\n    x = y", **types) == "if _same_shape(x, y):\n    x = y"
    assert "_same_shape" not in statements("if x.shape != y.shape:\n    raise ValueError", **types)


NAMED = """
class QuokkaUpsample(nn.Module):
    def __init__(self, width, times):
        super().__init__()
        self.times = times
        for i in range(times):
            self.add_module(f"conv_{i}", nn.Linear(width, width))
            self.add_module(f"shuffle_{i}", nn.PixelShuffle(2))

    def forward(self, hidden_states):
        for i in range(self.times):
            hidden_states = self.__getattr__(f"conv_{i}")(hidden_states)
        return hidden_states
"""


def test_modules_added_by_name_are_attributes(tmp_path: Path) -> None:
    text = port(tmp_path, NAMED).text
    body = " ".join(class_text(text, "TFQuokkaUpsample").split())
    assert 'setattr(self, f"conv_{i}", keras.layers.Dense(units=width, name=f"conv_{i}"))' in body
    assert 'setattr(self, f"shuffle_{i}", lambda x: _pixel_shuffle(x, 2))' in body
    assert 'getattr(self, f"conv_{i}")(hidden_states)' in body
    assert "add_module" not in body and "__getattr__" not in body


AT_TIMES = """
class QuokkaNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, hidden_states):
        return hidden_states * self.weight


class QuokkaStage(nn.Module):
    def __init__(self, width, smaller, activation: nn.Module):
        super().__init__()
        if smaller:
            self.down = nn.Sequential(QuokkaNorm(width), nn.Conv2d(width, width, kernel_size=2))
        else:
            self.down = nn.Identity()
        self.layers = [nn.Linear(width, width), activation]
        for i, layer in enumerate(self.layers):
            self.add_module(str(i), layer)

    def forward(self, hidden_states):
        hidden_states = self.down(hidden_states)
        for layer in self.layers:
            hidden_states = layer(hidden_states)
        return hidden_states
"""


def test_what_is_a_sequence_at_times_is_built_as_one_then(tmp_path: Path) -> None:
    build = method_text(port(tmp_path, AT_TIMES).text, "TFQuokkaStage", "build")
    assert "if isinstance(self.down, list):\n            with tf.name_scope(self.down[0].name):" in build


def test_functions_beside_layers_are_not_built(tmp_path: Path) -> None:
    build = method_text(port(tmp_path, AT_TIMES).text, "TFQuokkaStage", "build")
    assert "for layer in [layer for layer in self.layers if isinstance(layer, keras.layers.Layer)]:" in build


SHAPES = """
class QuokkaBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = [nn.Conv2d(width, 8, kernel_size=3), nn.GroupNorm(4, 8), nn.ReLU()]
        for i, layer in enumerate(self.layers):
            self.add_module(str(i), layer)

    def forward(self, hidden_states):
        for layer in self.layers:
            hidden_states = layer(hidden_states)
        return hidden_states


class QuokkaOuter(nn.Module):
    def __init__(self, *args, size=3, **kwargs):
        super().__init__()
        self.block = QuokkaBlock(*args, **kwargs)
        self.dense = nn.Linear(size, size)

    def forward(self, hidden_states):
        return self.dense(self.block(hidden_states))
"""


def test_a_list_display_keeps_the_shapes_of_its_members(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, SHAPES).text, "TFQuokkaBlock")
    assert "self.layers_shapes = [[None, None, None, width], [None, 8, None, None], False]" in text


def test_keywords_for_a_sub_module_do_not_reach_keras(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, SHAPES).text, "TFQuokkaOuter")
    assert 'super().__init__(name=kwargs.pop("name", None))' in text
    assert "super().__init__(**kwargs)" in class_text(port(tmp_path / "other", SHAPES).text, "TFQuokkaBlock")


def test_a_constant_that_a_call_converts_is_a_local() -> None:
    text = statements("self.mean = self.mean.type_as(x)\nx = x - self.mean", x="float32[4]")
    assert text == "mean = tf.cast(self.mean, x.dtype)\nx = x - mean"


def test_slices_that_a_loop_runs_over_are_known() -> None:
    text = (
        "mask = torch.zeros(1, n)\nparts = (slice(0, -2), slice(-2, None))\nfor part in parts:\n    mask[:, part] = 1"
    )
    assert "mask = _assign(mask, np.s_[:, part], 1)" in statements(text, n="int")


NESTED = """
class QuokkaProjections(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.several:
            projections = []
            for width in config.widths:
                projections.append(nn.Sequential(nn.Conv2d(width, 8, kernel_size=1), nn.GroupNorm(4, 8)))
            self.projections = nn.ModuleList(projections)
        else:
            self.projections = nn.ModuleList([nn.Sequential(nn.Conv2d(3, 8, kernel_size=1), nn.GroupNorm(4, 8))])
        self.others = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, 8, 1), nn.BatchNorm2d(8)) for width in config.widths
        )

    def forward(self, features):
        return [layer(feature) for layer, feature in zip(self.projections, features)]
"""


def test_lists_of_sequences_keep_the_shapes_of_all_layers(tmp_path: Path) -> None:
    text = port(tmp_path, NESTED).text
    body = " ".join(class_text(text, "TFQuokkaProjections").split())
    added = "+ [ [None, None, None, width], [None, 8, None, None], ]"
    assert f'self.projections_shapes = getattr(self, "projections_shapes", []) {added}' in body
    assert "self.projections_shapes = [[None, None, None, 3], [None, 8, None, None]]" in body
    assert "for width in config.widths for size in [[None, None, None, width], [None, 8, None, None]]" in body
    assert "[layer for layers in self.projections for layer in layers], self.projections_shapes" in body
    assert "TODO" not in body


def test_a_sequence_called_in_a_comprehension_is_an_expression(tmp_path: Path) -> None:
    text = " ".join(method_text(port(tmp_path, NESTED).text, "TFQuokkaProjections", "call").split())
    assert "functools.reduce(lambda value, layer: layer(value), layer, feature)" in text
    assert "for layer, feature in zip(self.projections, features)" in text
    single = NESTED.replace(
        "for layer, feature in zip(self.projections, features)", "for i, feature in enumerate(features)"
    )
    text = port(tmp_path / "other", single.replace("[layer(feature)", "[self.others[i](feature)")).text
    call = " ".join(method_text(text, "TFQuokkaProjections", "call").split())
    assert "self.others[i][1]( tf.transpose(self.others[i][0](tf.transpose(feature, perm=(0, 2, 3, 1)))" in call


ORDERED = """
class QuokkaPath(nn.Module):
    def __init__(self, config):
        super().__init__()
        path = {}
        path["first"] = nn.Linear(config.hidden_size, 4)
        path["act"] = nn.ReLU()
        self.path = nn.Sequential(path)

    def forward(self, hidden_states):
        return self.path(hidden_states)
"""


def test_a_sequence_of_a_dictionary_is_marked(tmp_path: Path) -> None:
    found = port(tmp_path, ORDERED)
    assert [(m.code, m.subject) for m in found.markers] == [("TFP101", "torch.nn.Sequential")]
    assert 'name="path.first"' in found.text
