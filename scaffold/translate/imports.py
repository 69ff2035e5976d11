"""The generated file's imports: broad here, then ruff drops what is unused and sorts the rest."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.translate.engine import Engine
from scaffold.translate.foreign import MODULE
from scaffold.translate.sources import Source

_FROM_UTILS = (
    "TFCausalLanguageModelingLoss", "TFConv1D", "TFMaskedLanguageModelingLoss", "TFModelInputType", "TFMultipleChoiceLoss",
    "TFNextSentencePredictionLoss", "TFPreTrainedModel", "TFQuestionAnsweringLoss", "TFSequenceClassificationLoss",
    "TFSequenceSummary", "TFTokenClassificationLoss", "get_initializer", "keras", "keras_serializable", "unpack_inputs",
)  # fmt: skip
_FROM_TF_UTILS = ("check_embeddings_within_bounds", "flatten", "invert_attention_mask", "shape_list", "stable_softmax")
#: Modules whose names have no place in a TensorFlow file.
_DROPPED = re.compile(
    r"^(torch|deepspeed|apex|accelerate|bitsandbytes)(\.|$)"
    r"|transformers\.(pytorch_utils|activations|generation|modeling_attn_mask_utils|cache_utils|modeling_flash_attention_utils"
    r"|masking_utils|modeling_layers|modeling_utils|modeling_rope_utils|integrations|loss|processing_utils|utils\.import_utils)(\.|$)"
)
#: What modules of PyTorch's side define for both frameworks.
_OF_BOTH = frozenset({"GenerationConfig"})
#: Functions of modules that serve both frameworks otherwise.
_PYTORCH_ONLY = frozenset({"load_backbone"})  # looks for PyTorch classes


@lru_cache(maxsize=256)
def _defined(path: Path) -> frozenset[str]:
    """Top-level names of a module, without importing it."""
    if not path.is_file():
        return frozenset()
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            names |= {a.asname or a.name for a in node.names}
    return frozenset(names)


@lru_cache(maxsize=256)
def _is_pytorch(module: Path) -> bool:
    """True for a module or package of a model's folder that imports torch: what it defines are no TensorFlow layers."""
    files = sorted(module.glob("*.py")) if module.is_dir() else [module.with_suffix(".py")]
    if module.parent.parent.name != "models" or module.name.startswith(
        ("configuration_", "processing_", "image_processing_")
    ):
        return False
    imports = re.compile(r"^(import torch\b|from torch\b)", re.MULTILINE)
    return any(imports.search(path.read_text(encoding="utf-8")) for path in files if path.is_file())


def tf_twin(located: Located, source: Source, qualname: str) -> str | None:
    """The TF counterpart of an imported output class or model, as a qualified name; None when the checkout has none.

    Of a model that is a layer here it is the main layer, whose weights have no name of a model in front.
    """
    module, _, name = qualname.rpartition(".")
    src = located.root / "src"
    if module == "transformers.modeling_outputs":
        return (
            f"transformers.modeling_tf_outputs.TF{name}"
            if f"TF{name}" in _defined(src / "transformers/modeling_tf_outputs.py")
            else None
        )
    match = re.fullmatch(r"(transformers\.models\.\w+)\.modeling_(\w+)", module)
    if match:
        twin = f"{match.group(1)}.modeling_tf_{match.group(2)}"
        defined = _defined(src / (twin.replace(".", "/") + ".py"))
        main = f"TF{name.removesuffix('Model')}MainLayer"
        if name.endswith("Model") and main in defined and _is_layer(source, name):
            return f"{twin}.{main}"
        if f"TF{name}" in defined:
            return f"{twin}.TF{name}"
    return None


