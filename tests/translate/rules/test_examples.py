"""Every rule's examples: the translation is the one written, in every form of call, and both sides compute the same."""

from __future__ import annotations

import ast
import keyword
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffold.translate.engine import translate_expression
from scaffold.translate.registry import all_rules
from scaffold.translate.rule import AttributeRule, Example, Rule
from tests.frameworks import tensorflow
from tests.translate.rules.samples import parse

FUNCTIONS = Path(__file__).resolve().parents[3] / "templates" / "model" / "functions"
RULES: list[Rule] = [rule for _, rule in all_rules() if isinstance(rule, Rule)]


FAMILIES = sorted(
    {family for family, rule in all_rules() if isinstance(rule, Rule) and rule.torch.startswith("torch.")}
)
every_family = pytest.mark.parametrize("family", FAMILIES)


def of(family: str) -> list[tuple[Rule, Example]]:
    return [
        (rule, example)
        for name, rule in all_rules()
        if name == family and isinstance(rule, Rule) and rule.torch.startswith("torch.")
        for example in rule.examples
    ]


def translated(source: str, example: Example) -> tuple[str, list[str]]:
    types = {sample.name: sample.info for sample in parse(example.inputs)}
    text, diagnostics, _ = translate_expression(source, types)
    return text, [f"{d.code} {d.message}" for d in diagnostics]


def plain(text: str) -> str:
    return ast.unparse(ast.parse(text, mode="eval"))


def test_every_rule_has_an_example() -> None:
    assert len(RULES) > 500
    assert [rule.torch for rule in RULES if rule.torch.startswith("torch.") and not rule.examples] == []


def test_attribute_rules_are_expressions() -> None:
    rows = [rule for _, rule in all_rules() if isinstance(rule, AttributeRule)]
    assert len(rows) > 20
    for row in rows:
        ast.parse(row.tf.replace("{self}", "x"), mode="eval")


@every_family
def test_golden(family: str) -> None:
    wrong = {}
    for rule, example in of(family):
        found = translated(example.before, example)
        if found != (example.after, []):
            wrong[f"{rule.torch}: {example.before}"] = (example.after, *found)
    assert wrong == {}


