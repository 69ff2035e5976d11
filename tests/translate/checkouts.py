"""A checkout of a few files around one made-up model, written to disk for the translator to read."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames
from scaffold.core.translation import Translation
from scaffold.core.typedb import Observation, TypeDB, TypeInfo
from scaffold.translate import translate
from scaffold.translate.classes import Analyser
from scaffold.translate.engine import Engine
from scaffold.translate.module import FileTranslator
from scaffold.translate.passes import CALL_PASSES
from scaffold.translate.sources import Source
from scaffold.translate.writer import BlockWriter

NAMES = ModelNames(folder="quokka", stem="quokka", model_type="quokka", camel="Quokka", title="Quokka")

HEAD = '''# coding=utf-8
# Copyright 2024 Nobody in particular.
"""PyTorch Quokka model."""

import math
from dataclasses import dataclass
from typing import List, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss

from ...activations import ACT2FN
from ...modeling_outputs import BaseModelOutput, SequenceClassifierOutput
from ...modeling_utils import PreTrainedModel
from ...pytorch_utils import apply_chunking_to_forward
from ...utils import ModelOutput, add_start_docstrings, logging
from ...utils.backbone_utils import BackboneMixin
from .configuration_quokka import QuokkaConfig


logger = logging.get_logger(__name__)

'''

BASE = '''
class QuokkaPreTrainedModel(PreTrainedModel):
    """Weights and loading."""

    config_class = QuokkaConfig
    base_model_prefix = "quokka"
    supports_gradient_checkpointing = True
    _supports_sdpa = True

    def _init_weights(self, module):
        module.weight.data.normal_(mean=0.0, std=self.config.initializer_range)
'''

CONFIG = """class QuokkaConfig:
    model_type = "quokka"

    def __init__(self, hidden_size=8, initializer_range=0.02, **kwargs):
        self.hidden_size = hidden_size
        self.initializer_range = initializer_range
"""

ELDER_PT = """import torch
from torch import nn


