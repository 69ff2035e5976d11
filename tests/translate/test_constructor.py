"""Constructors and build(): names follow PyTorch's attribute paths, shapes its constructor arguments."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from scaffold.core.translation import Translation
from scaffold.translate import markers
from tests.translate.checkouts import class_text, method_text, port


def layer(tmp_path: Path, init: str, forward: str = "return x", before: str = "") -> str:
    """Text of the port of one layer with this constructor body."""
    lines = "".join(f"        {line}\n" for line in init.strip("\n").split("\n"))
    body = f"{before}\n\nclass QuokkaThing(nn.Module):\n    def __init__(self, config, width=4):\n"
    body += f"        super().__init__()\n{lines}"
    body += f"\n    def forward(self, x: torch.Tensor):\n        {forward}\n"
    return class_text(port(tmp_path, body).text, "TFQuokkaThing")


def names_of(text: str) -> dict[str, str]:
    """Keras attribute → text of `name=` in the layer constructed for it."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            for call in ast.walk(node.value):
                for keyword in getattr(call, "keywords", []) if "add_weight" not in ast.unparse(node.value) else []:
                    if keyword.arg == "name":
                        found.setdefault(node.targets[0].attr, ast.unparse(keyword.value))
    return found


def test_every_layer_is_named_by_its_pytorch_attribute(ported: Translation) -> None:
    assert names_of(class_text(ported.text, "TFQuokkaAttention")) == {
        "self_attention": "'self'",
        "dense_output": "'output'",
    }
    assert names_of(class_text(ported.text, "TFQuokkaEncoder")) == {"layer": "f'layer.{i}'", "scale": "'scale'"}
    assert names_of(class_text(ported.text, "TFQuokkaScale")) == {"gate": "'gate.0'"}
    assert '"gate.1"' in class_text(ported.text, "TFQuokkaScale")
    assert names_of(class_text(ported.text, "TFQuokkaForMaskedLM")) == {"quokka": "'quokka'", "cls": "'cls'"}


def built(text: str) -> dict[str, str]:
    """Attribute → shape in build(); lists with a star."""
    build = next(n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef) and n.name == "build")
    found = {}
    for node in ast.walk(build):
        if isinstance(node, ast.If) and "getattr" in ast.unparse(node.test):
            attr = re.search(r"'(\w+)'", ast.unparse(node.test))
            call = next(n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith(".build"))
            star = "*" if isinstance(node.body[0], ast.For) else ""
            assert attr is not None
            found[attr[1] + star] = ast.unparse(call.args[0])
    return found


def test_build_shapes_are_the_constructor_arguments(ported: Translation) -> None:
    assert built(class_text(ported.text, "TFQuokkaEmbeddings")) == {
        "word_embeddings": "None",
        "position_embeddings": "None",
        "LayerNorm": "[None, None, self.config.hidden_size]",
    }
    assert built(class_text(ported.text, "TFQuokkaEncoder")) == {"layer*": "None", "scale": "None"}
    assert built(class_text(ported.text, "TFQuokkaAttention")) == {"self_attention": "None", "dense_output": "None"}


