"""The past in XLA's generation, which has its final length from the start: where the padding stands.

The library's update (`generation/tf_utils.py`) pads between the last token and the new one, which is then further away from all
others than the text says. Padded in front, distances stay what they are; so decoders pad there whose attention goes by
distances: by a window, or by a bias for relative positions that is made of the keys' places in the cache.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.generation import is_generative

_HEADER = """def _update_model_kwargs_for_xla_generation(
    self, model_outputs, model_kwargs, cur_len, max_length, batch_size, is_encoder_decoder=False, batch_axis=0
):
"""
_DECODER = """    # the past is padded in front: padding between its tokens would move them away from each other
    past_key_values = self._extract_past_from_model_output(model_outputs)
    if past_key_values is None:
        raise ValueError("Generation with XLA needs a past: set `use_cache=True`.")
    attention_mask = model_kwargs.pop("attention_mask")
    new_token = tf.ones((batch_size, 1), dtype=attention_mask.dtype)
    if model_kwargs.pop("past_key_values", None) is None:
        padding = max_length - cur_len - 1
        past_key_values = tf.nest.map_structure(
            lambda states: tf.pad(states, [[0, 0], [0, 0], [padding, 0], [0, 0]]), past_key_values
        )
        attention_mask = tf.pad(attention_mask, [[0, 0], [padding, 0]])
    else:
        past_key_values = tf.nest.map_structure(lambda states: states[:, :, 1:], past_key_values)
        attention_mask = attention_mask[:, 1:]
    model_kwargs["attention_mask"] = tf.concat([attention_mask, new_token], axis=1)
    model_kwargs["past_key_values"] = tuple(past_key_values)
    return model_kwargs"""
#: The decoder's own states stand first, those of the encoder's output stay as they are.
_WITH_ENCODER = """    # the past is padded in front: padding between its tokens would move them away from each other
    past_key_values = self._extract_past_from_model_output(model_outputs)
    if past_key_values is None:
        raise ValueError("Generation with XLA needs a past: set `use_cache=True`.")
    if model_kwargs.pop("past_key_values", None) is None:
        padding = max_length - cur_len - 1
        past_key_values = tuple(
            (*(tf.pad(states, [[0, 0], [0, 0], [padding, 0], [0, 0]]) for states in layer_past[:2]), *layer_past[2:])
            for layer_past in past_key_values
        )
        decoder_attention_mask = tf.pad(tf.ones((batch_size, cur_len - 1), dtype=tf.int32), [[0, 0], [padding, 0]])
    else:
        past_key_values = tuple(
            (*(states[:, :, 1:] for states in layer_past[:2]), *layer_past[2:]) for layer_past in past_key_values
        )
        decoder_attention_mask = model_kwargs.pop("decoder_attention_mask")[:, 1:]
    new_token = tf.ones((batch_size, 1), dtype=tf.int32)
    model_kwargs["decoder_attention_mask"] = tf.concat([decoder_attention_mask, new_token], axis=1)
    model_kwargs["past_key_values"] = past_key_values
    return model_kwargs"""
#: Where only the keys in the window are looked at, padding would stand among them.
_WINDOW_LIMIT = """    if self.config.sliding_window is not None and max_length > self.config.sliding_window:
        raise NotImplementedError("Generation with XLA is limited to the sliding window; generate eagerly instead.")
"""
_WINDOW = re.compile(r"\b(sliding_window|window_size)\b")


def in_front(info: ClassInfo, classes: Iterable[ClassInfo]) -> list[str] | None:
    """The update between the steps of XLA's generation, for a decoder whose attention goes by distances."""
    forward = info.methods.get("forward")
    names = [a.arg for a in forward.args.args] if forward is not None else []
    if not is_generative(info) or "past_key_values" not in names:
        return None
    kept = [c for c in classes if c.category is not Category.DROPPED]
    if "decoder_input_ids" in names:
        has_mask = "decoder_attention_mask" in names
        return f"{_HEADER}{_WITH_ENCODER}".split("\n") if has_mask and any(map(_is_biased, kept)) else None
    if not any(_is_biased(c) or _WINDOW.search(ast.unparse(c.node)) for c in kept):
        return None
    limit = _WINDOW_LIMIT if any(_cuts_keys(c.node) for c in kept) else ""
    return f"{_HEADER}{limit}{_DECODER}".split("\n")


def _is_biased(info: ClassInfo) -> bool:
    """True for an attention with a past whose scores get a bias by position."""
    forward = info.methods.get("forward")
    if forward is None or not any(a.arg in ("past_key_value", "layer_past") for a in forward.args.args):
        return False
    return any(isinstance(n, ast.Name) and n.id == "position_bias" for n in ast.walk(forward))


def _cuts_keys(node: ast.ClassDef) -> bool:
    """True when the cache is told the window: it then hands out fewer keys than the mask has columns."""
    keys = [key for part in ast.walk(node) if isinstance(part, ast.Dict) for key in part.keys]
    return any(isinstance(key, ast.Constant) and key.value == "sliding_window" for key in keys)
