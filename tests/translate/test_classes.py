"""What classes are and what they hold, from the syntax tree alone."""

from __future__ import annotations

import pytest

from scaffold.translate.classes import Analyser, Category, ClassInfo, copied_from
from scaffold.translate.sources import Source

IMPORTS = (
    "import torch\nfrom torch import nn\nfrom ...modeling_utils import PreTrainedModel\n"
    "from ..elder.modeling_elder import ElderModel, ElderPreTrainedModel\n"
    "from ...utils import ModelOutput\n"
)


def analysed(text: str, camel: str = "Quokka") -> dict[str, ClassInfo]:
    return Analyser(Source(IMPORTS + text), camel).run()


@pytest.mark.parametrize(
    ("bases", "category"),
    [
        ("nn.Module", Category.LAYER),
        ("nn.Embedding", Category.SUBCLASS),
        ("PreTrainedModel", Category.BASE),
        ("ElderPreTrainedModel", Category.MODEL),
        ("ModelOutput", Category.OUTPUT),
        ("torch.autograd.Function", Category.DROPPED),
        ("object", Category.OTHER),
    ],
)
def test_categories(bases: str, category: Category) -> None:
    assert analysed(f"class QuokkaThing({bases}): ...\n")["QuokkaThing"].category is category


def test_categories_are_inherited() -> None:
    found = analysed(
        "class QuokkaPreTrainedModel(PreTrainedModel): ...\nclass QuokkaModel(QuokkaPreTrainedModel): ...\n"
        "class QuokkaBig(QuokkaModel): ...\nclass A(nn.Module): ...\nclass B(A): ...\n"
    )
    assert [i.category for i in found.values()] == [
        Category.BASE,
        Category.MODEL,
        Category.MODEL,
        Category.LAYER,
        Category.LAYER,
    ]


def test_attention_variants_go_unless_they_are_the_eager_one() -> None:
    found = analysed(
        "class QuokkaAttention(nn.Module): ...\nclass QuokkaSdpaAttention(QuokkaAttention): ...\n"
        "class QuokkaFlashAttention2(QuokkaAttention): ...\n"
        'A = {"eager": QuokkaAttention, "sdpa": QuokkaSdpaAttention, "flash_attention_2": QuokkaFlashAttention2}\n'
        "class QuokkaLayer(nn.Module):\n    def __init__(self, config):\n"
        "        self.attention = A[config._attn_implementation](config)\n"
    )
    assert found["QuokkaSdpaAttention"].category is Category.DROPPED
    assert found["QuokkaFlashAttention2"].category is Category.DROPPED
    assert found["QuokkaLayer"].children["attention"].qualname == "QuokkaAttention"


CHILDREN = """
class QuokkaItem(nn.Module): ...

class QuokkaLayer(nn.Module):
    def __init__(self, config):
        self.one = nn.Linear(2, 3)
        self.many = nn.ModuleList([QuokkaItem(i) for i in range(3)])
        self.chain = nn.Sequential(nn.Linear(2, 3), nn.GELU())
        self.either = nn.Identity() if config.x else nn.LayerNorm(3)
        local = []
        for i in range(3):
            local.append(QuokkaItem(i))
        self.local = nn.ModuleList(local)
        self.mapped = nn.ModuleDict({k: QuokkaItem(k) for k in "ab"})
        self.other = ElderModel(config)
        self.size = len(config.sizes)
        self.gain = nn.Parameter(torch.ones(3))
        self.maybe = nn.Parameter(torch.ones(3)) if config.x else None
        self.nothing = None
"""


@pytest.mark.parametrize(
    ("attr", "qualname", "is_list"),
    [
        ("one", "torch.nn.Linear", False),
        ("many", "QuokkaItem", True),
        ("chain", "torch.nn.Linear", True),
        ("either", "torch.nn.LayerNorm", False),
        ("local", "QuokkaItem", True),
        ("mapped", "QuokkaItem", True),
        ("other", "transformers.models.elder.modeling_elder.ElderModel", False),
    ],
)
def test_children(attr: str, qualname: str, is_list: bool) -> None:
    child = analysed(CHILDREN)["QuokkaLayer"].children[attr]
    assert (child.qualname, child.is_list) == (qualname, is_list)


