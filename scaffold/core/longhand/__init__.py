"""What modelling files since 4.51 leave to the library's decorators, base classes and functions, written out as before.

A port has none of these, and the rest of the translator reads the older, explicit style. Each rule leaves a module without its
construct alone.
"""

from __future__ import annotations

from collections.abc import Callable

from scaffold.core.longhand import accessors, experts, heads, masks, recording, returning, signatures
from scaffold.core.longhand.splice import Source, Unclear

__all__ = ["LAYERS", "RECORDING", "Unclear", "rules"]

LAYERS = heads.LAYERS
RECORDING = recording.DECORATORS


def rules(layers: Source | None, library: str = "") -> tuple[Callable[[Source], Source], ...]:
    """The rules in their order; each raises Unclear where it cannot do its work.

    `layers`: the tree's file of generic heads; `library`: the text of its `modeling_utils.py`, where embeddings that the base
    class finds are to be written out.
    """
    return (
        lambda source: source if layers is None else heads.written_out(source, layers),
        lambda source: masks.whole_caches(masks.written_out(source)),
        recording.written_out,
        experts.written_out,
        returning.written_out,
        signatures.untyped_options,
        signatures.options_of_models,
        lambda source: accessors.written_out(source) if accessors.MIXIN in library else source,
    )
