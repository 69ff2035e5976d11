"""What a release's own library cannot do for any model: a port is not to blame for that.

4.57 iterates over an open safetensors file (`for key in pt_state_dict`, modeling_tf_pytorch_utils.py), which raises, so none of
its TensorFlow models loads PyTorch's weights without `from_pt=True`; 4.22 does not look for them without it. That is found by
asking a hand-written model, not by a version.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from tf_model import describe, load


def same_for_all(error: Exception, folder: Path) -> str:
    """Why no model of this release can be loaded from PyTorch's safetensors file alone; empty when that is the port's failure.

    It is the release's only where a hand-written model fails with the same error in the same line of the library; the error may
    name the `folder` that it was to be loaded from.
    """
    known = _native_loading()
    if not known or _told(error, folder) != known:
        return ""
    return f"this release cannot: its own TFBertModel fails with the same {known}; from_pt=True works"


@functools.cache
def _native_loading() -> str:
    """What a tiny BERT raises when PyTorch's weights are loaded without `from_pt=True`; empty when it loads."""
    try:
        from transformers import BertConfig, BertModel, TFBertModel
    except ImportError:
        return ""
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    with tempfile.TemporaryDirectory() as name:
        BertModel(BertConfig(vocab_size=16, **sizes)).save_pretrained(name, safe_serialization=True)
        try:
            load(TFBertModel, Path(name))
        except Exception as error:
            return _told(error, Path(name))
    return ""


def _told(error: Exception, folder: Path) -> str:
    return str(describe(error)).replace(str(folder), "its folder")
