"""Shrink a configuration class to a size that runs in milliseconds, by what its parameters are called.

Source of truth: the constructor's parameters. Derived attributes are recomputed by the constructor, so nothing is patched
afterwards but token ids that the smaller vocabulary cannot hold.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

VOCABULARY = 99
HIDDEN = 32
WIDE = 128  # for models that fix the size of a head and derive the number of heads
HEADS = 4
LAYERS = 2
POSITIONS = 64
PATCH = 4
GRID = 8  # patches along one side of an image

Values = Mapping[str, Any]

_LAYERS = re.compile(r"(^|_)(layers?|depths?|n_layers?|num_blocks|blocks|num_self_attends_per_block)$")
_HEADS = re.compile(r"(^|_)(n_|num_)?heads?$")
_HEAD_SIZE = re.compile(r"head_dim$|^d_kv$|attention_head_size$|kv_channels$|dim_head$|attention_head_dim$")
_SIZES = re.compile(
    r"(^|_)(d_model|n_embd|n_inner|hidden|dims?|d_ff|ffn|sizes?|channels?|width|units|inner|latents|dimension)$"
)
_SIZES_ALSO = re.compile(r"(^|_)(d_\w+|conv_dim|feedforward)$")
_NOT_SIZES = re.compile(
    r"vocab|patch|image|img|window|kernel|num_channels|batch|chunk|block_size|group|crop|mel|key_dim|seq|pool|spec"
)
_VOCABULARY = re.compile(r"vocab_size$")
_POSITIONS = re.compile(
    r"max_.*(position|seq|text|time|length)|^n_positions$|^n_ctx$|_seq_len$|^seq_len(gth)?$|^max_length$"
)
_IMAGES = re.compile(r"(^|_)image_size$|^max_img_size$|^spec_size$")
_EXPERTS = re.compile(r"num_(local_|routed_)?experts$|^n_routed_experts$")
_TOKEN_IDS = re.compile(r"token_(id|ids|index)$|_token$")

#: What a model that rejects the smallest configuration may keep at full size, tried in this order. `wide` is no group: it
#: asks for the larger width.
RELAXATIONS: tuple[frozenset[str], ...] = tuple(
    frozenset(groups.split())
    for groups in (
        "",
        "wide",
        "images",
        "positions",
        "audio",
        "layers",
        "wide images",
        "wide images positions",
        "heads sizes",
        "heads sizes images",
        "layers images",
        "layers heads sizes",
        "heads sizes images positions audio",
        "heads sizes images positions audio experts layers",
    )
)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(_whole(item) for item in value)


def _each(value: Any, function: Callable[[int], int]) -> Any:
    """Apply to an int or to every item of a list or tuple of ints; anything else stays."""
    if _whole(value):
        return function(value)
    if _whole_list(value):
        return type(value)(function(item) for item in value)
    return value


def _layers(values: Values, width: int) -> dict[str, Any]:
    return {
        name: _each(value, lambda v: min(v, LAYERS))
        for name, value in values.items()
        if _LAYERS.search(name) and not name.startswith("num_feat_extract")
    }


def _is_size(name: str) -> bool:
    if _NOT_SIZES.search(name) or _HEAD_SIZE.search(name) or _HEADS.search(name):
        return False
    return bool(_SIZES.search(name) or _SIZES_ALSO.search(name))


def _base_size(values: Values) -> int:
    """The width that the other sizes are multiples of."""
    for name in ("hidden_size", "d_model", "n_embd", "embed_dim", "hidden_dim", "dim", "encoder_hidden_size"):
        if _whole(values.get(name)) and values[name] > 0:
            return int(values[name])
    sizes = [value for name, value in values.items() if _is_size(name) and _whole(value) and value >= HIDDEN]
    return min(sizes, default=HIDDEN)


def _heads_list(values: Values) -> Any:
    return next((v for name, v in values.items() if _HEADS.search(name) and _whole_list(v)), None)


def _sizes(values: Values, width: int) -> dict[str, Any]:
    """Scale every width by the same factor, so that equal ones stay equal and multiples stay multiples."""
    base = _base_size(values)
    heads = _heads_list(values)
    target = heads[0] * 8 if heads else width

    def scaled(value: int) -> int:
        return value if value < HIDDEN else max(8, round(value * target / base / 8) * 8)

    result: dict[str, Any] = {}
    for name, value in values.items():
        if not _is_size(name):
            continue
        if _whole_list(value) and heads and len(heads) == len(value):
            result[name] = type(value)(head * 8 for head in heads)
        elif _whole_list(value):
            smallest = max(1, min(value))
            result[name] = type(value)(max(8, v * 16 // smallest // 8 * 8) if v >= 16 else v for v in value)
        else:
            result[name] = _each(value, scaled)
    return result


def _heads(values: Values, width: int) -> dict[str, Any]:
    """Four heads, two key-value heads where there were fewer of them, and head sizes that fit."""
    counts = [
        v for name, v in values.items() if _HEADS.search(name) and _whole(v) and "kv" not in name and "key" not in name
    ]
    most = max(counts, default=0)
    result: dict[str, Any] = {}
    for name, value in values.items():
        if _HEADS.search(name) and _whole(value):
            shared = ("kv" in name or "key" in name) and value < most
            result[name] = min(value, HEADS // 2 if shared else HEADS)
        elif _HEAD_SIZE.search(name) and _whole(value):
            result[name] = width // HEADS
    return result


def _vocabulary(values: Values, width: int) -> dict[str, Any]:
    return {
        name: _each(value, lambda v: min(v, VOCABULARY)) for name, value in values.items() if _VOCABULARY.search(name)
    }


def _positions(values: Values, width: int) -> dict[str, Any]:
    return {
        name: _each(value, lambda v: min(v, POSITIONS)) for name, value in values.items() if _POSITIONS.search(name)
    }


def _images(values: Values, width: int) -> dict[str, Any]:
    """Small patches and a grid of them; a model with stages halves the grid at each, so it gets a larger one."""
    stages = max((len(v) for name, v in values.items() if _LAYERS.search(name) and _whole_list(v)), default=0)
    result: dict[str, Any] = {}
    patch: Any = values.get("patch_size")
    size = PATCH
    if _whole(patch):
        result["patch_size"] = size = min(int(patch), PATCH)
    elif _whole_list(patch) and len(set(patch)) == 1:
        size = min(int(patch[0]), PATCH)
        result["patch_size"] = type(patch)(size for _ in patch)
    side = size * GRID * (2 ** max(0, stages - 2))
    for name, value in values.items():
        if _IMAGES.search(name):
            result[name] = _each(value, lambda v: min(v, side))
    return result


def _audio(values: Values, width: int) -> dict[str, Any]:
    limits = {"num_mel_bins": 32, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2, "feature_size": 32}
    return {name: min(values[name], limit) for name, limit in limits.items() if _whole(values.get(name))}


def _experts(values: Values, width: int) -> dict[str, Any]:
    return {name: min(value, 4) for name, value in values.items() if _EXPERTS.search(name) and _whole(value)}


GROUPS: dict[str, Callable[[Values, int], dict[str, Any]]] = {
    "layers": _layers,
    "sizes": _sizes,
    "heads": _heads,
    "vocabulary": _vocabulary,
    "positions": _positions,
    "images": _images,
    "audio": _audio,
    "experts": _experts,
}


def shrunk_values(values: Values, keep: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Only the values that change, all groups but those in `keep` applied."""
    changes: dict[str, Any] = {}
    width = WIDE if "wide" in keep else HIDDEN
    for group, rule in GROUPS.items():
        if group not in keep:
            changes.update(rule(values, width))
    return {name: value for name, value in changes.items() if value != values[name]}


