"""All rules in one table, whatever file they stand in."""

from __future__ import annotations

import pytest

from scaffold.translate import registry
from scaffold.translate.rule import AttributeRule, LayerRule, Rule


def test_every_rule_is_found_by_its_name() -> None:
    rules = registry.all_rules()
    assert [rule.torch for _, rule in rules] == sorted(rule.torch for _, rule in rules)
    assert all(registry.find(rule.torch) is rule for _, rule in rules)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("torch.cat", Rule),
        ("torch.Tensor.view", Rule),
        ("torch.nn.Linear", LayerRule),
        ("torch.nn.modules.activation.Tanh", LayerRule),
        ("torch.float32", AttributeRule),
    ],
)
def test_kinds_of_rules(name: str, kind: type) -> None:
    assert isinstance(registry.find(name), kind)


@pytest.mark.parametrize("name", ["", "torch", "torch.unheard_of", "numpy.cat", "cat"])
def test_unknown_names_have_none(name: str) -> None:
    assert registry.find(name) is None


def test_tensor_methods_have_bare_names() -> None:
    methods = registry.tensor_methods()
    assert "view" in methods
    assert not any("." in name for name in methods)
