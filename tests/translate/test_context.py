"""From syntax nodes to sub-modules and classes."""

from __future__ import annotations

import ast

import pytest

from scaffold.core.diagnostics import Severity
from scaffold.translate.engine import Engine
from tests.translate.checkouts import engine_for

TEXT = """
class QuokkaItem(nn.Module):
    def __init__(self):
        self.dropout = nn.Dropout(0.1)
        self.dense = nn.Linear(1, 2)

    def forward(self, x):
        return self.dropout(self.dense(x))


class QuokkaLayer(nn.Module):
    def __init__(self):
        self.item = QuokkaItem()
        self.items = nn.ModuleList([QuokkaItem() for _ in range(3)])

    def helper(self, x):
        return self.item(x)

    def forward(self, x):
        for k, module in enumerate(self.items):
            x = module(x)
        return USE
"""


def returned(use: str) -> tuple[Engine, ast.expr]:
    engine = engine_for(TEXT.replace("USE", use))
    node = [n for n in ast.walk(engine.source.tree) if isinstance(n, ast.Return)]
    value = max(node, key=lambda n: n.lineno).value
    assert value is not None
    return engine, value


@pytest.mark.parametrize(
    ("use", "qualname", "is_list"),
    [
        ("self.item", "QuokkaItem", False),
        ("self.items", "QuokkaItem", True),
        ("self.items[0]", "QuokkaItem", False),
        ("self.items[0].dense", "torch.nn.Linear", False),
        ("self.item.dense", "torch.nn.Linear", False),
        ("module", "QuokkaItem", False),
        ("module.dropout", "torch.nn.Dropout", False),
    ],
)
def test_children(use: str, qualname: str, is_list: bool) -> None:
    engine, node = returned(use)
    child = engine.child_of(node)
    assert child is not None
    assert (child.qualname, child.is_list) == (qualname, is_list)


@pytest.mark.parametrize("use", ["x", "self.absent", "self.items[0:2]", "x.item", "self.helper"])
def test_not_children(use: str) -> None:
    engine, node = returned(use)
    assert engine.child_of(node) is None


def test_owners() -> None:
    engine, node = returned("self")
    assert engine.owner_of(node) is engine.classes["QuokkaLayer"]
    engine, node = returned("self.items[1]")
    assert engine.owner_of(node) is engine.classes["QuokkaItem"]


def test_training_of_methods_given_as_values() -> None:
    engine, node = returned("self.helper")
    assert engine.training_argument(node) == ", training=training"
    engine, node = returned("self.absent")
    assert engine.training_argument(node) == ""


def test_findings_name_their_place_and_are_not_repeated() -> None:
    engine, node = returned("self.item")
    for _ in range(2):
        engine.diagnose("TFP101", "torch.f", "no rule", node, "help", Severity.WARNING)
    assert len(engine.diagnostics) == 1
    found = engine.diagnostics[0]
    assert (found.owner, found.severity) == ("QuokkaLayer", Severity.WARNING)
    assert found.span is not None
    assert found.render(engine.source.text).split("\n")[1].strip() == "|         return self.item"
