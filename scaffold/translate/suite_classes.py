"""A test class's attributes in TensorFlow's terms, and which of its tests override a common one.

Source: `TFModelTesterMixin` of the checkout, read as text, and the hand-written TensorFlow tests.
"""

from __future__ import annotations

import ast
import re

from scaffold.core.resources import template
from scaffold.translate.suite_engine import SuiteEngine
from scaffold.translate.suite_names import SuiteNames

#: PyTorch's common test → the TensorFlow one of the same purpose (renamed on one side in 4.45).
TWINS = {"test_model_get_set_embeddings": "test_model_common_attributes"}
#: Flags that hand-written TensorFlow tests keep, though the mixin of every release does not read each of them.
_FLAGS = frozenset(
    {"test_pruning", "test_head_masking", "test_resize_embeddings", "has_attentions", "is_encoder_decoder"}
)
#: Common tests that mean something else in TensorFlow.
_NEVER = frozenset({"test_initialization", "test_config"})
MIXIN = "TFModelTesterMixin"


class SuiteClass:
    """One test class of the PyTorch file."""

    def __init__(
        self, node: ast.ClassDef, engine: SuiteEngine, names: SuiteNames, tasks: frozenset[str] | None
    ) -> None:
        self.node = node
        self.engine = engine
        self.names = names
        self.tasks = tasks
        self.methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
        self.models: list[str] = []
        self.has_pipelines = False
        self.attributes: dict[str, str] = {}
        self._read()

    @property
    def has_common_tests(self) -> bool:
        """True for a class with the common tests of all models."""
        return any(ast.unparse(b) == "ModelTesterMixin" for b in self.node.bases)

    @property
    def is_test(self) -> bool:
        """True for what the runner collects."""
        return any(ast.unparse(b).endswith("TestCase") for b in self.node.bases)

    def _read(self) -> None:
        for statement in self.node.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id
                text = self._attribute(name, statement)
                if text is not None:
                    self.attributes[name] = text

    def _attribute(self, name: str, statement: ast.Assign) -> str | None:
        if name in ("all_model_classes", "all_generative_model_classes"):
            return self._model_list(name, statement.value)
        if name == "pipeline_model_mapping":
            return self._mapping(statement.value)
        if self.has_common_tests and not self._kept_flag(name):
            return None
        return self.engine.splice(statement)

    def _kept_flag(self, name: str) -> bool:
        if name in _FLAGS or re.search(rf"\b{name}\b", self.names.common):
            return True
        return any(re.search(rf"\bself\.{name}\b", ast.unparse(m)) for m in self.methods.values())

    def _model_list(self, name: str, value: ast.expr) -> str | None:
        found = [self.engine.renames.get(n.id, n.id) for n in ast.walk(value) if isinstance(n, ast.Name)]
        models = [m for m in dict.fromkeys(found) if m in self.names.translation.models]
        if name == "all_model_classes":
            self.models = models
        elif not models or name not in self.names.common or self._caches_only_as_decoder():
            return None
        items = ", ".join(models) + ("," if len(models) == 1 else "")
        return f"{name} = ({items}) if is_tf_available() else ()"

    def _caches_only_as_decoder(self) -> bool:
        """True for encoders that keep no keys and values unless configured as decoders, and a tester that does not.

        TensorFlow's compiled generation demands `past_key_values`; hand-written tests of such models don't run it.
        """
        depends = re.search(r"config\.is_decoder\b[^\n]*:\n\s+use_cache\b", self.names.translation.text)
        return depends is not None and "is_decoder=True" not in self.names.source.text

    def _mapping(self, value: ast.expr) -> str | None:
        """Tasks that have a TensorFlow pipeline, with the classes this port has."""
        table = next((n for n in ast.walk(value) if isinstance(n, ast.Dict)), None)
        entries = []
        for key, item in zip(table.keys, table.values, strict=True) if table else ():
            models = [self.engine.renames.get(n.id, "") for n in ast.walk(item) if isinstance(n, ast.Name)]
            models = [m for m in models if m in self.names.translation.models]
            if key is None or not models or not self._supported(key):
                continue
            text = models[0] if len(models) == 1 else f"({', '.join(models)})"
            entries.append(f"{self.engine.expression(key)}: {text}")
        if not entries:
            return None
        self.has_pipelines = True
        condition = self.engine.expression(value.test) if isinstance(value, ast.IfExp) else "is_tf_available()"
        return f"pipeline_model_mapping = {{{', '.join(entries)}}} if {condition} else {{}}"

    def _supported(self, key: ast.expr) -> bool:
        # the tests' `zero-shot` is the library's `zero-shot-classification`
        return self.tasks is None or (
            isinstance(key, ast.Constant) and any(t.startswith(str(key.value)) for t in self.tasks)
        )

    # -- bases and methods -------------------------------------------------------------------------------------------

    def bases(self) -> list[str]:
        """The bases that TensorFlow has."""
        kept = []
        for base in self.node.bases:
            text = ast.unparse(base)
            if text in self.names.forbidden or (text == "PipelineTesterMixin" and not self.has_pipelines):
                continue
            kept.append(self.engine.expression(base))
        return kept

    def flags(self) -> list[str]:
        """Attributes in the order hand-written tests have, `test_onnx` off because nothing registers an export."""
        lines = list(self.attributes.values())
        return [*lines, "test_onnx = False"] if self.has_common_tests and "test_onnx" in self.names.common else lines

    def refused(self, name: str) -> str | None:
        """Why a method is not translated at all, None when it may be."""
        if not self.has_common_tests or not name.startswith("test_"):
            return None
        own = self.defines(self.names.pytorch_common, name)
        theirs = self.defines(self.names.common, TWINS.get(name, name))
        if name in _NEVER and name != "test_config":
            return "TensorFlow initialises weights in another way"
        if own and not theirs:
            return "overrides a common test that only PyTorch has"
        return None

    @staticmethod
    def defines(text: str, name: str) -> bool:
        """True when a common test file defines a function."""
        return re.search(rf"^\s+def {name}\(", text, re.M) is not None

    def twin(self, name: str) -> str:
        """A method's name in the TensorFlow file."""
        other = TWINS.get(name, name)
        return other if self.has_common_tests and self.defines(self.names.common, other) else name

    def additions(self, kept: frozenset[str]) -> list[str]:
        """Tests that the TensorFlow file needs beyond the translated ones."""
        if not self.has_common_tests or not self.models:
            return []
        parameters = call_parameters(self.names.translation.text, self.models[0])
        main = parameters[0] if parameters else "input_ids"
        wanted = {"reproducible_outputs": "test_hidden_states_and_attentions_are_reproducible"}
        if main != "input_ids":
            wanted |= {
                "forward_signature": "test_forward_signature",
                "common_attributes": "test_model_common_attributes",
            }
        if "inputs_embeds" not in parameters:
            wanted["inputs_embeds"] = "test_inputs_embeds"
        lines: list[str] = []
        for snippet, name in wanted.items():
            if name not in kept:
                text = template(f"tests/additions/{snippet}.py")
                if "keras." in text:
                    self.engine.uses.add("keras")
                text = text.replace("MAIN_INPUT", main).replace("MODEL", self.names.located.names.title)
                lines += ["", *text.replace("keras.", f"{self.engine.keras}.").splitlines()]
        return lines


def call_parameters(text: str, name: str) -> list[str]:
    """Parameters of a model's `call` in a module, `self` left out; empty when the class is not there."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            for function in node.body:
                if isinstance(function, ast.FunctionDef) and function.name == "call":
                    return [a.arg for a in function.args.args[1:]]
    return []


def tensorflow_tasks(text: str) -> frozenset[str] | None:
    """Tasks that have TensorFlow pipelines, from the text of `pipelines/__init__.py`; None when it says nothing."""
    tasks = set()
    for node in ast.walk(ast.parse(text)):
        target = (
            node.targets[0]
            if isinstance(node, ast.Assign)
            else node.target
            if isinstance(node, ast.AnnAssign)
            else None
        )
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id == "SUPPORTED_TASKS" and isinstance(value, ast.Dict):
            for key, entry in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(entry, ast.Dict) and _has_tensorflow(entry):
                    tasks.add(str(key.value))
    return frozenset(tasks) if tasks else None


def _has_tensorflow(entry: ast.Dict) -> bool:
    for key, value in zip(entry.keys, entry.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "tf":
            return not (isinstance(value, ast.Tuple) and not value.elts)
    return False
