"""Multi-head attention as a function.

Source: torch's documentation of `torch.nn.MultiheadAttention` and the signature of
`torch.nn.functional.multi_head_attention_forward`.
"""

from __future__ import annotations

from scaffold.translate.callsite import CallSite, parenthesised
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules._family import given, invoke, rewrites

RULES: list[Rule] = []

_REFUSED = ("bias_k", "bias_v", "static_k", "static_v", "is_causal")


@rewrites(
    RULES,
    "nn.functional.multi_head_attention_forward",
    args=(
        "query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight", "in_proj_bias", "bias_k", "bias_v",
        "add_zero_attn", "dropout_p", "out_proj_weight", "out_proj_bias", "training", "key_padding_mask", "need_weights",
        "attn_mask", "use_separate_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "static_k", "static_v",
        "average_attn_weights", "is_causal",
    ),  # fmt: skip
    examples=(
        Example(
            "F.multi_head_attention_forward(a, a, a, 4, 2, None, b, None, None, False, 0.0, w, c, False, k, True, m, True,"
            " p, q, r)",
            "_multi_head_attention(a, a, a, 2, (p, q, r), b, w, c, key_padding_mask=k, attn_mask=m, need_weights=True)",
            "a: f32[3,2,4], b: f32[12], w: f32[4,4], c: f32[4], k: f32[2,3], m: f32[4,3,3], p: f32[4,4], q: f32[4,4],"
            " r: f32[4,4]",
        ),
    ),
)  # fmt: skip
def multi_head_attention_forward(call: CallSite) -> str | Unmapped:
    """An emitted function; only with separate projection weights."""
    if call.constant("use_separate_proj_weight", False) is not True:
        return call.refuse("TFP102", "a packed projection weight has no rule", "use the layer itself")
    if any(call.has(name) and not _is_off(call, name) for name in _REFUSED):
        return call.refuse("TFP102", f"of {', '.join(_REFUSED)} none has a rule", "write the call by hand")
    function = f"_{call.emits('multi_head_attention')}"
    call.uses("stable_softmax")
    weights = ", ".join(call.text(f"{part}_proj_weight") for part in "qkv")
    dropout = given(call, "dropout_p") if call.constant("dropout_p", 0.0) != 0.0 else None
    training = call.constant("training", True)
    if dropout is not None and training is not True:
        dropout = None if training is False else f"{parenthesised(dropout)} if {call.text('training')} else 0.0"
    positional = [call.text(name) for name in ("query", "key", "value", "num_heads")]
    positional += [f"({weights})", call.text("in_proj_bias"), call.text("out_proj_weight"), call.text("out_proj_bias")]
    keywords = {name: given(call, name) for name in ("key_padding_mask", "attn_mask", "need_weights")}
    keywords["dropout"] = dropout
    keywords["average_attn_weights"] = given(call, "average_attn_weights")
    return invoke(function, *positional, **keywords)


def _is_off(call: CallSite, name: str) -> bool:
    """False, None, or a local that holds None."""
    return call.constant(name) in (None, False) or call.arg(name).kind == "none"
