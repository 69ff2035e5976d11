"""Expressions: what a rule covers is rewritten, everything else keeps its characters."""

from __future__ import annotations

import ast

import pytest

from scaffold.core.typedb import TypeInfo
from scaffold.translate.engine import translate_expression
from tests.translate.checkouts import engine_for, known, statements


def expression(text: str, **types: str) -> str:
    given: dict[str, TypeInfo] = {name: known(kind) for name, kind in types.items()}
    return translate_expression(text, given)[0]


@pytest.mark.parametrize(
    "text",
    [
        "a  +b*( c )",
        "{'k' : [1,2 , 3]}",
        "x[ 1: -1 ]",
        "lambda q :q",
        "[i for i in  range(3) if i]",
        "not  a",
        "f(*a , **b)",
        "'ä' + \"{{x}}\"",
        "...",
    ],
)
def test_what_no_rule_touches_is_copied_character_by_character(text: str) -> None:
    assert expression(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("torch.cat([a, b], dim = -1)", "tf.concat([a, b], axis=-1)"),
        ("f(torch.cat([a, b], 1),  c)", "f(tf.concat([a, b], axis=1),  c)"),
        ("x[torch.tanh(x) , 0:1]", "x[tf.tanh(x) , 0:1]"),
        ("torch.relu(torch.tanh(x))", "tf.nn.relu(tf.tanh(x))"),
        ("import torch as t\nt.tanh(x)", "tf.tanh(x)"),
        ("from torch import tanh\ntanh(x)", "tf.tanh(x)"),
        ("torch.float32", "tf.float32"),
        ("self.training", "training"),
    ],
)
def test_rules_apply_wherever_a_call_stands(text: str, expected: str) -> None:
    assert expression(text, x="float32[2]", a="float32[2]", b="float32[2]") == expected


def test_an_operation_made_of_a_call_keeps_its_place() -> None:
    assert expression("x * torch.sub(a, b)", x="float32[2]", a="float32[2]", b="float32[2]") == "x * (a - b)"
    assert expression("-torch.sub(a, b)", a="float32[2]", b="float32[2]") == "-(a - b)"
    assert expression("torch.tanh(torch.sub(a, b))", a="float32[2]", b="float32[2]") == "tf.tanh(a - b)"


def test_methods_need_a_tensor() -> None:
    assert expression("x.sum()", x="float32[2]") == "tf.reduce_sum(x)"
    assert expression("x.sum()", x="list[2]") == "x.sum()"
    assert expression("x.values()") == "x.values()"


def test_the_loss_of_an_output_may_be_absent() -> None:
    assert expression("outputs.loss", outputs="output") == 'outputs.get("loss")'
    assert expression("outputs.logits", outputs="output") == "outputs.logits"
    assert expression("outputs.loss") == "outputs.loss"


def test_methods_that_only_tensors_have_need_no_type() -> None:
    assert expression("x.unsqueeze(1)") == "tf.expand_dims(x, axis=1)"
    assert expression("x.sum()") == "tf.reduce_sum(x)"


def test_a_local_name_hides_an_import() -> None:
    assert statements("cat = g()\ny = cat([x, x], 1)") == "cat = g()\ny = cat([x, x], 1)"
    assert "tf.nn.relu" in statements("y = F.relu(x)", x="float32[2]")
    hidden = statements("F = self.g\ny = F.relu(x)", x="float32[2]")
    assert hidden == "F = self.g\ny = F.relu(x)"


def test_without_a_rule_the_call_stays_and_is_said_so() -> None:
    text, diagnostics, engine = translate_expression("torch.unheard_of(x, 1)")
    assert text == "torch.unheard_of(x, 1)"
    assert [(d.code, d.subject) for d in diagnostics] == [("TFP101", "torch.unheard_of")]
    assert engine.statistics == {"mapped": 0, "unmapped": 1}


def test_arguments_of_an_unknown_call_are_still_translated() -> None:
    assert expression("torch.unheard_of(torch.tanh(x))") == "torch.unheard_of(tf.tanh(x))"


def test_an_argument_nobody_knows_is_refused_once() -> None:
    text, diagnostics, _ = translate_expression("torch.tanh(x, how=y)")
    assert text == "torch.tanh(x, how=y)"
    assert [d.code for d in diagnostics] == ["TFP102"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('f"{x.shape} {{x.shape}}"', 'f"{shape_list(x)} {{x.shape}}"'),
        ('f"{torch.tanh(x)!r:>{3}}"', 'f"{tf.tanh(x)!r:>{3}}"'),
        ('f"{self.name}: {n}"', 'f"{self.name}: {n}"'),
        ("f'{d[\"a\"]}'", "f'{d[\"a\"]}'"),
    ],
)
def test_inside_f_strings(text: str, expected: str) -> None:
    assert expression(text, x="float32[2]") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a if self.gradient_checkpointing else b", "b"),
        ("x and not self.gradient_checkpointing", "x"),
        ("(x or y) and not torch.jit.is_tracing() and z", "(x or y) and z"),
        ("self.gradient_checkpointing or x", "x"),
    ],
)
def test_settled_parts_of_expressions_go(text: str, expected: str) -> None:
    assert expression(text) == expected


def test_only_an_expression_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="not an expression"):
        translate_expression("def f(): pass")


def test_attributes_have_their_new_names_in_f_strings_too() -> None:
    text = """
class QuokkaDecoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.output = nn.Linear(2, 2)

    def forward(self, x):
        raise ValueError(f"{len(self.output)} of {x}, self.output, {self.output!r} {self.output_size}")
"""
    engine = engine_for(text)
    error = next(n for n in ast.walk(engine.source.tree) if isinstance(n, ast.JoinedStr))
    assert engine.expression(error) == (
        'f"{len(self.quokka_output)} of {x}, self.output, {self.quokka_output!r} {self.output_size}"'
    )
