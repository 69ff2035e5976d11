"""What a case may change: a configuration's sizes, counts, activations, epsilons and switches, and the inputs' shapes.

Source: the names that configurations of Transformers use for these, and what the modelling file's own conditions ask for. A
change is drawn as a small dictionary, so that shrinking a failure means leaving changes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_WIDTHS = ("hidden_size", "d_model", "n_embd", "embed_dim", "dim")
_HEADS = re.compile(r"^(num_attention_heads|n_head|n_heads|num_heads|(encoder|decoder)_attention_heads)$")
_KV_HEADS = re.compile(r"(num_key_value_heads|num_kv_heads|n_head_kv)$")
_LAYERS = re.compile(r"^(num_hidden_layers|n_layers?|num_layers|(encoder|decoder)_layers|num_decoder_layers)$")
_INNER = re.compile(r"(intermediate_size|ffn_dim|d_ff|n_inner|dim_feedforward)$")
_EPSILON = re.compile(r"(eps|epsilon)$")
_ACTIVATION = re.compile(r"(^|_)(act|activation)(_function|_fn)?$")
_HEAD_SIZES = (4, 8, 16)
MASKS = ("ones", "none", "right", "left", "holes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """`values` are the base configuration's plain values, `flags` (name, other value) that a condition asks for.

    `activations` are those that both of the library's tables know, so that what TensorFlow lacks is no port's fault.
    """

    values: Mapping[str, Any]
    flags: Sequence[tuple[str, Any]]
    activations: Sequence[str] = ()

    def changes(self) -> SearchStrategy[dict[str, Any]]:
        """Strategy for a dictionary of changed values; the empty one is the simplest."""
        from hypothesis import strategies as st

        # a list and not a dictionary of optional keys, which Hypothesis shrinks less well
        pairs = [(name, value) for name, values in self._single().items() for value in values]
        drawn = st.lists(st.sampled_from(pairs), unique_by=lambda pair: pair[0], max_size=4) if pairs else st.just([])
        single = drawn.map(lambda found: {name: value for name, value in found})
        width = st.one_of(st.just({}), st.tuples(st.integers(1, 4), st.sampled_from(_HEAD_SIZES)).map(self._width))
        return st.tuples(width, single).map(lambda parts: {**parts[0], **parts[1]})

    def _single(self) -> dict[str, list[Any]]:
        """Changes that stand alone: name → the other values it may have, the mildest first."""
        found: dict[str, list[Any]] = {}
        for name, value in self.values.items():
            if _ACTIVATION.search(name) and isinstance(value, str):
                found[name] = [act for act in self.activations if act != value]
            elif _LAYERS.search(name) and isinstance(value, int):
                found[name] = [count for count in (1, 2, 3) if count != value]
            elif _INNER.search(name) and isinstance(value, int) and value > 0:
                found[name] = [size for size in (8, 24, 40) if size != value]
            elif _EPSILON.search(name) and isinstance(value, float):
                found[name] = [eps for eps in (1e-5, 1e-12, 1e-3) if eps != value]
        named = set(found)
        for name, other in self.flags:
            if name not in named and not _HEADS.search(name) and not _KV_HEADS.search(name):
                found[name] = [*found.get(name, []), other]
        return found

    def _width(self, drawn: tuple[int, int]) -> dict[str, Any]:
        """Other head counts and sizes, with everything that was as wide as the model."""
        heads, size = drawn
        width = next((self.values[name] for name in _WIDTHS if isinstance(self.values.get(name), int)), None)
        counts = [name for name, value in self.values.items() if _HEADS.search(name) and type(value) is int]
        if width is None or not counts:
            return {}
        changed: dict[str, Any] = {name: heads for name in counts}
        wide = [name for name, value in self.values.items() if type(value) is int and value == width]
        changed.update({name: heads * size for name in wide if name in _WIDTHS or name.endswith(("_size", "_dim"))})
        changed.update({name: 1 if heads % 2 else heads // 2 for name in self.values if _KV_HEADS.search(name)})
        for name in ("head_dim", "attention_head_size", "d_kv"):
            if type(self.values.get(name)) is int:
                changed[name] = size
        return changed


def cases(space: Space, pairs: Sequence[tuple[str, str]]) -> SearchStrategy[dict[str, Any]]:
    """Strategy for complete cases, as workers/fuzz_both.py takes them."""
    from hypothesis import strategies as st

    return st.fixed_dictionaries(
        {
            "pair": st.sampled_from(list(pairs)),
            "changes": space.changes(),
            "batch": st.integers(1, 3),
            "length": st.integers(1, 12),
            "mask": st.sampled_from(MASKS),
            "integers": st.sampled_from(("int64", "int32")),
            "seed": st.integers(0, 99),
        }
    )
