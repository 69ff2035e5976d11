"""What a PyTorch test file imports, in the TensorFlow test file's terms.

Source of the twins: the checkout itself — its dummy objects list every class and mapping of either framework, its
`test_modeling_tf_common.py` what TensorFlow tests may import.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.resources import template
from scaffold.core.translation import Translation
from scaffold.translate.sources import Source

#: Modules that only PyTorch code has a use for.
_TORCH_MODULES = re.compile(
    r"^(torch|accelerate|safetensors\.torch|deepspeed|peft)(\.|$)"
    r"|^transformers\.(pytorch_utils|modeling_utils|cache_utils|modeling_attn_mask_utils|modeling_rope_utils|utils\.fx"
    r"|generation\.logits_process|generation\.stopping_criteria|integrations)(\.|$)"
)
#: Names of `transformers.testing_utils` and its like that speak of PyTorch without being PyTorch's.
_RENAMED = {
    "is_torch_available": "is_tf_available",
    "require_torch": "require_tf",
    "ModelTesterMixin": "TFModelTesterMixin",
}
COMMON = "test_modeling_tf_common"
_TORCH_NAME = re.compile(
    r"(^|_)torch(_|$)|^(require|is)_(sdpa|flash_attn|fsdp|deepspeed|accelerate|bitsandbytes|peft|fx)"
)


@dataclass(frozen=True, slots=True)
class Twin:
    """An imported name's replacement: None where the TensorFlow file cannot have it."""

    name: str
    line: str | None  # import statement


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@lru_cache(maxsize=4)
def _listed(dummies: Path) -> frozenset[str]:
    """Models from the `__all__` of modelling files, in a release whose dummies do not list them (since 54a123f068, 4.52)."""
    prefix = "modeling_tf_" if "_tf_" in dummies.name else "modeling_"
    found: set[str] = set()
    for path in dummies.parents[1].glob(f"models/*/{prefix}*.py"):
        if prefix == "modeling_" and path.name.startswith(("modeling_tf_", "modeling_flax_")):
            continue
        listed = re.search(r"^__all__ = \[(.*?)\]", _read(path), re.M | re.S)
        found |= set(re.findall(r"\w+", listed[1])) if listed else set()
    return frozenset(found)


