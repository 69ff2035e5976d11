"""What torch calls return, by their arguments alone."""

from __future__ import annotations

import ast

import pytest

from scaffold.core.typedb import Observation, TypeInfo
from scaffold.translate.engine import translate_expression
from scaffold.translate.results import result_of
from scaffold.translate.rule import Rule

TYPES = {
    "a": TypeInfo((Observation("tensor", "float32", 3),)),
    "i": TypeInfo((Observation("tensor", "int64", 2),)),
    "m": TypeInfo((Observation("tensor", "bool", 2),)),
    "n": TypeInfo((Observation("int"),)),
    "s": TypeInfo((Observation("size", rank=2),)),
}


def typed(text: str) -> tuple[str | None, str | None, int | None]:
    engine = translate_expression(text, TYPES)[2]
    node = engine.source.tree.body[-1].value  # type: ignore[attr-defined]
    assert isinstance(node, ast.Call)
    rule = engine.rule_for(node)
    assert isinstance(rule, Rule)
    info = result_of(rule, node, engine.infer)
    assert info is not None and info.static
    return info.kind, info.dtype, info.rank


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.size(1)", ("int", None, None)),
        ("a.size()", ("size", None, 3)),
        ("a.max()", ("tensor", "float32", 0)),
        ("a.max(dim=-1)", ("values_indices", None, None)),
        ("torch.max(a, a)", ("tensor", "float32", 3)),
        ("a.view(n, -1)", ("tensor", "float32", 2)),
        ("a.view(s)", ("tensor", "float32", 2)),
        ("a.view(*s)", ("tensor", "float32", None)),
        ("a.unsqueeze(0)", ("tensor", "float32", 4)),
        ("a.squeeze(-1)", ("tensor", "float32", 2)),
        ("a.squeeze()", ("tensor", "float32", None)),
        ("a.flatten(1)", ("tensor", "float32", 2)),
        ("a.flatten(-2, -1)", ("tensor", "float32", 2)),
        ("a.mean(dim=(1, 2))", ("tensor", "float32", 1)),
        ("a.mean(-1, keepdim=True)", ("tensor", "float32", 3)),
        ("m.sum(axis=1)", ("tensor", "int64", 1)),
        ("m.sum(n)", ("tensor", "int64", None)),
        ("i.argmax(-1)", ("tensor", "int64", 1)),
        ("i.to(a.dtype)", ("tensor", "float32", 2)),
        ("i.to(a.device)", ("tensor", "int64", 2)),
        ("i.to(n)", ("tensor", None, 2)),
        ("i.float()", ("tensor", "float32", 2)),
        ("i.type_as(a)", ("tensor", "float32", 2)),
        ("torch.zeros(n, n, dtype=torch.long)", ("tensor", "int64", 2)),
        ("torch.full((n, n, n), 1)", ("tensor", "int64", 3)),
        ("torch.arange(n)", ("tensor", "int64", 1)),
        ("torch.arange(0.0, n)", ("tensor", "float32", 1)),
        ("torch.cat([i, m], dim=-1)", ("tensor", "int64", 2)),
        ("torch.stack([a, a])", ("tensor", "float32", 4)),
        ('torch.einsum("bij,bkj->bik", a, a)', ("tensor", "float32", 3)),
        ("torch.gather(a, 1, i)", ("tensor", "float32", 2)),
        ("torch.tensor([[1.0, 2.0]])", ("tensor", "float32", 2)),
        ("torch.where(m, i, 0)", ("tensor", "int64", 2)),
        ("F.one_hot(i, 5)", ("tensor", "int64", 3)),
        ("a.permute(0, 2, 1)", ("tensor", "float32", 3)),
        ("a.numel()", ("int", None, None)),
    ],
)
def test_result(text: str, expected: tuple[str | None, str | None, int | None]) -> None:
    assert typed(text) == expected
