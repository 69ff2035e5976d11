"""Inputs for a model derived from its `forward` signature and configuration, for trees without tests.

Source of truth: the parameter names that Transformers uses for one thing each (`input_ids`, `pixel_values`, …).
"""

from __future__ import annotations

import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from pt_config import vocabulary_of

CHOICES = 4
FRAMES = 4


@dataclass(frozen=True)
class Dims:
    """Batch size and number of tokens."""

    batch: int = 3
    length: int = 7


DEFAULT = Dims()

#: Parameters that are given although they have a default: without them a model does less than it can.
_USUAL = ("attention_mask", "token_type_ids", "bbox", "decoder_input_ids", "decoder_attention_mask")
_NEVER = re.compile(
    r"^(output_|return_|use_cache|past_|labels|inputs_embeds|.*_embeds$|.*head_mask$|.*labels?$|args|kwargs)"
)


def signature(cls: Any) -> dict[str, inspect.Parameter]:
    """The parameters of `forward`, without self and catch-alls."""
    parameters = inspect.signature(cls.forward).parameters
    return {
        name: p for name, p in parameters.items() if name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    }


def lookup(config: Any, *names: str, default: Any = None) -> Any:
    """The first of these attributes that the configuration or one of its parts has."""
    parts = [config, *(v for v in vars(config).values() if hasattr(v, "to_dict") and hasattr(v, "model_type"))]
    for name, part in itertools.product(names, parts):
        value = getattr(part, name, None)
        if value is not None:
            return value
    return default


def _side(value: Any, index: int) -> int:
    return int(value[index]) if isinstance(value, (list, tuple)) else int(value)


def special_ids(config: Any) -> set[int]:
    """Token ids with a meaning, which random text must not contain."""
    found: set[int] = set()
    for name, value in vars(config).items():
        if name.endswith(("token_id", "token_index")) and isinstance(value, int):
            found.add(value)
    return found


def random_ids(config: Any, shape: tuple[int, ...], limit: int | None = None) -> Any:
    """Random token ids without special ones."""
    size = limit if limit is not None else (vocabulary_of(config) or 30)
    allowed = [i for i in range(size) if i not in special_ids(config)] or list(range(size))
    return torch.tensor(allowed)[torch.randint(len(allowed), shape)]


def padding_mask(batch: int, length: int) -> Any:
    """Ones with one row padded at the right."""
    mask = torch.ones(batch, length, dtype=torch.long)
    mask[-1, length - 2 :] = 0
    return mask


def _tokens(config: Any, name: str, dims: Dims) -> list[Any]:
    ids = random_ids(config, (dims.batch, dims.length))
    eos = getattr(config, "eos_token_id", None)
    if getattr(config, "is_encoder_decoder", False) and isinstance(eos, int):
        ids[:, -1] = eos
    return [ids]


def _other_ids(config: Any, name: str, dims: Dims) -> list[Any]:
    """An unknown `*_ids`: bounded by the vocabulary whose name shares a word with it."""
    words = [word for word in name.split("_") if word not in ("ids", "input", "token", "type")]
    for attribute, value in vars(config).items():
        if "vocab" in attribute and isinstance(value, int) and any(word in attribute.split("_") for word in words):
            return [torch.randint(value, (dims.batch, dims.length))]
    return [torch.randint(2, (dims.batch, dims.length))]


def _boxes(config: Any, name: str, dims: Dims) -> list[Any]:
    limit = int(lookup(config, "max_2d_position_embeddings", default=1000))
    corners = torch.randint(limit - 1, (dims.batch, dims.length, 2, 2)).sort(dim=2).values
    return [corners.reshape(dims.batch, dims.length, 4)]


def _pixels(config: Any, name: str, dims: Dims) -> list[Any]:
    channels = lookup(config, "num_channels", "in_channels", default=3)
    channels = channels if isinstance(channels, int) else 3
    size = lookup(config, "image_size", "img_size", "input_size", default=64)
    height, width = _side(size, 0), _side(size, -1)
    image = torch.randn(dims.batch, channels, height, width)
    frames = int(lookup(config, "num_frames", "num_image_with_embedding", default=FRAMES) or FRAMES)
    video = torch.randn(dims.batch, frames, channels, height, width)
    return [video, image] if "video" in name or lookup(config, "num_frames") else [image, video]


def _spectrogram(config: Any, dims: Dims) -> list[Any]:
    bins = lookup(config, "num_mel_bins", "feature_size", "feature_projection_input_dim", "input_channels", default=32)
    length = lookup(config, "max_source_positions", "max_length", default=64)  # every configuration has the second
    return [torch.randn(dims.batch, int(length), int(bins)), torch.randn(dims.batch, int(bins), int(length) * 2)]