def test_parameters_and_plain_values_are_no_children() -> None:
    info = analysed(CHILDREN)["QuokkaLayer"]
    assert set(info.parameters) == {"gain", "maybe"}
    assert not {"size", "nothing", "gain", "maybe"} & set(info.children)


def test_children_are_inherited_and_overridden() -> None:
    found = analysed(
        "class A(nn.Module):\n    def __init__(self):\n        self.a = nn.Linear(1, 2)\n        self.b = nn.Linear(1, 2)\n"
        "class B(A):\n    def __init__(self):\n        self.b = nn.LayerNorm(2)\n"
    )
    assert {k: c.class_name for k, c in found["B"].children.items()} == {"a": "Linear", "b": "LayerNorm"}


def test_names_that_keras_keeps_for_itself() -> None:
    found = analysed(
        "class QuokkaAttention(nn.Module):\n    def __init__(self):\n"
        "        self.self = nn.Linear(1, 2)\n        self.output = nn.Linear(1, 2)\n"
        "class QuokkaLayer(nn.Module):\n    def __init__(self):\n"
        "        self.output = nn.Linear(1, 2)\n        self.weights = nn.Linear(1, 2)\n        self.dense = nn.Linear(1, 2)\n"
    )
    assert found["QuokkaAttention"].attribute_names == {"self": "self_attention", "output": "dense_output"}
    assert found["QuokkaLayer"].attribute_names == {"output": "quokka_output", "weights": "weights_layer"}


TRAINING = """
class Leaf(nn.Module):
    def __init__(self):
        self.dropout = nn.Dropout(0.1)
    def forward(self, x):
        return self.dropout(x)

class Idle(nn.Module):
    def __init__(self):
        self.dropout = nn.Dropout(0.1)
        self.dense = nn.Linear(1, 2)
    def forward(self, x):
        return self.dense(x)

class Functional(nn.Module):
    def forward(self, x):
        return nn.functional.dropout(x, 0.1, self.training)

class ByMethod(nn.Module):
    def __init__(self):
        self.leaf = Leaf()
    def helper(self, x):
        return self.leaf(x)
    def forward(self, x):
        return chunked(self.helper, x)

class Looping(nn.Module):
    def __init__(self):
        self.layers_ = nn.ModuleList([ByMethod() for _ in range(2)])
    def forward(self, x):
        for layer in self.layers_:
            x = layer(x)
        return x

class Holder(nn.Module):
    def __init__(self):
        self.idle = Idle()
    def forward(self, x):
        return self.idle(x)
"""


@pytest.mark.parametrize(
    ("name", "needs"),
    [("Leaf", True), ("Idle", False), ("Functional", True), ("ByMethod", True), ("Looping", True), ("Holder", False)],
)
def test_training_is_followed_through_calls_and_loops(name: str, needs: bool) -> None:
    assert analysed(TRAINING)[name].needs_training is needs


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# Copied from transformers.models.b.modeling_b.B", ("models.b.modeling_b.B", ())),
        ("# Copied from transformers.models.b.modeling_b.B with B->A", ("models.b.modeling_b.B", (("B", "A"),))),
        (
            "# Copied from transformers.models.b.modeling_b.B with B->A,bee->ay",
            ("models.b.modeling_b.B", (("B", "A"), ("bee", "ay"))),
        ),
        (
            "# Copied from transformers.models.b.modeling_b.B with B->A all-casing",
            ("models.b.modeling_b.B", (("B", "A"),)),
        ),
        ("# Adapted from transformers.models.b.modeling_b.B", None),
    ],
)
def test_copied_from(comment: str, expected: object) -> None:
    source = Source(f"{comment}\nclass A: ...\n")
    assert copied_from(source, source.tree.body[0]) == expected


@pytest.mark.parametrize(
    ("mark", "pairs"),
    [
        ("with A->B", (("A", "B"),)),
        ("with A->B,c->", (("A", "B"),)),
        ("with ->B", ()),
        ("with A->B->C", (("A", "B->C"),)),
    ],
)
def test_marks_of_copies_that_say_nonsense(mark: str, pairs: tuple[tuple[str, str], ...]) -> None:
    text = f"# Copied from transformers.models.x.modeling_x.Y {mark}\nclass Z:\n    pass\n"
    source = Source(text)
    assert copied_from(source, source.tree.body[0]) == ("models.x.modeling_x.Y", pairs)
