"""Layers without weights, lists of layers, classes as parameters, loops over tensors, models that switch layers in a call."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scaffold.translate.specialise import written_out
from tests.translate.checkouts import class_text, engine_for, known, method_text, port, statements

POOLS = """
class QuokkaPool(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.pad = nn.ZeroPad2d(1)
        self.norm = nn.GroupNorm(num_groups=2, num_channels=config.hidden_size, eps=1e-6)
        self.layers = nn.ModuleList()
        for i in range(2):
            self.layers.append(nn.Linear(config.sizes[i], config.sizes[i + 1]))

    def forward(self, hidden_states):
        return self.norm(self.pool(self.pad(hidden_states)))
"""


def test_layers_without_weights_are_functions(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, POOLS).text, "TFQuokkaPool")
    assert "self.pool = lambda x: _max_pool(x, 3, stride=2, padding=1)" in text
    assert "self.pad = lambda x: tf.pad(x, [[0, 0], [0, 0], [1, 1], [1, 1]])" in text
    assert 'keras.layers.GroupNormalization(groups=2, axis=1, epsilon=1e-6, name="norm")' in text


def test_members_of_a_list_are_built_with_their_own_sizes(tmp_path: Path) -> None:
    text = port(tmp_path, POOLS).text
    assert "zip(self.layers, self.layers_sizes)" in method_text(text, "TFQuokkaPool", "build")
    assert "layer.build([None, None, size])" in text


def test_a_class_given_as_a_parameter_is_written_out() -> None:
    text = "class A(nn.Module):\n    def __init__(self, dim, norm=nn.LayerNorm):\n        self.n = norm(dim)\n\n"
    text += "A(3, norm=nn.LayerNorm)\n"
    expected = "class A(nn.Module):\n    def __init__(self, dim):\n        self.n = nn.LayerNorm(dim)\n\nA(3)\n"
    assert written_out(text) == expected
    other = text.replace("norm=nn.LayerNorm)\n", "norm=nn.BatchNorm1d)\n", 2).replace(
        "dim, norm=nn.BatchNorm1d", "dim, norm=nn.LayerNorm"
    )
    assert written_out(other) == other


CHILDREN = """
class QuokkaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.size = config.hidden_size
        self.first = nn.Linear(8, 8)
        self.act = ACT2FN[config.hidden_act]
        self.second = nn.Linear(8, 8)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x
"""


def test_children_are_called_in_turn(tmp_path: Path) -> None:
    """A Keras layer knows none."""
    text = method_text(port(tmp_path, CHILDREN).text, "TFQuokkaBlock", "call")
    calls = [line.strip() for line in text.split("\n") if "x = " in line]
    assert calls == ["x = self.first(x)", "x = self.act(x)", "x = self.second(x)"]
    odd = CHILDREN.replace("config.hidden_size", "made(config)")
    assert written_out(odd) == odd


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("for row in x:\n    y = row", "for row in tf.unstack(x):\n    y = row"),
        ("y = torch.cat([x for _ in range(n)], dim=0)", "y = tf.tile(x, [n, 1, 1])"),
        ("y = torch.zeros(n, dtype=int)", "y = tf.zeros([n], dtype=tf.int32)"),
    ],
)
def test_loops_over_tensors(before: str, after: str) -> None:
    assert statements(before, x="float32[3]", n="int") == after


SWITCH = """
class QuokkaEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.kind = config.kind

    def set_kind(self, value):
        if value == self.kind:
            return
        self.kind = value

    def forward(self, hidden_states):
        if hidden_states.shape[1] < 8:
            self.set_kind("full")
        return hidden_states
"""


def test_a_switch_lasts_for_the_call(tmp_path: Path) -> None:
    text = port(tmp_path, SWITCH).text
    assert "self.initial_kind = self.kind" in method_text(text, "TFQuokkaEncoder", "__init__")
    call = method_text(text, "TFQuokkaEncoder", "call")
    assert call.index("self.set_kind(lasting_kind)") < call.index("if bool(shape_list(hidden_states)[1] < 8):")
    assert "self.initial_kind = value\n    if value == self.kind:" in method_text(text, "TFQuokkaEncoder", "set_kind")


CHOSEN = """
class QuokkaDeep(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.dense = nn.Linear(size, size)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.dropout(self.dense(x))


class QuokkaFlat(QuokkaDeep):
    pass


class QuokkaStage(nn.Module):
    def __init__(self, config):
        super().__init__()
        layer = QuokkaDeep if config.deep else QuokkaFlat
        first = layer(config.hidden_size)
        self.layers = nn.Sequential(first, *[layer(config.hidden_size) for _ in range(config.depth - 1)])
        last = QuokkaDeep(config.hidden_size)
        self.last = last

    def forward(self, x):
        return self.last(self.layers(x))
"""


def test_layers_bound_to_locals_have_the_names_of_their_places(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, CHOSEN).text, "TFQuokkaStage")
    assert "layer = TFQuokkaDeep if config.deep else TFQuokkaFlat" in text
    assert 'first = layer(config.hidden_size, name="layers.0")' in text
    assert 'layer(config.hidden_size, name=f"layers.{i + 1}") for i in range(config.depth - 1)' in text
    assert 'last = TFQuokkaDeep(config.hidden_size, name="last")' in text
    assert "training=training" in text


EXPERTS = """

class QuokkaExpert(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.dropout(self.dense(x))


class QuokkaExperts(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.experts = nn.ModuleDict()
        for k in range(config.num_experts):
            self.experts[f"expert_{k}"] = QuokkaExpert(config)

    def forward(self, x):
        x = getattr(self.experts, "expert_{}".format(0))(x)
        for expert in self.experts.values():
            x = expert(x)
        return x
"""


def test_members_of_a_dictionary_are_built_and_called_like_those_of_a_list(tmp_path: Path) -> None:
    text = port(tmp_path, EXPERTS).text
    assert "for layer in self.experts.values():" in method_text(text, "TFQuokkaExperts", "build")
    call = method_text(text, "TFQuokkaExperts", "call")
    assert 'self.experts["expert_{}".format(0)](x, training=training)' in call
    assert "x = expert(x, training=training)" in call


def test_a_record_keeps_its_name_and_fields(tmp_path: Path) -> None:
    record = '''
@dataclasses.dataclass
class QuokkaSizes:
    """Sizes."""

    rows: int  # how many
    scale: float = 1.0
'''
    text = port(tmp_path, record).text
    assert '@dataclass\nclass QuokkaSizes:\n    """Sizes."""\n\n    rows: int\n    scale: float = 1.0\n' in text


PLAIN = """
class QuokkaPair:
    \"\"\"Two tensors.\"\"\"

    def __init__(self, first, second):
        self.first = first
        self.second = second

    def both(self):
        return torch.cat([self.first, self.second], dim=0)


class QuokkaStage(nn.Module, BackboneMixin):
    def __init__(self, config):
        super().__init__()
        super()._init_backbone(config)

    def forward(self, x):
        return QuokkaPair(x, x).both()
"""


def test_a_class_that_is_no_module_keeps_its_name(tmp_path: Path) -> None:
    text = port(tmp_path, PLAIN).text
    assert "class QuokkaPair:" in text
    assert "return tf.concat([self.first, self.second], axis=0)" in text
    assert "QuokkaPair(x, x).both()" in text


def test_a_backbone_that_is_a_module_keeps_the_mixin(tmp_path: Path) -> None:
    text = port(tmp_path, PLAIN).text
    assert "class TFQuokkaStage(keras.layers.Layer, BackboneMixin):" in text
    assert "super()._init_backbone(config)" in text


FORMATTED = """
class QuokkaAdapters(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.adapters = []
        for idx in range(2):
            adapter = nn.Linear(4, 4)
            self.add_module("adapter_{}".format(idx + 1), adapter)
            self.adapters.append(adapter)

    def forward(self, x):
        return self.adapters[0](x)
"""


def test_names_that_are_put_together_by_format(tmp_path: Path) -> None:
    assert 'name=f"adapter_{idx + 1}"' in class_text(port(tmp_path, FORMATTED).text, "TFQuokkaAdapters")


def test_a_call_without_the_first_argument_says_so(tmp_path: Path) -> None:
    """Keras wants the first argument of every call."""
    layers = """
class QuokkaInner(nn.Module):
    def forward(self, input_ids=None, embeds=None):
        return embeds


class QuokkaOuter(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.inner = QuokkaInner()

    def forward(self, x: torch.Tensor):
        return self.inner(embeds=x) + self.inner(x, embeds=x) + self.inner(embeds=x, input_ids=x)
"""
    text = method_text(port(tmp_path, layers).text, "TFQuokkaOuter", "call")
    assert "self.inner(embeds=x, input_ids=None) + self.inner(x, embeds=x) + self.inner(embeds=x, input_ids=x)" in text


def test_a_part_that_a_method_gives_is_called_as_that_part(tmp_path: Path) -> None:
    layers = """
class QuokkaInner(nn.Module):
    def forward(self, input_ids=None, embeds=None):
        return embeds


class QuokkaMiddle(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.inner = QuokkaInner()

    def get_inner(self):
        return self.inner

    def forward(self, x: torch.Tensor):
        return x


class QuokkaOuter(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.middle = QuokkaMiddle(config)

    def forward(self, x: torch.Tensor):
        inner = self.middle.get_inner()
        return inner(embeds=x)
"""
    assert "return inner(embeds=x, input_ids=None)" in method_text(port(tmp_path, layers).text, "TFQuokkaOuter", "call")


NORM = """
class QuokkaHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm = nn.LayerNorm(8)

    def forward(self, x, y):
        return self.norm(x), self.norm(y)
"""


@pytest.mark.parametrize(
    ("ranks", "expected"), [((2, 3), "TFModelLayerNorm("), ((3, 3), "keras.layers.LayerNormalization(")]
)
def test_a_norm_of_inputs_of_several_ranks(ranks: tuple[int, int], expected: str) -> None:
    engine = engine_for(NORM, x=f"float32[{ranks[0]}]", y=f"float32[{ranks[1]}]")
    for node in ast.walk(engine.source.tree):
        if isinstance(node, ast.Name) and node.id in ("x", "y"):
            place = (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
            engine.types.sites[place] = known(f"float32[{ranks[node.id == 'y']}]")
    made = next(
        c for c in ast.walk(engine.source.tree) if isinstance(c, ast.Call) and "LayerNorm" in ast.unparse(c.func)
    )
    engine.layer_name = '"norm"'
    assert engine.expression(made).startswith(expected)


def test_layers_that_are_set_by_name(tmp_path: Path) -> None:
    layers = """
class QuokkaShards(nn.Module):
    def __init__(self, config):
        super().__init__()
        for i in range(2):
            name = f"shard_{i}"
            setattr(self, name, nn.Embedding(9, config.hidden_size))

    def forward(self, x: torch.Tensor):
        return getattr(self, "shard_0")(x)
"""
    text = " ".join(class_text(port(tmp_path, layers).text, "TFQuokkaShards").split())
    assert 'name=f"{name}"' in text and "for layer in self.named_layers: with tf.name_scope(layer.name):" in text
    assert 'self.named_layers = getattr(self, "named_layers", []) + [getattr(self, name)]' in text


def test_what_a_layer_only_warns_of_is_not_handed_to_it(tmp_path: Path) -> None:
    layers = """
class QuokkaInner(nn.Module):
    def forward(self, x, scale=None, **old):
        if old.pop("position_ids", False) is not False:
            logger.warning("deprecated")
        return x


class QuokkaOuter(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.inner = QuokkaInner()

    def forward(self, x: torch.Tensor, position_ids=None):
        return self.inner(x, position_ids=position_ids, scale=2)
"""
    assert "self.inner(x, scale=2)" in method_text(port(tmp_path, layers).text, "TFQuokkaOuter", "call")


def test_classes_from_a_table_are_named_built_and_called_alike(tmp_path: Path) -> None:
    layers = """
class QuokkaPlain(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor):
        return self.dense(x)


class QuokkaNoisy(QuokkaPlain):
    def __init__(self, config):
        super().__init__(config)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor):
        return self.drop(self.dense(x))


BLOCKS = {"plain": QuokkaPlain, "noisy": QuokkaNoisy}


class QuokkaStack(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.first = BLOCKS[config.kinds[0]](config)
        layers = []
        for kind in config.kinds:
            block = BLOCKS[kind]
            layers.append(block(config))
        self.layers = nn.ModuleList(layers)

    def forward(self, x: torch.Tensor):
        x = self.first(x)
        for layer in self.layers:
            x = layer(x)
        return x
"""
    text = port(tmp_path, layers).text
    stack = " ".join(class_text(text, "TFQuokkaStack").split())
    assert 'self.first = BLOCKS[config.kinds[0]](config, name="first")' in stack
    assert 'layers.append(block(config, name=f"layers.{len(layers)}"))' in stack
    assert "self.first.build(None)" in stack and "layer.build(None)" in stack
    assert "x = self.first(x, training=training)" in stack and "x = layer(x, training=training)" in stack
    assert "training: bool = False" in class_text(text, "TFQuokkaPlain")
    assert 'BLOCKS = {"plain": TFQuokkaPlain, "noisy": TFQuokkaNoisy}' in text
