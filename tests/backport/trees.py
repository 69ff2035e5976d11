"""A small 5.x tree with two models, and a small 4.x base that lacks them; written for these tests."""

from __future__ import annotations

import re
from pathlib import Path

from tests.layouts import miniature

CONFIGURATION = '''"""Tiny configuration"""

from huggingface_hub.dataclasses import strict

from ...configuration_utils import PreTrainedConfig
from ...utils import auto_docstring
from ...utils.type_validators import interval


@auto_docstring(checkpoint="somebody/tiny")
@strict
class TinyConfig(PreTrainedConfig):
    """What a tiny model is made of."""

    model_type = "tiny"
    default_theta = 500.0

    vocab_size: int = 40
    hidden_size: int = 8
    heads: int | None = None
    spread: float = interval(min=0.0)(default=0.02)
    pad_token_id: int | None = 1
    rope_parameters: dict | None = None

    def __post_init__(self, **kwargs):
        if self.heads is None:
            self.heads = self.hidden_size // 4
        super().__post_init__(**kwargs)

    def validate_heads(self):
        if self.hidden_size % self.heads:
            raise ValueError("hidden_size is no multiple of heads")


__all__ = ["TinyConfig"]
'''

MODELLING = '''"""Tiny model"""

from collections.abc import Callable

import torch
from torch import nn

from ... import initialization as init
from ...cache_utils import DynamicCache
from ...integrations import use_kernelized_func
from ...little import doubled
from ...masking_utils import create_bidirectional_mask, create_causal_mask
from ...modeling_outputs import BaseModelOutputWithPast, MaskedLMOutput
from ...modeling_rope_utils import ROPE_INIT_FUNCTIONS, dynamic_rope_update
from ...modeling_utils import ALL_ATTENTION_FUNCTIONS, PreTrainedModel
from ...processing_utils import Unpack
from ...utils import TransformersKwargs, auto_docstring, torch_compilable_check
from ...utils.generic import can_return_tuple, maybe_autocast, merge_with_config_defaults
from ...utils.output_capturing import capture_outputs
from .configuration_tiny import TinyConfig


class TinyRotary(nn.Module):
    def __init__(self, config: TinyConfig, device=None):
        super().__init__()
        self.config = config
        self.rope_type = self.config.rope_parameters["rope_type"]
        rope_init_fn: Callable = self.compute_default_rope_parameters
        if self.rope_type != "default":
            rope_init_fn = ROPE_INIT_FUNCTIONS[self.rope_type]
        inv_freq, self.attention_scaling = rope_init_fn(self.config, device)
        self.register_buffer("inv_freq", inv_freq, persistent=False)
        self.register_buffer("original_inv_freq", inv_freq.clone(), persistent=False)

    @staticmethod
    def compute_default_rope_parameters(config=None, device=None, seq_len=None):
        return torch.ones(config.hidden_size // 2), 1.0

    @torch.no_grad()
    @dynamic_rope_update
    def forward(self, x, position_ids):
        with maybe_autocast(device_type="cpu", enabled=False):
            angles = position_ids[:, :, None].float() * self.inv_freq
        return angles.cos(), angles.sin()


def eager_attention_forward(module, query, key, value, attention_mask, **kwargs: Unpack[TransformersKwargs]):
    weights = nn.functional.softmax(query @ key.transpose(-1, -2), dim=-1)
    return weights @ value, weights


@use_kernelized_func(doubled)
class TinyAttention(nn.Module):
    def __init__(self, config: TinyConfig):
        super().__init__()
        self.config = config
        self.query = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden_states: torch.Tensor, attention_mask=None, **kwargs: Unpack[TransformersKwargs]):
        attention_interface: Callable = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, eager_attention_forward
        )
        query = doubled(self.query(hidden_states))
        return attention_interface(self, query, query, query, attention_mask, **kwargs)


class TinyBlock(nn.Module):
    def __init__(self, config: TinyConfig):
        super().__init__()
        self.attention = TinyAttention(config)

    def forward(self, hidden_states: torch.Tensor, **kwargs: Unpack[TransformersKwargs]) -> torch.Tensor:
        residual = hidden_states
        hidden_states, _ = self.attention(hidden_states, **kwargs)
        return residual + hidden_states


@auto_docstring
class TinyPreTrainedModel(PreTrainedModel):
    config: TinyConfig
    base_model_prefix = "tiny"
    _can_record_outputs = {"hidden_states": TinyBlock, "attentions": TinyAttention}

    @torch.no_grad()
    def _init_weights(self, module):
        if isinstance(module, nn.Linear | nn.Embedding):
            init.normal_(module.weight, std=self.config.spread)
        elif isinstance(module, TinyRotary):
            init.copy_(module.inv_freq, torch.ones(2))


@auto_docstring
class TinyModel(TinyPreTrainedModel):
    def __init__(self, config: TinyConfig):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([TinyBlock(config) for _ in range(2)])
        self.rotary = TinyRotary(config)
        self.post_init()

    @merge_with_config_defaults
    @capture_outputs
    @auto_docstring
    def forward(
        self,
        input_ids: torch.LongTensor | None = None,
        attention_mask: torch.Tensor | None = None,
        use_cache: bool | None = None,
        **kwargs: Unpack[TransformersKwargs],
    ) -> BaseModelOutputWithPast:
        torch_compilable_check(input_ids is not None, "no tokens")
        hidden_states = self.embed_tokens(input_ids)
        past_key_values = DynamicCache(config=self.config) if use_cache else None
        mask = create_causal_mask(
            config=self.config, inputs_embeds=hidden_states, attention_mask=attention_mask, past_key_values=None
        )
        both = create_bidirectional_mask(self.config, hidden_states, attention_mask)
        for layer in self.layers:
            hidden_states = layer(hidden_states, attention_mask=mask if both is None else both, **kwargs)
        return BaseModelOutputWithPast(last_hidden_state=hidden_states, past_key_values=past_key_values)


class TinyHead(nn.Module):
    def __init__(self, config: TinyConfig):
        super().__init__()
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, x):
        return self.decoder(x)


@auto_docstring
class TinyForMaskedLM(TinyPreTrainedModel):
    _tied_weights_keys = {"head.decoder.weight": "tiny.embed_tokens.weight", "head.decoder.bias": "head.bias"}

    def __init__(self, config: TinyConfig):
        super().__init__(config)
        self.tiny = TinyModel(config)
        self.head = TinyHead(config)
        self.post_init()

    @can_return_tuple
    @auto_docstring
    def forward(self, input_ids: torch.LongTensor | None = None, **kwargs: Unpack[TransformersKwargs]) -> MaskedLMOutput:
        outputs = self.tiny(input_ids, **kwargs)
        return MaskedLMOutput(
            logits=self.head(outputs.last_hidden_state),
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
        )


__all__ = ["TinyPreTrainedModel", "TinyModel", "TinyForMaskedLM"]
'''

