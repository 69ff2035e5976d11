"""Public methods of a model beside `forward`: features of one modality, the two halves of a codec, a second kind of detection.

Each is called with the inputs and outputs of the model that have the names of its parameters.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from pt_subject import Subject, is_value

#: What the library calls itself, or what changes the model.
_NOT_CALLED = re.compile(
    r"forward|generate|post_init|init_weights|tie_weights|reorder_cache|prepare_inputs_for_generation|prune_heads|"
    r"(get|set)_.*(embeddings?|encoder|decoder|adapters?|attention_type|lm_head)|(un)?freeze_.*|(un)?load_.*|init_.*|"
    r"resize_.*|gradient_checkpointing_.*|(apply|remove)_weight_norm|.*_checkpoint.*|from_.*|enable_.*|disable_.*|"
    r"prepare_decoder_input_ids_from_labels|expand_inputs_for_generation"
)


def accessors(subject: Subject) -> None:
    """Getters and setters of embeddings, which no forward pass calls."""
    for kind in ("input", "output"):
        get = getattr(subject.model, f"get_{kind}_embeddings", None)
        put = getattr(subject.model, f"set_{kind}_embeddings", None)
        try:
            value = get() if get is not None else None
            if value is not None and put is not None:
                put(value)
        except Exception:
            continue  # not every model has both


def public_methods(subject: Subject) -> None:
    """Calls of the class's own methods, as far as the model's inputs and outputs give what they require."""
    cls = type(subject.model)
    known: dict[str, Any] = {}
    for name, method in vars(cls).items():
        if name.startswith("_") or not inspect.isfunction(method) or _NOT_CALLED.fullmatch(name):
            continue
        known = known or _values(subject)
        given = _arguments(method, known)
        if given:
            subject.run(f"method_{name}", given, {}, method=name, note=False)


def _values(subject: Subject) -> dict[str, Any]:
    outputs = subject.run("outputs", subject.inputs, subject.taken(return_dict=True), save=False, note=False)
    named = dict(outputs.items()) if hasattr(outputs, "items") else {}
    return {**{name: value for name, value in named.items() if is_value(value)}, **subject.inputs}


def _arguments(method: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Values for parameters, by name or by what a name ends with (`query_pixel_values`); empty without one required."""
    given: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(method).parameters.items())[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        found = name if name in known else next((k for k in known if name.endswith(f"_{k}")), None)
        if found is not None:
            given[name] = known[found]
        elif parameter.default is parameter.empty:
            return {}
    return given