def _is_layer(source: Source, name: str) -> bool:
    """True for a class that is made as a sub-module, `self.encoder = BertModel(config)`, derived from and loaded nowhere."""
    if any(isinstance(n, ast.Attribute) and ast.unparse(n.value) == name for n in ast.walk(source.tree)):
        return False  # `BertModel.from_pretrained(path)`, which no layer has
    made = [n for n in ast.walk(source.tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == name]
    derived = any(name in map(ast.unparse, n.bases) for n in ast.walk(source.tree) if isinstance(n, ast.ClassDef))
    return not derived and any(isinstance(source.parents.get(call), ast.Assign) for call in made)


def header(located: Located, source: Source, engine: Engine) -> list[str]:
    """Licence, docstring and imports."""
    licence = []
    for line in source.lines:
        if not line.startswith("#"):
            break
        licence.append(line)
    lines = [*licence, f'"""TF 2.0 {located.names.title} model."""', "", "from __future__ import annotations", ""]
    lines += [
        "import functools",
        "import importlib",
        "import inspect",
        "import math",
        "import re",
        "import random",
        "import numpy as np",
        "import tensorflow as tf",
    ]
    own = frozenset(engine.own_outputs)
    for node in source.tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            lines += _kept(located, source, node, own)
        elif isinstance(node, ast.If) and "is_vision_available" in ast.unparse(node.test):
            guarded = [n for n in node.body if isinstance(n, ast.ImportFrom)]
            lines += [line for n in guarded for line in _kept(located, source, n, own)]
    lines += [
        "from dataclasses import dataclass",
        "from typing import Dict, Optional, Tuple",
        "from ...utils import ModelOutput",
    ]
    lines += ["from ...activations_tf import get_tf_activation"]
    lines += [f"from ...modeling_tf_utils import ({', '.join(_FROM_UTILS)})"]
    available = _defined(located.root / "src/transformers/tf_utils.py")
    lines += [f"from ...tf_utils import ({', '.join(n for n in _FROM_TF_UTILS if not available or n in available)})"]
    lines += [f"from {module} import {name}" for module, name in sorted(engine.imported)]
    return lines


def _kept(located: Located, source: Source, node: ast.Import | ast.ImportFrom, own: frozenset[str]) -> list[str]:
    if isinstance(node, ast.Import):
        names = [a for a in node.names if not _DROPPED.match(a.name)]
        return [f"import {a.name}" + (f" as {a.asname}" if a.asname else "") for a in names]
    module = source.resolve_import(node)
    lines = []
    for alias in node.names:
        qualname = f"{module}.{alias.name}"
        twin = tf_twin(located, source, qualname)
        if twin is not None and twin.rpartition(".")[2] in own:
            continue
        home = _configuration(located, module, alias.name)
        if home is not None:
            lines.append(f"from {_relative(node, home)} import {alias.name}")
        elif twin is not None:
            lines.append(f"from {_relative(node, twin)} import {twin.split('.')[-1]}")
        elif (
            (not _DROPPED.match(module) or alias.name in _OF_BOTH)
            and not _is_pytorch(located.root / "src" / module.replace(".", "/"))
            and "modeling_" not in module
            and "available" not in alias.name
            and alias.name not in _PYTORCH_ONLY
        ):
            lines.append(
                f"from {'.' * node.level}{node.module or ''} import {alias.name}"
                + (f" as {alias.asname}" if alias.asname else "")
            )
    return lines


def _configuration(located: Located, module: str, name: str) -> str | None:
    """Where a configuration class is defined that is imported from a modelling file, which has it from there itself."""
    found = MODULE.fullmatch(module)
    folder = located.root / "src/transformers/models" / found[1] if found else None
    files = sorted(folder.glob("configuration_*.py")) if folder is not None and name.endswith("Config") else []
    homes = (f"transformers.models.{f.parent.name}.{f.stem}.{name}" for f in files if name in _defined(f))
    return next(homes, None)


def _relative(node: ast.ImportFrom, twin: str) -> str:
    """A twin's module with the original import's level."""
    parts = twin.split(".")[:-1]
    # a model's file lies three packages deep: `...` is the library, `..` its models, `.` the model's folder
    return "." * node.level + ".".join(parts[4 - node.level :] if node.level else parts)
