"""Arguments bound to parameters, and templates filled with them."""

from __future__ import annotations

import ast

import pytest

from scaffold.translate.binding import bind, fill
from scaffold.translate.rule import Unmapped


def bound(parameters: tuple[str, ...], call: str) -> tuple[dict[str, str], dict[str, list[str]]] | str:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    result = bind(parameters, list(node.args), node.keywords)
    if isinstance(result, Unmapped):
        return result.code
    named, varargs = result
    return {k: ast.unparse(v) for k, v in named.items()}, {k: [*map(ast.unparse, v)] for k, v in varargs.items()}


@pytest.mark.parametrize(
    ("parameters", "call", "expected"),
    [
        (("input", "dim"), "f(x, 1)", ({"input": "x", "dim": "1"}, {})),
        (("input", "dim"), "f(dim=1, input=x)", ({"input": "x", "dim": "1"}, {})),
        (("self", "*shape"), "f(x, 2, 3)", ({"self": "x"}, {"shape": ["2", "3"]})),
        (("self", "*shape"), "f(x, *s)", ({"self": "x"}, {"shape": ["*s"]})),
        (("self", "*shape"), "f(x, shape=(2, 3))", ({"self": "x"}, {"shape": ["(2, 3)"]})),
        (("input",), "f(x, 1)", "TFP102"),
        (("input",), "f(x, out=y)", "TFP102"),
        (("input", "dim"), "f(*args)", "TFP103"),
        (("input", "dim"), "f(x, **kwargs)", "TFP103"),
    ],
)
def test_bind(parameters: tuple[str, ...], call: str, expected: object) -> None:
    assert bound(parameters, call) == expected


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("tf.f({x})", {"x": "a + b"}, "tf.f(a + b)"),
        ("{x}[0]", {"x": "a + b"}, "(a + b)[0]"),
        ("{x} * 2", {"x": "a if b else c"}, "(a if b else c) * 2"),
        ("{x}.shape", {"x": "f(a)"}, "f(a).shape"),
        ("tf.f({x}, axis={dim})", {"x": "a"}, "tf.f(a)"),
        ("tf.f({x}, axis={dim})", {"x": "a", "dim": "-1"}, "tf.f(a, axis=-1)"),
        ("tf.f(axis={dim}, x={x})", {"x": "a"}, "tf.f(x=a)"),
        ("[{x}, {y}]", {"x": "a or b", "y": "1"}, "[a or b, 1]"),
    ],
)
def test_fill(template: str, values: dict[str, str], expected: str) -> None:
    assert fill(template, values) == expected


def test_a_placeholder_without_value_is_an_error_where_nothing_can_be_left_out() -> None:
    with pytest.raises(KeyError):
        fill("tf.f({x}, {y})", {"x": "a"})


def test_braces_in_a_value_are_not_placeholders() -> None:
    assert fill("tf.f({x})", {"x": '"{x} {{y}}"'}) == 'tf.f("{x} {{y}}")'
