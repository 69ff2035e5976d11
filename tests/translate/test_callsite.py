"""What a rule sees of a call."""

from __future__ import annotations

import ast

import pytest

from scaffold.translate.callsite import NOT_CONSTANT, TF_DTYPES, CallSite, parenthesised, tf_dtype
from scaffold.translate.rule import Unmapped
from tests.translate.checkouts import engine_for, statements


def site(call: str, parameters: tuple[str, ...], **types: str) -> CallSite:
    engine = engine_for(call, **types)
    statement = engine.source.tree.body[-1]
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    found = engine.site(parameters, "torch.f", statement.value)
    assert not isinstance(found, Unmapped)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "x"),
        ("x.y", "x.y"),
        ("f(x)", "f(x)"),
        ("[1]", "[1]"),
        ("a + b", "(a + b)"),
        ("-x", "(-x)"),
        ("a if b else c", "(a if b else c)"),
        ("lambda: 1", "(lambda: 1)"),
        ("'s'", "'s'"),
        ("1", "1"),
        ("(a, b)", "((a, b))"),
        ("not a", "(not a)"),
    ],
)
def test_parenthesised(text: str, expected: str) -> None:
    assert parenthesised(text) == expected


def test_given_and_absent_arguments() -> None:
    found = site("f(x, dim=-1, out=None)", ("input", "dim", "keepdim", "out"), x="float32[2]")
    assert found.has("input") and found.has("dim")
    assert not found.has("keepdim") and not found.has("out")
    assert (found.text("dim"), found.text("keepdim", "False")) == ("-1", "False")
    assert (found.constant("dim"), found.constant("keepdim", True), found.constant("input")) == (-1, True, NOT_CONSTANT)
    with pytest.raises(KeyError):
        found.arg("keepdim")


@pytest.mark.parametrize(
    ("call", "text", "count"),
    [
        ("f(x, 2, n)", "[2, n]", 2),
        ("f(x, (2, n))", "[2, n]", 2),
        ("f(x, [2])", "[2]", 1),
        ("f(x, s)", "s", 0),
        ("f(x, *s)", "s", 0),
        ("f(x)", "[]", 0),
    ],
)
def test_varargs_as_one_sequence(call: str, text: str, count: int) -> None:
    found = site(call, ("self", "*shape"), x="float32[2]", s="size[2]", n="int")
    assert found.sequence("shape") == text
    assert len(found.items("shape")) == count


def test_types_of_arguments() -> None:
    found = site("f(x, i)", ("input", "other"), x="float32[3]", i="int64[1]")
    assert (found.arg("input").kind, found.arg("input").dtype, found.arg("input").rank) == ("tensor", "float32", 3)
    assert found.cast(found.arg("other"), "float32") == "tf.cast(i, tf.float32)"
    assert found.cast(found.arg("input"), "float32") == "x"
    assert found.need_rank(found.arg("input")) == 3


def test_an_unknown_rank_is_refused_not_guessed() -> None:
    found = site("f(x)", ("input",))
    refused = found.need_rank(found.arg("input"))
    assert isinstance(refused, Unmapped)
    assert refused.code == "TFP110"


def test_what_the_text_needs_is_noted() -> None:
    found = site("f(x)", ("input",), x="float32[2]")
    assert found.shape(found.arg("input")) == "shape_list(x)"
    assert found.emits("tril") == "tril"
    assert found.engine.uses == {"shape_list"}
    assert found.engine.emits == {"tril"}


def test_integers_are_int32_in_a_port() -> None:
    assert tf_dtype("int64") == tf_dtype("int32") == "tf.int32"
    assert all(value.startswith("tf.") for value in TF_DTYPES.values())


@pytest.mark.parametrize("text", ["torch.cat()", "torch.cat(dim=0)", "torch.where()", "torch.split(x)"])
def test_a_call_that_torch_would_not_take_is_refused_like_any_other(text: str) -> None:
    written = statements(f"y = {text}", x="float32[3]")
    assert "# TODO(port) TFP1" in written
    assert written.endswith(f"y = {text}")