def _sound(config: Any, name: str, dims: Dims) -> list[Any]:
    strides = lookup(config, "conv_stride", "upsampling_ratios", "downsampling_ratios", default=(5, 2, 2, 2))
    wave = torch.randn(dims.batch, int(math.prod(strides)) * 12 + 80)
    spectrogram = _spectrogram(config, dims)
    channels = wave[:, None, :]
    return [*spectrogram, wave, channels] if lookup(config, "num_mel_bins") else [wave, channels, *spectrogram]


def _frames(config: Any, name: str, dims: Dims) -> list[Any]:
    """What a vocoder takes: a spectrogram whose width has a name of its own."""
    bins = lookup(config, "model_in_dim", "num_mel_bins", default=32)
    return [torch.randn(dims.batch, dims.length, int(bins)), *_spectrogram(config, dims)]


def _mask(config: Any, name: str, dims: Dims) -> list[Any]:
    return [padding_mask(dims.batch, dims.length)]


def _positions(config: Any, name: str, dims: Dims) -> list[Any]:
    return [torch.arange(dims.length).expand(dims.batch, dims.length).contiguous()]


def _types(config: Any, name: str, dims: Dims) -> list[Any]:
    return [torch.randint(max(1, int(lookup(config, "type_vocab_size", default=1))), (dims.batch, dims.length))]


def _states(config: Any, name: str, dims: Dims) -> list[Any]:
    width = int(lookup(config, "hidden_size", "d_model", default=32))
    return [torch.randn(dims.batch, dims.length, width)]


def _encoder_states(config: Any, name: str, dims: Dims) -> list[Any]:
    width = lookup(config, "encoder_hidden_size", "hidden_size", "d_model", default=32)
    return [torch.randn(dims.batch, dims.length, int(width))]


_BUILDERS: tuple[tuple[re.Pattern[str], Callable[[Any, str, Dims], list[Any]]], ...] = tuple(
    (re.compile(pattern), builder)
    for pattern, builder in (
        (r"^(decoder_)?input_ids$", _tokens),
        (r"attention_mask$|^pixel_mask$", _mask),
        (r"^token_type_ids$", _types),
        (r"position_ids$", _positions),
        (r"bbox$|boxes$", _boxes),
        (r"pixel_values|^pixels$", _pixels),
        (r"^input_values$|^input_features$|^waveform$|^audio_values$", _sound),
        (r"^spectrogram$", _frames),
        (r"^encoder_hidden_states$", _encoder_states),
        (r"hidden_states$|_embeds$|^features$", _states),
        (r"_ids$", _other_ids),
    )
)


def build(config: Any, name: str, dims: Dims = DEFAULT) -> list[Any]:
    """Alternatives for one parameter, likeliest first; empty when its meaning is unknown."""
    for pattern, builder in _BUILDERS:
        if pattern.search(name):
            return builder(config, name, dims)
    return []


def _wanted(cls: Any) -> list[str]:
    parameters = signature(cls)
    main = getattr(cls, "main_input_name", "input_ids")
    required = [name for name, p in parameters.items() if p.default is p.empty]
    extra = [
        name
        for name in parameters
        if name in _USUAL or (name.endswith("_ids") and name != "position_ids" and not _NEVER.match(name))
    ]
    first = [main] if main in parameters else []
    text = ["input_ids"] if "input_ids" in parameters and "pixel_values" in parameters else []
    both = [name for name in ("pixel_values", "input_features") if name in parameters]
    return list(dict.fromkeys((*first, *required, *text, *both, *extra)))


def _as_choices(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.unsqueeze(1).expand(-1, CHOICES, *value.shape[1:]).contiguous() if value.dim() > 1 else value
        for name, value in inputs.items()
    }


def candidates(cls: Any, config: Any, choices: bool, limit: int = 10, dims: Dims = DEFAULT) -> Iterator[dict[str, Any]]:
    """Sets of inputs to try, likeliest first: all that is usual, then without the optional ones."""
    names = _wanted(cls)
    options = {name: built for name in names if (built := build(config, name, dims))}
    if "attention_mask" in options and not any(name.endswith("input_ids") for name in options):
        del options["attention_mask"]  # its length is that of what the audio or vision encoder makes of the input
    required = {name for name, p in signature(cls).items() if p.default is p.empty}
    main = getattr(cls, "main_input_name", "input_ids")
    minimal = {name: value for name, value in options.items() if name == main or name in required}
    trials = [options, minimal]
    if "encoder_hidden_states" in signature(cls):  # some layers look at them whatever else is given
        trials.append({**minimal, "encoder_hidden_states": build(config, "encoder_hidden_states", dims)})
    count = 0
    for chosen in trials:
        for values in itertools.product(*chosen.values()):
            if count >= limit:
                return
            count += 1
            inputs = dict(zip(chosen, values, strict=True))
            yield _as_choices(inputs) if choices else inputs