class ElderOutput(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(config.intermediate_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, hidden_states: torch.Tensor, input_tensor: torch.Tensor) -> torch.Tensor:
        hidden_states = self.dense(hidden_states)
        return self.LayerNorm(self.dropout(hidden_states) + input_tensor)
"""

#: The twin says things in its own way, so a test can tell borrowing from translating.
ELDER_TF = """from __future__ import annotations

import tensorflow as tf

from ...activations_tf import get_tf_activation
from ...modeling_tf_utils import get_initializer, keras


class TFElderOutput(keras.layers.Layer):
    def __init__(self, config: ElderConfig, **kwargs):
        super().__init__(**kwargs)

        # written by hand
        self.dense = keras.layers.Dense(config.hidden_size, kernel_initializer=get_initializer(0.5), name="dense")
        self.LayerNorm = keras.layers.LayerNormalization(epsilon=config.layer_norm_eps, name="LayerNorm")
        self.dropout = keras.layers.Dropout(rate=config.hidden_dropout_prob)

    def call(self, hidden_states: tf.Tensor, input_tensor: tf.Tensor, training: bool = False) -> tf.Tensor:
        hidden_states = self.dense(inputs=hidden_states)
        hidden_states = self.dropout(inputs=hidden_states, training=training)

        return self.LayerNorm(inputs=hidden_states + input_tensor)

    def build(self, input_shape=None):
        self.dense.build([None, None, self.config.intermediate_size])
"""

OUTPUTS = "".join(
    f"\n\nclass TF{name}:\n    pass\n" for name in ("BaseModelOutput", "SequenceClassifierOutput", "MaskedLMOutput")
)
TF_UTILS = "def shape_list(tensor):\n    pass\n\n\ndef stable_softmax(logits, axis=None):\n    pass\n"


def checkout(
    root: Path, source: str | bytes, *, exported: tuple[str, ...] = (), files: dict[str, str] | None = None
) -> Located:
    """Write the made-up model with `source` as its modelling file."""
    models = "src/transformers/models"
    names = "".join(f"        {name},\n" for name in exported)
    guard = f"if TYPE_CHECKING:\n    from .modeling_quokka import (\n{names}    )\n" if exported else ""
    texts = {
        f"{models}/quokka/__init__.py": guard,
        f"{models}/quokka/configuration_quokka.py": CONFIG,
        f"{models}/elder/modeling_elder.py": ELDER_PT,
        f"{models}/elder/modeling_tf_elder.py": ELDER_TF,
        "src/transformers/modeling_tf_outputs.py": OUTPUTS,
        "src/transformers/tf_utils.py": TF_UTILS,
        **(files or {}),
    }
    for path, text in texts.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (root / NAMES.pt_path).write_bytes(source if isinstance(source, bytes) else source.encode())
    return Located(
        root=root, names=NAMES, layout=Layout(), config_class="QuokkaConfig", config_module="configuration_quokka"
    )


def port(root: Path, body: str, *, exported: tuple[str, ...] = (), borrowing: bool = True, **more: str) -> Translation:
    """The translation of the usual head, the pretrained base class and `body`; `more` are files by name."""
    located = checkout(root, HEAD + BASE + body, exported=exported, files=more)
    return translate(located, TypeDB(), borrowing=borrowing)


def engine_of(root: Path, body: str) -> Engine:
    """The engine of a file, its classes analysed, before anything is written."""
    return FileTranslator(checkout(root, HEAD + BASE + body), TypeDB()).engine


PRELUDE = "import math\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn\n"


def known(text: str) -> TypeInfo:
    """`float32[3]` (a tensor of rank 3), `size[2]`, `int` as the type of a variable, `a | b` where both were seen."""
    if " | " in text:
        return TypeInfo(tuple(o for part in text.split(" | ") for o in known(part).seen))
    name, _, rank = text.rstrip("]").partition("[")
    number = int(rank) if rank else None
    if name in ("size", "tuple", "list") or number is None:
        return TypeInfo((Observation(name, rank=number),))
    return TypeInfo((Observation("tensor", name, number),))


def engine_for(text: str, **types: str) -> Engine:
    """An engine on a few lines of a modelling file; `types` are those of variables."""
    source = Source(PRELUDE + textwrap.dedent(text))
    engine = Engine(source, given={name: known(kind) for name, kind in types.items()})
    analyser = Analyser(source, "Quokka")
    engine.classes = analyser.run()
    engine.variants, engine.constructor_name = analyser.variants, analyser.constructor_name
    engine.renames = {i.name: i.tf_name for i in engine.classes.values()}
    return engine


def body_of(text: str, **types: str) -> tuple[str, Engine]:
    """The translated body of the last function in `text`, and the engine that did it."""
    engine = engine_for(text, **types)
    function = engine.source.tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    lines = BlockWriter(engine, CALL_PASSES).body(function.body, function.body[0].lineno - 1)
    return "\n".join(lines), engine


def statements(text: str, **types: str) -> str:
    """Statements of a method body, translated."""
    inside = textwrap.indent(textwrap.dedent(text).strip("\n"), "    ")
    return body_of(f"def f({', '.join(['self', *types])}):\n{inside}\n", **types)[0]


def class_text(text: str, name: str) -> str:
    """Source of one top-level class of a module, its decorators included."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            return "\n".join(text.split("\n")[first - 1 : node.end_lineno])
    raise AssertionError(f"no class {name} in:\n{text}")


def method_text(text: str, owner: str, name: str) -> str:
    """Source of one method, its decorators included."""
    body = class_text(text, owner)
    for node in ast.walk(ast.parse(body)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            return textwrap.dedent("\n".join(body.split("\n")[first - 1 : node.end_lineno]))
    raise AssertionError(f"no {owner}.{name} in:\n{body}")