def _parameters(cls: type, default: Any) -> dict[str, Any]:
    """The constructor's parameters with the values the default configuration has for them."""
    names = [
        p.name
        for p in inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
        if p.name != "self" and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    missing = object()
    found = {name: getattr(default, name, missing) for name in names}
    return {name: value for name, value in found.items() if value is not missing}


def _is_config(value: Any) -> bool:
    return hasattr(value, "to_dict") and hasattr(value, "model_type")


def _codes(config: Any) -> int:
    """How many tokens the codes need that a configuration or a part of it writes into texts (`decoder_fixing_codes`)."""
    parts = (config, *(part for part in vars(config).values() if _is_config(part)))
    lists = [v for part in parts for name, v in vars(part).items() if name.endswith("_codes") and _whole_list(v)]
    return 1 + max((max(codes) for codes in lists), default=0)


def shrink(cls: type, keep: frozenset[str] = frozenset(), default: Any = None, tokens: int = VOCABULARY) -> Any:
    """A configuration of the class with small sizes, its sub-configurations shrunk too; `tokens` stay in every vocabulary."""
    default = cls() if default is None else default
    values, tokens = _parameters(cls, default), max(tokens, _codes(default))
    changes = shrunk_values(values, keep)
    changes.update({n: _each(values[n], lambda v: min(v, tokens)) for n in changes if _VOCABULARY.search(n)})
    children = {name: shrink(type(v), keep, v, tokens) for name, v in values.items() if _is_config(v)}
    # A parameter that the default configuration was given explicitly (a sub-configuration of a composite) must stay.
    given = {name: v for name, v in values.items() if default is not None and not _is_config(v) and _plain(v)}
    try:
        config = cls(**{**given, **changes}, **{name: child.to_dict() for name, child in children.items()})
    except Exception:
        config = cls(**changes, **children)
    fit_token_ids(config)
    return config


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, list, tuple, dict))


def vocabulary_of(config: Any) -> int | None:
    """The number of tokens, looked up in the text part of a composite too."""
    for holder in (config, getattr(config, "text_config", None), getattr(config, "decoder", None)):
        size: Any = getattr(holder, "vocab_size", None)
        if _whole(size):
            return int(size)
    return None


def fit_token_ids(config: Any) -> None:
    """Move special tokens beyond the vocabulary to its end, each to a place of its own."""
    limit = vocabulary_of(config)
    if limit is None:
        return
    moved: dict[int, int] = {}

    def fit(token: int) -> int:
        if token < limit:
            return token
        return moved.setdefault(token, limit - 1 - len(moved))

    for name, value in list(vars(config).items()):
        if _TOKEN_IDS.search(name) and (_whole(value) or _whole_list(value)):
            setattr(config, name, _each(value, fit))


def candidates(cls: type) -> Iterator[tuple[frozenset[str], Any]]:
    """Configurations to try, smallest first, with what each keeps at full size."""
    seen: list[Any] = []
    for keep in RELAXATIONS:
        try:
            config = shrink(cls, keep)
        except Exception:
            continue
        plain = config.to_dict()
        if plain not in seen:
            seen.append(plain)
            yield keep, config
