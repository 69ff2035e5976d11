"""Key and value caches: a port's cache is a list with one (key, value) pair a layer.

Source: `cache_utils.py`. TensorFlow's generation knows tuples of such pairs only ("legacy caches"); the kinds of cache differ in
how they store the same keys and values, which a port leaves to generation.
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import CallSite
from scaffold.translate.names import optional_parameters
from scaffold.translate.rule import Rule, Unmapped, rewrite

_MODULE = "transformers.cache_utils."
#: The methods of `Cache` get this prefix, whatever class the receiver has.
CACHE = f"{_MODULE}Cache."
#: Methods that tell a cache by their names.
METHODS = frozenset(
    {"get_seq_length", "get_usable_length", "get_max_length", "get_max_cache_shape", "to_legacy_cache", "update"}
)


@rewrite(
    f"{CACHE}update",
    args=("self", "key_states", "value_states", "layer_idx", "cache_kwargs"),
    ignore=("cache_kwargs",),
    result="tuple",
)
def update(call: CallSite) -> str:
    """The layer's keys and values with the past in front; the cache keeps them."""
    arguments = [call.text(name) for name in ("self", "key_states", "value_states", "layer_idx")]
    states = f"{call.emits('update_cache')}({', '.join(arguments)})"
    window = _option(call, "sliding_window")
    if window is None:
        return states
    call.uses("shape_list")
    return f"{call.emits('within_window')}({states}, {call.text('key_states')}, {call.engine.expression(window)})"


def _option(call: CallSite, key: str) -> ast.expr | None:
    """An item of the dictionary given as `cache_kwargs`, directly or by the name of a local."""
    node = call.bound["cache_kwargs"].node if "cache_kwargs" in call.bound else None
    if isinstance(node, ast.Name):
        function = call.engine.function_of(node)
        for part in ast.walk(function) if function is not None else ():
            if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == node.id:
                node = part.value
                break
    if not isinstance(node, ast.Dict):
        return None
    items = zip(node.keys, node.values, strict=True)
    return next((v for k, v in items if isinstance(k, ast.Constant) and k.value == key), None)


@rewrite(f"{CACHE}get_seq_length", args=("self", "layer_idx"), result="int")
def get_seq_length(call: CallSite) -> str:
    """Number of tokens in the past."""
    return _length(call)


@rewrite(f"{CACHE}get_usable_length", args=("self", "new_seq_length", "layer_idx"), result="int")
def get_usable_length(call: CallSite) -> str:
    """A cache of any length keeps all of the past."""
    return _length(call)


def _length(call: CallSite) -> str:
    layer = f", {call.text('layer_idx')}" if call.has("layer_idx") else ""
    call.uses("shape_list")
    return f"{call.emits('cache_length')}({call.text('self')}{layer})"


def _made(name: str) -> Rule:
    return Rule(
        torch=f"{_MODULE}{name}",
        args=(
            "*args",
            "config",
            "batch_size",
            "max_batch_size",
            "max_cache_len",
            "device",
            "dtype",
            "layer_device_map",
        ),
        tf="[]",
        result="list",
        note="an empty cache",
    )


@rewrite("transformers.modeling_rope_utils.ROPE_INIT_FUNCTIONS", args=("rope_type",), result="other")
def rope_init_function(call: CallSite) -> str | Unmapped:
    """Inverse frequencies of rotary embeddings by the type that the configuration names (a table, read by subscript).

    Types that the checkout's library computes otherwise than the emitted function are refused when the model is made.
    """
    call.uses("shape_list")
    parameters, kind = call.emits("rope_parameters"), call.text("rope_type")
    others = _other_rope_types(call.engine.library_text("modeling_rope_utils.py"))
    if not others:
        return f"functools.partial({parameters}, {kind})"
    return f"functools.partial({call.emits('checked_rope_parameters')}, {others}, {kind})"


def _other_rope_types(text: str) -> tuple[str, ...]:
    """By what their functions say: `yarn` was given scales of its own in 4.50, `longrope` chooses its factors anew since 4.48."""
    changed = {"yarn": "mscale" in text, "longrope": bool(text) and "expanded_max_position_embeddings" not in text}
    return tuple(kind for kind, is_other in changed.items() if is_other)


def _from_legacy(call: CallSite) -> str:
    """A list of its pairs; an empty one for no past, where the code around it does not ask for that."""
    if not call.has("past_key_values"):
        return "list(())"
    past = call.arg("past_key_values")
    function = call.engine.function_of(call.node)
    asked, current = False, call.engine.parent(call.node)
    while current is not None and current is not function:
        asked = asked or (isinstance(current, ast.If) and f"{past.text} is" in ast.unparse(current.test))
        current = call.engine.parent(current)
    optional = isinstance(past.node, ast.Name) and past.node.id in optional_parameters(function)
    return f"list({past.text})" if asked or not optional else f"list({past.text} or ())"


@rewrite(f"{_MODULE}EncoderDecoderCache.from_legacy_cache", args=("past_key_values",), result="cache")
def both_caches(call: CallSite) -> str:
    """An emitted class: the decoder's own past and the encoder's keys and values."""
    call.emits("encoder_decoder_cache")
    return f"EncoderDecoderCache({call.text('past_key_values')})"


RULES = [
    both_caches,
    *(_made(name) for name in ("DynamicCache", "HybridCache", "StaticCache", "SlidingWindowCache")),
    Rule(
        torch=f"{_MODULE}DynamicCache.from_legacy_cache",
        args=("past_key_values", "num_hidden_layers"),
        tf="",
        rewrite=_from_legacy,
        result="list",
        note="a copy, so that the caller's own past stays as it was",
    ),
    Rule(torch=f"{CACHE}to_legacy_cache", args=("self",), tf="tuple({self})", result="tuple"),
    Rule(torch=f"{CACHE}get_max_length", args=("self",), tf="None", result="none", note="no limit"),
    Rule(torch=f"{CACHE}get_max_cache_shape", args=("self",), tf="None", result="none", note="no limit"),
]