class SuiteNames:
    """Twins of the names one PyTorch test file binds by importing."""

    def __init__(self, located: Located, translation: Translation, source: Source) -> None:
        src = located.root / "src/transformers"
        self.located = located
        self.translation = translation
        self.source = source
        self.pytorch = self._objects(src / "utils/dummy_pt_objects.py")
        self.tensorflow = self._objects(src / "utils/dummy_tf_objects.py") | set(translation.public)
        self.auto = _read(src / "models/auto/modeling_tf_auto.py")
        self.common = _read(located.root / "tests/test_modeling_tf_common.py")
        self.brings_common = not self.common and located.layout.value("tests") == "own"
        if self.brings_common:
            self.common = template("tests/common.py")
        testing = _read(src / "testing_utils.py")
        # the library lost its decorator with 4.57
        self.brings_require = self.brings_common and bool(testing) and "def require_tf(" not in testing
        self.pytorch_common = _read(located.root / "tests/test_modeling_common.py")
        self.pytorch_common += _read(located.root / "tests/generation/test_utils.py")
        self.twins = {name: self._twin(name, node, alias) for name, node, alias in self._bound()}

    @staticmethod
    def _objects(path: Path) -> set[str]:
        found = set(re.findall(r"^(?:class |def )?(\w+)(?:\(| = )", _read(path), re.M))
        return (
            found
            if any(name.endswith("Model") and "PreTrained" not in name for name in found)
            else found | _listed(path)
        )

    def _bound(self) -> list[tuple[str, ast.Import | ast.ImportFrom, ast.alias]]:
        found: list[tuple[str, ast.Import | ast.ImportFrom, ast.alias]] = []
        for node in ast.walk(self.source.tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                found += [(alias.asname or alias.name.split(".")[0], node, alias) for alias in node.names]
        return found

    def _twin(self, bound: str, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Twin:
        spelled = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        if isinstance(node, ast.Import):
            return Twin(bound, None if _TORCH_MODULES.match(alias.name) else f"import {spelled}")
        module = self.source.resolve_import(node)
        if _TORCH_MODULES.match(module):
            return Twin(bound, None)
        if node.level or module.startswith("tests."):
            return self._from_tests(bound, node, alias.name)
        if module.startswith("transformers"):
            return self._from_library(bound, module, alias)
        return Twin(bound, f"from {module} import {spelled}")

    def _from_tests(self, bound: str, node: ast.ImportFrom, name: str) -> Twin:
        # some files spell the same modules absolutely: `from tests.test_modeling_common import …`
        module = (node.module or "").removeprefix("tests.")
        level = node.level or 3
        dots = "." * level
        if module == "test_modeling_common":
            twin = _RENAMED.get(name, name)
            return Twin(twin, f"from {dots}{COMMON} import {twin}" if self._in_common(twin) else None)
        if module == "test_backbone_common" or module.startswith("generation"):
            return Twin(bound, None)
        sibling = re.fullmatch(r"(\w+\.)?test_modeling_(\w+)", module)
        if sibling is None:
            return Twin(bound, f"from {dots}{module} import {name}")
        twin_module = f"{sibling[1] or ''}test_modeling_tf_{sibling[2]}"
        folder = {1: f"models/{self.located.names.folder}", 2: "models"}.get(level, "")
        text = _read(self.located.root / "tests" / folder / (twin_module.replace(".", "/") + ".py"))
        for twin in (f"TF{name}", name):
            if re.search(rf"^(class|def) {twin}\b", text, re.M):
                return Twin(twin, f"from {dots}{twin_module} import {twin}")
        return Twin(bound, None)

    def _in_common(self, name: str) -> bool:
        return re.search(rf"^(?:class |def |)\s*{name}\b", self.common, re.M) is not None

    def _from_library(self, bound: str, module: str, alias: ast.alias) -> Twin:
        name = alias.name
        if name in _RENAMED:
            return Twin(_RENAMED[name], f"from {module} import {_RENAMED[name]}")
        if _TORCH_NAME.search(name) and name != "require_torchaudio":
            return Twin(bound, None)
        if name in self.translation.classes or name in self.pytorch:
            twin = self._model(bound, name)
            return (
                twin
                if twin.line or not module.endswith(f".{self.located.names.module}")
                else self._from_module(bound, module, name)
            )
        if module.endswith(("modeling_auto", "modeling_outputs")) or re.search(r"\.modeling_(?!tf_|flax_)\w+$", module):
            return self._from_module(bound, module, name)
        spelled = f"{name} as {alias.asname}" if alias.asname else name
        return Twin(bound, f"from {module} import {spelled}")

    def _model(self, bound: str, name: str) -> Twin:
        """A class or mapping that PyTorch has: its TensorFlow counterpart, if this checkout exports one."""
        own = self.translation.classes.get(name)
        for twin in (own, f"TF{name}", f"TF_{name}"):
            if twin is not None and twin in self.tensorflow:
                return Twin(twin, f"from transformers import {twin}")
        return Twin(bound, None)

    def _from_module(self, bound: str, module: str, name: str) -> Twin:
        """Something of a PyTorch module that the library does not export."""
        package, _, leaf = module.rpartition(".")
        twin_module = f"{package}.{leaf.replace('modeling_', 'modeling_tf_', 1)}"
        own = leaf == self.located.names.module
        text = (
            self.translation.text if own else _read(self.located.root / "src" / (twin_module.replace(".", "/") + ".py"))
        )
        candidates = (self.translation.classes.get(name), name, f"TF{name}", f"TF_{name}")
        for twin in candidates if own else candidates[1:]:
            if twin is not None and re.search(rf"^(?:class |def )?{twin}\b", text, re.M):
                return Twin(twin, f"from {twin_module} import {twin}")
        return Twin(bound, None)

    # -- what the writer asks ----------------------------------------------------------------------------------------

    @property
    def renames(self) -> dict[str, str]:
        """Bound name → TensorFlow name, where they differ."""
        return {name: twin.name for name, twin in self.twins.items() if twin.line is not None and twin.name != name}

    @property
    def forbidden(self) -> frozenset[str]:
        """Bound names that must not be left in the result."""
        return frozenset(name for name, twin in self.twins.items() if twin.line is None)

    def header(self, uses: set[str]) -> list[str]:
        """Imports, broad: the formatter drops what is unused and sorts the rest."""
        lines = ["import inspect", "import unittest"]
        if self.brings_common:
            lines += ["import math", "import os", "import random", "import tempfile"]
            uses = uses | {"np", "keras"}
        guarded: dict[str, list[str]] = {}
        for statement in self.source.tree.body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                lines += self._lines(statement)
            elif isinstance(statement, ast.If):
                test = ast.unparse(statement.test).replace("is_torch_available", "is_tf_available")
                block = guarded.setdefault(test, [])
                for node in ast.walk(statement):
                    if isinstance(node, (ast.Import, ast.ImportFrom)):
                        block += self._lines(node)
        # PyTorch's test may have its availability from either module; a second import would be a redefinition
        asked = ("is_tf_available", "is_torch_available") if self.brings_common else ("is_tf_available",)
        bound = {line.split()[-1] for line in lines}
        lines += [f"from transformers import {name}" for name in asked if name not in bound]
        lines = self._with_decorator(lines)
        framework = guarded.setdefault("is_tf_available()", [])
        framework += ["import numpy as np"] if "np" in uses else []
        framework += ["import tensorflow as tf"]
        framework += ["from transformers.modeling_tf_utils import keras"] if "keras" in uses else []
        framework += ["from transformers.tf_utils import shape_list"] if "shape_list" in uses else []
        for test in ("is_tf_available()", *(t for t in guarded if t != "is_tf_available()")):
            if guarded[test]:
                lines += ["", "", f"if {test}:", *(f"    {line}" for line in guarded[test])]
        return lines

    def _with_decorator(self, lines: list[str]) -> list[str]:
        if self.brings_require:
            return [line for line in lines if not line.endswith("import require_tf")]
        imported = any("require_tf" in line for line in lines)
        return lines if imported else [*lines, "from transformers.testing_utils import require_tf"]

    def _lines(self, node: ast.Import | ast.ImportFrom) -> list[str]:
        twins = [self.twins[alias.asname or alias.name.split(".")[0]] for alias in node.names]
        found = [twin.line for twin in twins if twin.line is not None]
        return [line for line in found if not (self.brings_common and f"{COMMON} import" in line)]

    def own_common(self, text: str) -> list[str]:
        """The common tests that the file has to bring itself, with those helpers that they or `text` use."""
        if not self.brings_common:
            return []
        tree = ast.parse(self.common)
        used = text + "".join(
            ast.get_source_segment(self.common, n) or "" for n in tree.body if isinstance(n, ast.ClassDef)
        )
        lines: list[str] = []
        for node in reversed(tree.body):
            if isinstance(node, ast.FunctionDef) and node.name == "require_tf":
                lines = ["", "", *ast.unparse(node).splitlines(), *lines] if self.brings_require else lines
                continue
            source = ast.get_source_segment(self.common, node) or ""
            if isinstance(node, ast.FunctionDef) and not re.search(rf"\b{node.name}\(", used):
                continue
            used += source
            lines = ["", "", *source.splitlines(), *lines]
        return lines