_INIT = """from typing import TYPE_CHECKING

from ...utils import _LazyModule
from ...utils.import_utils import define_import_structure


if TYPE_CHECKING:
    from .configuration_tiny import *
    from .modeling_tiny import *
    from .tokenization_tiny import *
else:
    import sys

    _file = globals()["__file__"]
    sys.modules[__name__] = _LazyModule(__name__, _file, define_import_structure(_file), module_spec=__spec__)
"""

_LITTLE = """import math


_TWO = 2


def _times(x, factor):
    return x * factor


def doubled(x):
    return _times(x, _TWO) * math.exp(0)
"""

_BASE_FILES = {
    "configuration_utils.py": (
        "class PretrainedConfig:\n"
        "    def __init__(self, *, pad_token_id=None, tie_word_embeddings=True, **kwargs):\n"
        "        self.pad_token_id = pad_token_id\n"
    ),
    "cache_utils.py": "class DynamicCache: ...\n\n\nclass StaticCache: ...\n",
    "modeling_attn_mask_utils.py": (
        "def _prepare_4d_causal_attention_mask(attention_mask, input_shape, inputs_embeds, past): ...\n\n\n"
        "def _prepare_4d_attention_mask(mask, dtype): ...\n"
    ),
    "modeling_outputs.py": "class BaseModelOutputWithPast: ...\n\n\nclass MaskedLMOutput: ...\n",
    "modeling_rope_utils.py": "ROPE_INIT_FUNCTIONS = {}\n\n\ndef dynamic_rope_update(rope_forward): ...\n",
    "modeling_utils.py": "ALL_ATTENTION_FUNCTIONS = {}\n\n\nclass PreTrainedModel: ...\n",
    "processing_utils.py": "from typing_extensions import Unpack\n",
    "utils/__init__.py": "from . import logging\nfrom .generic import TransformersKwargs, auto_docstring\n",
    "utils/generic.py": "class TransformersKwargs: ...\n\n\ndef auto_docstring(obj): ...\n",
}


def five(tmp_path: Path) -> Path:
    """A 5.x tree with the model `tiny`."""
    root = miniature(tmp_path / "five", tensorflow="absent", top_init="derived", model_init="star")
    library = root / "src/transformers"
    folder = library / "models/tiny"
    folder.mkdir()
    (folder / "__init__.py").write_text(_INIT)
    (folder / "configuration_tiny.py").write_text(CONFIGURATION)
    (folder / "modeling_tiny.py").write_text(MODELLING)
    (folder / "tokenization_tiny.py").write_text("class TinyTokenizer: ...\n")
    (library / "little.py").write_text(_LITTLE)
    auto = library / "models/auto"
    for path, mapping, line in (
        ("configuration_auto.py", "CONFIG_MAPPING_NAMES", '("tiny", "TinyConfig"),'),
        ("configuration_auto.py", "MODEL_NAMES_MAPPING", '("tiny", "Tiny"),'),
        ("modeling_auto.py", "MODEL_FOR_MASKED_LM_MAPPING_NAMES", '("tiny", "TinyForMaskedLM"),'),
    ):
        file = auto / path
        text = file.read_text()
        file.write_text(re.sub(rf"({mapping} = OrderedDict\(\s*\[\n)", rf"\g<1>        {line}\n", text, count=1))
    (auto / "tokenization_auto.py").write_text(
        'TOKENIZER_MAPPING_NAMES = OrderedDict[str, str](\n    [\n        ("tiny", "TinyTokenizer"),\n    ]\n)\n'
    )
    return root


def four(tmp_path: Path) -> Path:
    """A 4.x base, a git repository, that finds its models by their folders."""
    asked = {"top_init": "derived", "model_init": "star", "tests": "own", "dummies": "generic", "doc_index": "absent"}
    root = miniature(tmp_path / "four", git=False, **asked)
    library = root / "src/transformers"
    for path, text in _BASE_FILES.items():
        file = library / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((file.read_text() + "\n\n" if file.is_file() else "") + text)
    (library / "models/__init__.py").write_text(
        "from typing import TYPE_CHECKING\n\n\nif TYPE_CHECKING:\n    from .brand_new import *\n    from .twin import *\n"
    )
    (library / "models/auto/tokenization_auto.py").write_text(
        'TOKENIZER_MAPPING_NAMES = OrderedDict[str, tuple](\n    [\n        ("elder", ("ElderTokenizer", None)),\n    ]\n)\n'
    )
    return root
