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
