"""What functions bind."""

from __future__ import annotations

import ast
import textwrap

import pytest

from scaffold.translate.names import bound_before, local_names, loop_pairs, loops


def function(text: str) -> ast.FunctionDef:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def pairs(text: str) -> list[tuple[str, str]]:
    found = function(f"def f(self):\n    {text}\n        pass\n")
    return [(ast.unparse(t), ast.unparse(i)) for loop in loops(found) for t, i in loop_pairs(loop)]


def test_parameters_of_every_kind_and_assigned_names() -> None:
    text = "def f(a, /, b, *c, d=1, **e):\n    g = h\n    for i in j:\n        k, l = i\n    with m as n:\n        o.p = q\n"
    assert local_names(function(text)) == set("abcdegikln")


def test_loops_look_through_enumerate_and_zip() -> None:
    assert pairs("for x in self.layer:") == [("x", "self.layer")]
    assert pairs("for i, x in enumerate(self.layer):") == [("x", "self.layer")]
    assert pairs("for a, b in zip(self.a, self.b):") == [("a", "self.a"), ("b", "self.b")]
    assert pairs("for i, (a, b) in enumerate(zip(self.a, self.b)):") == [("a", "self.a"), ("b", "self.b")]


def test_comprehensions_are_loops_too() -> None:
    found = function("def f(self, x):\n    return [m(x) for m in self.layer]\n")
    assert [(ast.unparse(t), ast.unparse(i)) for loop in loops(found) for t, i in loop_pairs(loop)] == [
        ("m", "self.layer")
    ]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("x = f()\nx = g(x)\nreturn x", "g(x)"),
        ("x = f()\nif c:\n    x = g()\nreturn x", None),
        ("x = f()\nif c:\n    return x", "f()"),
        ("x = f()\nfor i in n:\n    h(x)\n    x = g()", None),
        ("return x", None),
    ],
)
def test_the_binding_before_a_name(body: str, value: str | None) -> None:
    tree = ast.parse("def a(c, n, f, g, h):\n" + textwrap.indent(body, "    "))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "x" and isinstance(n.ctx, ast.Load)]
    last = max(names, key=lambda n: n.lineno)
    found = bound_before(last, parents)
    assert (None if found is None else ast.unparse(found)) == value
