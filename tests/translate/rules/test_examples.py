"""Every rule's examples: the translation is the one written, in every form of call, and both sides compute the same."""

from __future__ import annotations

import ast
import keyword
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffold.translate.engine import translate_expression
from scaffold.translate.registry import all_rules
from scaffold.translate.rule import AttributeRule, Example, LayerRule, Rule
from tests.translate.rules.samples import parse

FUNCTIONS = Path(__file__).resolve().parents[3] / "templates" / "model" / "functions"
RULES: list[Rule] = [rule for _, rule in all_rules() if isinstance(rule, Rule)]
EXAMPLES = [(rule, number, example) for rule in RULES for number, example in enumerate(rule.examples)]


def named(rule: Rule, number: int) -> str:
    return f"{rule.torch.removeprefix('torch.')}-{number}"


every_example = pytest.mark.parametrize(
    ("rule", "example"), [pytest.param(r, e, id=named(r, n)) for r, n, e in EXAMPLES]
)


def translated(source: str, example: Example) -> tuple[str, list[str]]:
    types = {sample.name: sample.info for sample in parse(example.inputs)}
    text, diagnostics, _ = translate_expression(source, types)
    return text, [f"{d.code} {d.message}" for d in diagnostics]


def test_every_rule_has_an_example() -> None:
    assert RULES
    assert [rule.torch for rule in RULES if rule.torch.startswith("torch.") and not rule.examples] == []


def test_attributes_are_dtypes_constants_or_tensor_attributes() -> None:
    rows = [rule for _, rule in all_rules() if isinstance(rule, AttributeRule)]
    assert len(rows) > 20
    for row in rows:
        ast.parse(row.tf.replace("{self}", "x"), mode="eval")


@every_example
def test_golden(rule: Rule, example: Example) -> None:
    assert translated(example.before, example) == (example.after, [])


class Respelled(ast.NodeTransformer):
    """The call of one rule with its positional arguments as keywords."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.changed = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = ast.unparse(node.func)
        method = self.rule.torch.startswith("torch.Tensor.")
        expected = (
            self.rule.torch.rsplit(".", 1)[-1] if method else self.rule.torch.replace("torch.nn.functional.", "F.")
        )
        if (name != expected and not (method and name.endswith(f".{expected}"))) or not node.args:
            return node
        parameters = self.rule.args[1:] if method else self.rule.args
        if any(keyword.iskeyword(p) for p in parameters) or any(
            p.startswith("*") for p in parameters[: len(node.args)]
        ):
            return node
        if len(node.args) > len(parameters):
            return node
        node.keywords = [ast.keyword(p, v) for p, v in zip(parameters, node.args, strict=False)] + node.keywords
        node.args = []
        self.changed = True
        return node


def plain(text: str) -> str:
    return ast.unparse(ast.parse(text, mode="eval"))


def respelled_text(source: str, example: Example) -> tuple[str, list[str]]:
    text, diagnostics = translated(source, example)
    return plain(text), diagnostics


@every_example
def test_positional_arguments_as_keywords(rule: Rule, example: Example) -> None:
    respelled = Respelled(rule)
    source = ast.unparse(respelled.visit(ast.parse(example.before, mode="eval")))
    if not respelled.changed:
        pytest.skip("no positional argument that has a keyword")
    assert respelled_text(source, example) == (plain(example.after), [])


@every_example
def test_import_aliases(rule: Rule, example: Example) -> None:
    if rule.torch.startswith("torch.Tensor."):
        pytest.skip("a method has no import")
    short = rule.torch.replace("torch.nn.functional.", "F.")
    module, leaf = rule.torch.rsplit(".", 1)
    if f"{short}(" not in example.before:
        pytest.skip("the example spells the call otherwise")
    renamed = example.before.replace(f"{short}(", "renamed(")
    assert translated(f"from {module} import {leaf} as renamed\n{renamed}", example)[0] == example.after
    aliased = example.before.replace(f"{short}(", f"th.{leaf}(")
    assert translated(f"import {module} as th\n{aliased}", example)[0] == example.after


@pytest.mark.parametrize("rule", [r for r in RULES if r.torch.startswith("torch.")], ids=lambda rule: rule.torch)
def test_unpacked_arguments_are_refused_not_guessed(rule: Rule) -> None:
    method = rule.torch.startswith("torch.Tensor.")
    parameters = rule.args[1:] if method else rule.args
    if not parameters or parameters[0].startswith("*"):
        pytest.skip("takes any number of arguments, or none")
    call = f"a.{rule.torch.rsplit('.', 1)[-1]}(*given)" if method else f"{rule.torch}(*given)"
    text, diagnostics = translated(call, Example(call, "", "a: f32[2,3]"))
    assert diagnostics and "*given" in text


# -- the numerical witness ---------------------------------------------------------------------------------------------


class Frameworks:
    """Both frameworks, and the names that examples may use on either side."""

    def __init__(self) -> None:
        os.environ.update(
            TF_USE_LEGACY_KERAS="1", CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0"
        )
        import numpy as np
        import tensorflow as tf
        import torch

        self.np, self.tf, self.torch = np, tf, torch
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
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
    pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
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


WITNESSES = [pytest.param(r, e, id=named(r, n)) for r, n, e in EXAMPLES if e.witness]


@pytest.mark.e2e
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("rule", "example"), WITNESSES)
def test_witness(rule: Rule, example: Example, frameworks: Frameworks) -> None:
    expected = frameworks.left(example)
    assert_same(expected, frameworks.right(example, graph=False), frameworks)
    if (
        ".numpy()" not in example.after
        and "rank" not in example.after
        and frameworks.tf.is_tensor(frameworks.right(example, False))
    ):
        assert_same(frameworks.left(example), frameworks.right(example, graph=True), frameworks)


def test_layer_rules_are_someone_elses() -> None:
    assert all(not isinstance(rule, LayerRule) for rule in RULES)