def test_parameters_are_made_in_build_by_their_own_names(ported: Translation) -> None:
    build = method_text(ported.text, "TFQuokkaScale", "build")
    calls = {}
    for call in ast.walk(ast.parse(build)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "self.add_weight":
            calls[next(ast.literal_eval(k.value) for k in call.keywords if k.arg == "name")] = call
    gain, shift = calls["gain"], calls["shift"]
    assert {k.arg: ast.unparse(k.value) for k in gain.keywords} == {
        "shape": "(self.config.hidden_size,)",
        "initializer": "'ones'",
        "trainable": "True",
        "name": "'gain'",
    }
    assert {k.arg: ast.unparse(k.value) for k in shift.keywords}["trainable"] == "False"
    assert "add_weight" not in method_text(ported.text, "TFQuokkaScale", "__init__")


def test_buffers_become_constants_without_a_weight(ported: Translation) -> None:
    init = method_text(ported.text, "TFQuokkaEmbeddings", "__init__")
    assert "self.position_ids = tf.expand_dims(tf.range(" in init
    assert "register_buffer" not in ported.text


@pytest.mark.parametrize(
    ("value", "shape", "initializer"),
    [
        ("nn.Parameter(torch.zeros(2, config.size))", "(2, self.config.size)", "'zeros'"),
        ("nn.Parameter(torch.ones((3, 4)))", "(3, 4)", "'ones'"),
        ("nn.Parameter(torch.tensor(0.5))", "(1,)", "keras.initializers.Constant(0.5)"),
        ("nn.Parameter(torch.tensor([config.scale]))", "(1,)", "keras.initializers.Constant(self.config.scale)"),
        (
            "nn.Parameter(config.start * torch.ones(width))",
            "(self.width,)",
            "keras.initializers.Constant(self.config.start)",
        ),
        ("nn.Parameter(torch.randn(1, 2, 3))", "(1, 2, 3)", "get_initializer(self.config.initializer_range)"),
        (
            "nn.Parameter(torch.empty(5).normal_(mean=0, std=0.02))",
            "(5,)",
            "get_initializer(self.config.initializer_range)",
        ),
        ("nn.Parameter(data=torch.full((2,), 7.0))", "(2,)", "keras.initializers.Constant(7.0)"),
    ],
)
def test_shapes_and_initial_values_of_parameters(tmp_path: Path, value: str, shape: str, initializer: str) -> None:
    text = layer(tmp_path, f"self.gain = {value}", "return x * self.gain")
    call = next(
        c for c in ast.walk(ast.parse(text)) if isinstance(c, ast.Call) and ast.unparse(c.func) == "self.add_weight"
    )
    keywords = {k.arg: ast.unparse(k.value) for k in call.keywords}
    assert (keywords["shape"], keywords["initializer"], keywords["name"]) == (shape, initializer, "'gain'")
    if "self.width" in shape:
        assert "self.width = width" in text


@pytest.mark.parametrize(
    ("filled", "initializer"),
    [("zero_()", "'zeros'"), ("fill_(config.scale)", "keras.initializers.Constant(self.config.scale)")],
)
def test_a_parameter_filled_in_place_starts_with_that_value(tmp_path: Path, filled: str, initializer: str) -> None:
    init = f"self.gain = nn.Parameter(torch.FloatTensor(config.size, 2))\nself.gain.data.{filled}"
    text = layer(tmp_path, init, "return x * self.gain")
    build = method_text(text, "TFQuokkaThing", "build")
    assert initializer in ast.unparse(ast.parse(build)) and "gain" not in method_text(text, "TFQuokkaThing", "__init__")


def test_an_embedding_that_fills_its_table_itself(tmp_path: Path) -> None:
    body = """
class QuokkaPositions(nn.Embedding):
    def __init__(self, num_positions: int, width: int):
        super().__init__(num_positions, width)
        self.weight = self._init_weight(self.weight)

    @staticmethod
    def _init_weight(out: nn.Parameter):
        out.requires_grad = False
        return out + 1

    def forward(self, x: torch.Tensor):
        return super().forward(x)
"""
    text = class_text(port(tmp_path, body).text, "TFQuokkaPositions")
    assert "self.embeddings_initializer = lambda shape, dtype=None: self._init_weight(tf.zeros(shape, dtype" in text
    assert "self.trainable = False" in text and "self.weight" not in text
    assert "def weight(self) -> tf.Variable:\n        return self.embeddings" in text


def test_a_parameter_that_a_method_returns(tmp_path: Path) -> None:
    body = """
class QuokkaPlaces(nn.Module):
    def __init__(self, config, number):
        super().__init__()
        self.table = self._made(config, number)

    @staticmethod
    def _made(config, number):
        if config.kind == "random":
            table = nn.Parameter(torch.randn(number, 4))
        else:
            table = torch.zeros(number, 4)
            table = nn.Parameter(table, requires_grad=False)
        return table

    def forward(self, x: torch.Tensor):
        return x + self.table
"""
    text = class_text(port(tmp_path, body).text, "TFQuokkaPlaces")
    build = method_text(text, "TFQuokkaPlaces", "build")
    assert "self.initial_table = self._made(config, number)" in text
    assert (
        "shape=shape_list(self.initial_table)" in build
        and "trainable=self.config.kind == 'random'" in build.replace('"', "'")
    )


def test_what_either_branch_binds_is_kept_for_both_that_need_it(tmp_path: Path) -> None:
    init = "if config.wide:\n    size = 8\nelse:\n    size = 4\n"
    init += "if config.one:\n    self.one = nn.Linear(size, 2)\nelse:\n    self.other = nn.Linear(size, 3)"
    text = method_text(layer(tmp_path, init), "TFQuokkaThing", "__init__")
    assert text.rstrip().endswith("\n    self.size = size") and text.count("self.size = size") == 1


def test_a_parameter_without_a_shape_is_marked(tmp_path: Path) -> None:
    text = layer(tmp_path, "self.gain = nn.Parameter(make(config))", "return x * self.gain")
    assert [(m.code, m.subject) for m in markers.parse(text)] == [("TFP130", "gain")]


def test_a_parameter_that_may_be_missing_is_asked_for_in_build(tmp_path: Path) -> None:
    text = layer(
        tmp_path, "if config.use_gain:\n    self.gain = nn.Parameter(torch.ones(3))\nelse:\n    self.gain = None"
    )
    build = method_text(text, "TFQuokkaThing", "build")
    assert "if self.config.use_gain:\n        self.gain = self.add_weight(" in build
    inline = layer(tmp_path, "self.gain = nn.Parameter(torch.ones(3)) if config.use_gain else None")
    assert "if self.config.use_gain:\n        self.gain = self.add_weight(" in method_text(
        inline, "TFQuokkaThing", "build"
    )
    assert "self.gain = None" in method_text(inline, "TFQuokkaThing", "__init__")


@pytest.mark.parametrize(
    ("init", "attr", "name"),
    [
        ("self.blocks = nn.ModuleList([nn.Linear(1, 2) for _ in range(3)])", "blocks", "f'blocks.{i}'"),
        ("self.blocks = nn.ModuleList(nn.Linear(1, k) for k in config.sizes)", "blocks", "f'blocks.{i}'"),
        ("self.blocks = nn.ModuleList([nn.Linear(i, 2) for i in config.sizes])", "blocks", "f'blocks.{layer_index}'"),
        (
            "self.blocks = nn.ModuleList([nn.Linear(1, k) for n, k in enumerate(config.sizes)])",
            "blocks",
            "f'blocks.{n}'",
        ),
        ("self.blocks = nn.Sequential(*[nn.Linear(1, 2) for _ in range(3)])", "blocks", "f'blocks.{i}'"),
        ('self.blocks = nn.ModuleDict({"a": nn.Linear(1, 2)})', "blocks", "'blocks.a'"),
    ],
)
def test_members_of_lists_are_numbered_in_their_names(tmp_path: Path, init: str, attr: str, name: str) -> None:
    assert names_of(layer(tmp_path, init))[attr] == name


def test_lists_filled_in_a_loop_number_by_their_length(tmp_path: Path) -> None:
    text = layer(
        tmp_path,
        "layers = []\nfor i in range(config.depth):\n    layers.append(nn.Linear(width, width))\n"
        "self.blocks = nn.ModuleList(layers)",
        "for block in self.blocks:\n            x = block(x)\n        return x",
    )
    assert 'name=f"blocks.{len(layers)}"' in text
    assert "self.blocks = layers" in text
    assert built(text) == {"blocks*": "[None, None, self.width]"}


def test_identity_keeps_the_branch_and_its_condition(tmp_path: Path) -> None:
    text = layer(tmp_path, "self.norm = nn.LayerNorm(width) if config.normed else nn.Identity()", "return self.norm(x)")
    assert re.search(r"LayerNormalization\(epsilon=1e-5, name=\"norm\"\)\s+if config\.normed\s+else keras", text)
    assert built(text) == {"norm": "[None, None, self.width]"}


def test_locals_needed_in_build_are_kept(tmp_path: Path) -> None:
    text = layer(tmp_path, "inner = config.size * 2\nself.dense = nn.Linear(inner, width)", "return self.dense(x)")
    assert "self.inner = inner" in method_text(text, "TFQuokkaThing", "__init__")
    assert built(text) == {"dense": "[None, None, self.inner]"}


def test_an_attribute_that_holds_the_local_already_is_used(tmp_path: Path) -> None:
    text = layer(tmp_path, "self.inner_size = width\nself.dense = nn.Linear(width, 2)", "return self.dense(x)")
    assert built(text) == {"dense": "[None, None, self.inner_size]"}
    assert "self.width" not in text


def test_every_branch_keeps_its_own_input_size(tmp_path: Path) -> None:
    init = "if config.wide:\n    self.dense = nn.Linear(width, 2)\nelse:\n    self.dense = nn.Linear(4, 2)"
    text = layer(tmp_path, init, "return self.dense(x)")
    assert built(text) == {"dense": "self.dense_shape"}
    assert text.index("self.dense_shape = [None, None, width]") < text.index("self.dense_shape = [None, None, 4]")


def test_a_list_whose_members_have_two_input_sizes_is_marked(tmp_path: Path) -> None:
    init = "self.dense = nn.ModuleList([nn.Linear(8, 2) for i in range(2)])\nself.dense.append(nn.Linear(4, 2))"
    assert [m.code for m in markers.parse(layer(tmp_path, init, "return self.dense[0](x)"))] == ["TFP131"]


def test_what_only_pytorch_reads_is_left_out(tmp_path: Path) -> None:
    text = layer(
        tmp_path,
        "self.dense = nn.Linear(1, 2)\nself.gradient_checkpointing = False\nself.pruned_heads = set()\n"
        "nn.init.normal_(self.dense.weight)\nself.dense.bias.data.zero_()\nself.size = width",
    )
    assert "gradient_checkpointing" not in text
    assert "pruned_heads" not in text
    assert "init.normal" not in text and "zero" not in text
    assert "self.size = width" in text


def test_a_subclass_of_a_torch_layer_hands_its_arguments_to_keras(tmp_path: Path) -> None:
    body = (
        "\n\nclass QuokkaPositions(nn.Embedding):\n    def __init__(self, count: int, size: int):\n"
        "        self.offset = 2\n        super().__init__(count + self.offset, size)\n\n"
        "    def forward(self, x: torch.Tensor):\n        return super().forward(x + self.offset)\n"
    )
    text = class_text(port(tmp_path, body).text, "TFQuokkaPositions")
    assert text.startswith("class TFQuokkaPositions(keras.layers.Embedding):")
    assert re.search(r"super\(\).__init__\(\s*input_dim=count \+ self.offset,\s*output_dim=size", text)
    assert "**kwargs" in text
    assert "return super().call(x + self.offset)" in text
    assert "name=" not in text


def test_a_subclass_whose_arguments_are_unpacked_keeps_them_under_a_mark(tmp_path: Path) -> None:
    body = (
        "\n\nclass QuokkaNorm(nn.LayerNorm):\n    def __init__(self, size, *args, **kwargs):\n"
        "        super().__init__(size, *args, **kwargs)\n\n"
        "    def forward(self, x: torch.Tensor):\n        return super().forward(x)\n"
    )
    text = class_text(port(tmp_path, body).text, "TFQuokkaNorm")
    assert "# TODO(port) TFP103 torch.nn.LayerNorm" in text
    assert "super().__init__(size, *args, **kwargs)" in text


def test_a_layer_that_loses_its_bias_is_made_without(tmp_path: Path) -> None:
    text = layer(tmp_path, "self.norm = nn.LayerNorm(config.hidden_size)\nself.norm.bias = None")
    assert re.search(r"self\.norm = keras\.layers\.LayerNormalization\([^)]*center=False", text)
    assert "bias = None" not in text


def test_a_method_that_makes_modules_is_part_of_the_constructor(tmp_path: Path) -> None:
    body = """

class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.kind = config.kind
        self._init_parts()

    def _init_parts(self):
        if self.kind is None:
            self.part = nn.Linear(3, 4)
        else:
            size = self.kind
            self.part = nn.Linear(3, size)

    def forward(self, x: torch.Tensor):
        return self.part(x)
"""
    text = class_text(port(tmp_path, body).text, "TFQuokkaThing")
    assert "_init_parts" not in text
    assert names_of(text) == {"part": "'part'"}
    assert "self.part.build([None, None, 3])" in text


def test_a_local_that_several_branches_build_with_is_kept(tmp_path: Path) -> None:
    body = (
        "size = config.size\nif config.first:\n    self.a = nn.Linear(size, 2)\nelse:\n    self.b = nn.Linear(size, 2)"
    )
    text = layer(tmp_path, body)
    lines = [line.strip() for line in text.split("\n")]
    assert "        self.size = size" in text.split("\n")
    assert lines.count("self.size = size") == 1
    assert "self.a.build([None, None, self.size])" in text and "self.b.build([None, None, self.size])" in text


def test_a_layer_of_a_class_that_derives_from_a_torch_layer(tmp_path: Path) -> None:
    before = (
        "\n\nclass QuokkaDense(nn.Linear):\n    def forward(self, x: torch.Tensor):\n"
        "        return x @ self.weight.T + self.bias"
        "\n\n\nclass QuokkaNorm(nn.LayerNorm):\n    def __init__(self, width, eps=1e-5):\n"
        "        super().__init__(width, eps)\n\n    def forward(self, x: torch.Tensor):\n"
        "        return F.layer_norm(x, (3,), self.weight + 1, self.bias, self.eps)\n"
    )
    body = f"{before}\n\nclass QuokkaThing(nn.Module):\n    def __init__(self, config):\n        super().__init__()\n"
    body += (
        "        self.dense = QuokkaDense(3, config.width, bias=True)\n        self.norm = QuokkaNorm(config.width)\n"
    )
    body += "\n    def forward(self, x):\n        return self.norm(self.dense(x))\n"
    text = port(tmp_path, body).text
    assert "return x @ self.kernel + self.bias" in text
    assert "_layer_norm(x, weight=self.gamma + 1, bias=self.beta, eps=self.epsilon)" in text
    thing = class_text(text, "TFQuokkaThing")
    assert re.search(r"TFQuokkaDense\(\s*units=config.width,", thing)
    assert "self.dense.build([None, None, 3])" in thing
    assert "self.norm.build([None, None, self.config.width])" in thing


def test_a_shape_in_one_argument_may_be_a_tuple(tmp_path: Path) -> None:
    text = layer(tmp_path, "shape = (config.heads, 4)\nself.scale = nn.Parameter(torch.ones(shape))")
    assert "shape=self.shape if isinstance(self.shape, (list, tuple)) else (self.shape,)" in text


def test_a_models_own_weights_are_in_a_layer(tmp_path: Path) -> None:
    """The library's .h5 files hold the weights of layers only."""
    head = """
class QuokkaForScale(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.logit_scale = nn.Parameter(torch.tensor(2.6592))

    def forward(self, input_ids: torch.Tensor = None):
        return self.quokka(input_ids) * self.logit_scale
"""
    text = class_text(port(tmp_path, head, exported=("QuokkaForScale",)).text, "TFQuokkaForScale")
    assert 'self.own_weights = keras.layers.Layer(name="own_weights")' in text
    assert "self.logit_scale = self.own_weights.add_weight(" in text
