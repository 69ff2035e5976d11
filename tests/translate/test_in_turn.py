"""Layers that one loop makes and another takes in turn."""

from __future__ import annotations

import ast
from pathlib import Path

from scaffold.core.typedb import ProbedClass, TypeDB
from scaffold.translate import in_turn, translate
from tests.translate.checkouts import BASE, HEAD, checkout, class_text, method_text

MODEL = """
class QuokkaBlock(nn.Module):
    def __init__(self, config, index=0):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x):
        return self.dense(x)


class QuokkaPair(nn.Module):
    def __init__(self, shared, linear, own):
        super().__init__()
        self.shared = shared
        self.linear = linear
        self.own = own

    def forward(self, x):
        return self.own(self.linear(self.shared(x)))


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        shared = QuokkaBlock(config)
        blocks = []
        linears = []
        for i in range(config.num_hidden_layers):
            if config.kinds[i] == "single":
                blocks.append(QuokkaBlock(config, index=i))
            elif config.kinds[i] == "pair":
                linears.append(nn.Linear(config.hidden_size, config.hidden_size))
                blocks.append(QuokkaBlock(config, index=i))
        blocks = iter(blocks)
        linears = iter(linears)
        layers = []
        for k, kind in enumerate(config.kinds):
            if kind == "pair":
                layers.append(QuokkaPair(shared, next(linears), next(blocks)))
            else:
                layers.append(next(blocks))
        self.layers = nn.ModuleList(layers)

    def forward(self, input_ids: torch.Tensor = None):
        for layer in self.layers:
            input_ids = layer(input_ids)
        return input_ids
"""


def test_they_are_made_where_they_are_taken(tmp_path: Path) -> None:
    group = ("layers.1.shared.dense.weight", "layers.3.shared.dense.weight")
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", {group[0]: (4, 4)}, tied=(group,))})
    text = translate(checkout(tmp_path, HEAD + BASE + MODEL, exported=("QuokkaModel",)), types).text
    made = " ".join(method_text(text, "TFQuokkaMainLayer", "__init__").split())
    assert "iter(" not in made and "next(" not in made and "config.num_hidden_layers" not in made
    assert 'TFQuokkaBlock(config, index=k, name="own")' in made and 'name="linear"' in made
    assert 'layers.append(TFQuokkaBlock(config, index=k, name=f"layers.{len(layers)}"))' in made
    assert "self.linear.build([None, None, self.linear.units])" in class_text(text, "TFQuokkaPair")
    model = class_text(text, "TFQuokkaModel")
    assert r'_keys_to_ignore_on_load_unexpected = [r"\blayers\.\d+\.shared\."]' in model
    assert r're.sub(r"\blayers\.\d+\.shared\.", f"layers.{place}.shared.", tf_weight)' in model


def test_what_no_round_tells_apart_stays() -> None:
    text = MODEL.replace('            elif config.kinds[i] == "pair":\n', '            if config.kinds[i] == "pair":\n')
    tree = ast.parse(text)
    before = ast.unparse(tree)
    in_turn.rewrite(tree)
    assert ast.unparse(tree) == before