class Respelled(ast.NodeTransformer):
    """The call of one rule with its positional arguments as keywords."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.changed = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = ast.unparse(node.func)
        method = self.rule.torch.startswith("torch.Tensor.")
        leaf = self.rule.torch.rsplit(".", 1)[-1]
        matches = name.endswith(f".{leaf}") if method else name == self.rule.torch.replace("torch.nn.functional.", "F.")
        parameters = self.rule.args[1:] if method else self.rule.args
        parameters = parameters[: len(node.args)]
        unspeakable = any(p.startswith("*") or keyword.iskeyword(p) for p in parameters)
        if not matches or not parameters or unspeakable or len(parameters) < len(node.args):
            return node
        spelled = [ast.keyword(p, v) for p, v in zip(parameters, node.args, strict=True)]
        self.changed = True
        return ast.Call(node.func, [], spelled + node.keywords)


@every_family
def test_positional_arguments_as_keywords(family: str) -> None:
    wrong, tried = {}, 0
    for rule, example in of(family):
        respelled = Respelled(rule)
        source = ast.unparse(respelled.visit(ast.parse(example.before, mode="eval")))
        if respelled.changed:
            tried += 1
            text, diagnostics = translated(source, example)
            if (plain(text), diagnostics) != (plain(example.after), []):
                wrong[f"{rule.torch}: {source}"] = (example.after, text, diagnostics)
    assert wrong == {}
    assert tried or family in ("environment", "library", "layers")


@every_family
def test_import_aliases(family: str) -> None:
    wrong = {}
    for rule, example in of(family):
        module, leaf = rule.torch.rsplit(".", 1)
        call = f"{rule.torch.replace('torch.nn.functional.', 'F.')}("
        if module == "torch.Tensor" or call not in example.before:
            continue
        for spelled, statement in (
            ("renamed", f"from {module} import {leaf} as renamed"),
            (f"th.{leaf}", f"import {module} as th"),
        ):
            source = example.before.replace(call, f"{spelled}(")
            text, diagnostics = translated(f"{statement}\n{source}", example)
            if (text, diagnostics) != (example.after, []):
                wrong[f"{statement}; {source}"] = (example.after, text, diagnostics)
    assert wrong == {}


def test_axis_and_keepdims_are_torchs_other_spellings() -> None:
    a = "a: f32[2,3], b: f32[2,3]"
    assert translated("torch.cat([a, b], axis=1)", Example("", "", a)) == ("tf.concat([a, b], axis=1)", [])
    assert translated("a.sum(axis=-1, keepdims=True)", Example("", "", a)) == (
        "tf.reduce_sum(a, axis=-1, keepdims=True)",
        [],
    )


@every_family
def test_unpacked_arguments_are_refused_not_guessed(family: str) -> None:
    wrong = []
    for rule in dict.fromkeys(rule.torch for rule, _ in of(family)):
        args = next(r.args for r in RULES if r.torch == rule)
        method = rule.startswith("torch.Tensor.")
        args = args[1:] if method else args
        if not args or args[0].startswith("*"):
            continue  # takes any number of arguments, or none
        call = f"a.{rule.rsplit('.', 1)[-1]}(*given)" if method else f"{rule}(*given)"
        text, diagnostics = translated(call, Example(call, "", "a: f32[2,3]"))
        if not diagnostics or "*given" not in text:
            wrong.append((call, text))
    assert wrong == []


# -- the numerical witness ---------------------------------------------------------------------------------------------


class Frameworks:
    """Both frameworks, and the names that examples may use on either side."""

    def __init__(self) -> None:
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        tf = tensorflow()
        import numpy as np

        self.np, self.tf, self.torch = np, tf, torch
        torch.set_num_threads(1)
        self.names: dict[str, Any] = {"tf": tf, "np": np, "math": math, "shape_list": self.shape_list}
        self.names |= {
            "stable_softmax": self.stable_softmax,
            "flatten": self.flatten,
            "get_tf_activation": self.activation,
        }
        for path in sorted(FUNCTIONS.glob("*.py")):
            exec(compile("from __future__ import annotations\n" + path.read_text(), str(path), "exec"), self.names)

    # What `transformers.tf_utils` and `transformers.activations_tf` provide, by their documented meaning.
    def shape_list(self, tensor: Any) -> list[Any]:
        static, dynamic = self.tf.convert_to_tensor(tensor).shape.as_list(), self.tf.shape(tensor)
        return [dynamic[i] if size is None else size for i, size in enumerate(static)]

    def stable_softmax(self, logits: Any, axis: int | None = None) -> Any:
        return self.tf.nn.softmax(logits + 1e-9, axis=axis)

    def flatten(self, tensor: Any, start: int = 0, end: int = -1) -> Any:
        shape, end = list(tensor.shape), end % len(tensor.shape)
        return self.tf.reshape(tensor, [*shape[:start], -1, *shape[end + 1 :]])

    def activation(self, name: str) -> Any:
        def glu(x: Any, axis: int = -1) -> Any:
            first, second = self.tf.split(x, 2, axis=axis)
            return first * self.tf.sigmoid(second)

        return {"glu": glu}[name]

    def left(self, example: Example) -> Any:
        torch = self.torch
        names = {"torch": torch, "F": torch.nn.functional, "nn": torch.nn, "math": math, "np": self.np}
        for sample in parse(example.inputs):
            names[sample.name] = torch.from_numpy(sample.array()) if sample.dtype else sample.value
        exec(example.prelude, names)
        return eval(example.before, names)

    def right(self, example: Example, graph: bool) -> Any:
        tf, names, tensors = self.tf, dict(self.names), {}
        for sample in parse(example.inputs):
            if sample.dtype:
                array = sample.array()
                tensors[sample.name] = tf.constant(array, tf.int32 if sample.dtype == "int64" else None)
            else:
                names[sample.name] = sample.value

        def run(given: dict[str, Any]) -> Any:
            scope = names | given
            exec(example.prelude, scope)
            return eval(example.after, scope)

        return tf.function(run)(tensors) if graph else run(tensors)


@pytest.fixture(scope="module")
def frameworks() -> Iterator[Frameworks]:
    yield Frameworks()


def assert_same(torch_value: Any, tf_value: Any, both: Frameworks) -> None:
    np = both.np
    if isinstance(torch_value, both.torch.Tensor):
        expected = torch_value.detach().resolve_conj().numpy()
        actual = np.asarray(tf_value)
        dtype = {"int64": "int32"}.get(str(expected.dtype), str(expected.dtype))
        if isinstance(tf_value, both.tf.Tensor):
            assert str(actual.dtype) == dtype, "dtype"
        assert actual.shape == expected.shape, "shape"
        tolerance = 1e-2 if dtype == "float16" else 1e-5
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
    elif isinstance(torch_value, tuple | list):
        assert len(torch_value) == len(tf_value)
        for left, right in zip(torch_value, tf_value, strict=True):
            assert_same(left, right, both)
    elif isinstance(torch_value, float | int) and not isinstance(torch_value, bool):
        assert float(np.asarray(tf_value)) == pytest.approx(float(torch_value), rel=1e-6)
    else:
        assert np.array_equal(np.asarray(tf_value), np.asarray(torch_value))


@pytest.mark.e2e
@pytest.mark.filterwarnings("ignore")
@every_family
def test_witness(family: str, frameworks: Frameworks) -> None:
    wrong = {}
    for rule, example in of(family):
        if not example.witness:
            continue
        try:
            actual = frameworks.right(example, graph=False)
            assert_same(frameworks.left(example), actual, frameworks)
            if isinstance(actual, frameworks.tf.Tensor) and ".numpy()" not in example.after:
                assert_same(frameworks.left(example), frameworks.right(example, graph=True), frameworks)
        except Exception as error:  # every failure of the family is listed, not only the first
            wrong[f"{rule.torch}: {example.before}"] = f"{type(error).__name__}: {error}"
    assert wrong == {}
