"""Attention masks: `masking_utils` (since 4.53) by the functions that all of 4.x has, and that a port knows.

Source: `masking_utils.py` of 4.53 to 5.x, `modeling_attn_mask_utils.py` of 4.x. A mask of four dimensions goes through as it is,
flash attention takes the mask of two dimensions. Packed sequences found by their positions, and static caches in compiled code,
are left out; masks put together of functions cannot be written out.
"""

from __future__ import annotations

import ast
import re

from scaffold.core.longhand.splice import Edit, Source, Unclear, called, method

_CAUSAL = '''

def {name}(config, {embeds}, attention_mask, {position}past_key_values=None, position_ids=None):
    """The additive mask of shape (batch, 1, queries, keys); of two dimensions, or None, for flash attention."""
    if attention_mask is not None and attention_mask.dim() == 4:
        return attention_mask
    if config._attn_implementation == "flash_attention_2":
        return attention_mask if attention_mask is not None and 0.0 in attention_mask else None
    if isinstance(past_key_values, StaticCache):
        raise ValueError("The model needs a cache that grows: its masks are as long as the tokens seen so far.")
    past_key_values_length = past_key_values.get_seq_length() if past_key_values is not None else 0
    batch_size, seq_length = {embeds}.shape[0], {embeds}.shape[1]
    return _prepare_4d_causal_attention_mask(
        attention_mask, (batch_size, seq_length), {embeds}, past_key_values_length{window}
    )
'''

_BIDIRECTIONAL = '''

def {name}(config, {embeds}, attention_mask):
    """The additive mask of shape (batch, 1, queries, keys), None where nothing is hidden."""
    if attention_mask is None or attention_mask.dim() == 4:
        return attention_mask
    if config._attn_implementation == "flash_attention_2":
        return attention_mask if 0.0 in attention_mask else None
    return _prepare_4d_attention_mask(attention_mask, {embeds}.dtype)
'''

_FUNCTIONS = {
    "create_causal_mask": (_CAUSAL, "_prepare_4d_causal_attention_mask", "", "make_causal_mask"),
    "create_sliding_window_causal_mask": (
        _CAUSAL,
        "_prepare_4d_causal_attention_mask",
        ", config.sliding_window - 1",  # the library's function counts the token itself apart
        "make_sliding_window_causal_mask",
    ),
    "create_bidirectional_mask": (_BIDIRECTIONAL, "_prepare_4d_attention_mask", "", "make_bidirectional_mask"),
}
_OF_CACHES = frozenset({"past_key_values", "position_ids", "cache_position"})
_KEYWORDS = frozenset({"config", "inputs_embeds", "input_embeds", "attention_mask"}) | _OF_CACHES


def written_out(source: Source) -> Source:
    """The module with its masks made by functions of its own."""
    imported = [(s, a) for s, a in source.imports() if s.module == "masking_utils" and a.name in _FUNCTIONS]
    if not imported:
        return source
    edits, functions, needed = [], [], set()
    texts = {str(n.value) for n in ast.walk(source.tree) if isinstance(n, ast.Constant)}
    given = {k.arg for n in ast.walk(source.tree) if isinstance(n, ast.Call) for k in n.keywords if k.arg}
    embeds = "input_embeds" if "input_embeds" in texts | given else "inputs_embeds"  # the name before 5.0
    position = "cache_position=None, " if "cache_position" in texts | given else ""
    for _, alias in imported:
        template, helper, window, name = _FUNCTIONS[alias.name]
        local = alias.asname or alias.name
        functions.append(template.format(name=name, window=window, embeds=embeds, position=position))
        needed.add(helper)
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and called(node) == local:
                _check(source, node, alias.name)
                edits += [
                    source.replaced(k, f"{embeds}={source.segment(k.value)}")
                    for k in node.keywords
                    if k.arg in ("input_embeds", "inputs_embeds")
                ]
                edits.append(source.replaced(node.func, name))
            elif isinstance(node, ast.Name) and node.id == local and not isinstance(node.ctx, ast.Store):
                edits.append(source.replaced(node, name))
    if any(alias.name == "create_sliding_window_causal_mask" for _, alias in imported):
        edits += [edit for node in source.classes.values() for edit in _cut(source, node)]
    edits += [_without(source, statement) for statement in dict.fromkeys(s for s, _ in imported)]
    last = [n for n in source.tree.body if isinstance(n, ast.Import | ast.ImportFrom)][-1]
    line = f"from ...modeling_attn_mask_utils import {', '.join(sorted(needed))}\n"
    line += "from ...cache_utils import StaticCache\n" if any("StaticCache" in text for text in functions) else ""
    at = source.line_start((last.end_lineno or last.lineno) + 1)
    edits.append((at, at, line + "".join(functions)))
    return source.edited(edits)


def _without(source: Source, statement: ast.ImportFrom) -> Edit:
    """The import with the names that are left."""
    rest = [source.segment(alias) for alias in statement.names if alias.name not in _FUNCTIONS]
    if not rest:
        return source.without_lines(statement)
    return source.replaced(statement, f"from {'.' * statement.level}{statement.module} import {', '.join(rest)}")


def _cut(source: Source, node: ast.ClassDef) -> list[Edit]:
    """The mask cut to the keys that there are: `generate()` of 4.x keeps the last ones alone for layers with a window."""
    forward = method(node, "forward")
    if forward is None or not re.search(r"past_key_values?\.update\(", source.segment(forward)):
        return []
    edits = []
    for statement in forward.body:
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.Call) or called(value) != "attention_interface" or len(value.args) < 5:
            continue
        key, mask = (source.segment(argument) for argument in (value.args[2], value.args[4]))
        lines = [f"if {mask} is not None:", f"    {mask} = {mask}[..., -{key}.shape[-2] :]"]
        edits.append(source.before(statement, lines))
    return edits


def _check(source: Source, call: ast.Call, name: str) -> None:
    allowed = _KEYWORDS if name != "create_bidirectional_mask" else _KEYWORDS - _OF_CACHES
    for given in call.keywords:
        if given.arg is not None and given.arg not in allowed:
            raise Unclear(
                source.path, given.lineno or call.lineno, f"{name}({given.arg}=…)", "such a mask cannot be written out"
            )


def whole_caches(source: Source) -> Source:
    """`DynamicCache(config=…)` makes caches that forget what lies outside a window; the masks here count from the first token."""
    found = [n for n in ast.walk(source.tree) if isinstance(n, ast.Call) and called(n) == "DynamicCache" and n.keywords]
    return source.edited(
        source.replaced(n, "DynamicCache()") for n in found if [k.arg for k in n.keywords] == ["config"]
    )
