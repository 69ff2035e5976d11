"""Configurations of composites that are made of two others, whose types nothing says: `from_encoder_decoder_configs(a, b)`.

The tests of such models choose the parts by hand. Here each part is of one of the first types that take what the composite hands
them and have a TensorFlow class, in the order of the library's own tables, and is shrunk like any other configuration.

Source of truth: `models/auto/modeling_auto.py`, the class method of the configuration.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pt_config
import pt_inputs
import pt_parts

_METHOD = re.compile(r"from_[a-z]+_[a-z]+_configs")
_TYPES = 3  # of one part that are tried
#: What a part takes, by its name or by that of the composite's main input.
_TAKEN = {"vision": "pixel_values", "text": "input_ids", "inputs": "input_values"}


def candidates(cls: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """How the parts were chosen, the configuration, and inputs; nothing for other models."""
    config_class = cls.config_class
    method = next((name for name in dir(config_class) if _METHOD.fullmatch(name)), None)
    made = pt_parts.made(cls)
    if method is None or not made:
        return
    roles = list(inspect.signature(getattr(config_class, method)).parameters)[:2]
    attributes = [next((a for a in (role, role.removesuffix("_config")) if a in made), "") for role in roles]
    options = [list(itertools.islice(_types(cls, attr, made[attr]), _TYPES)) for attr in attributes if attr]
    if len(options) < 2:
        return
    for parts in itertools.product(*options):
        config = getattr(config_class, method)(*(part for part, _ in parts))
        config.pad_token_id = 0 if config.pad_token_id is None else config.pad_token_id
        if getattr(config, "is_encoder_decoder", False):
            config.decoder_start_token_id = 1
        label = ", ".join(
            f"{attr} of type {part.model_type}" for attr, (part, _) in zip(attributes, parts, strict=True)
        )
        taken = [main for attr, (_, main) in zip(attributes, parts, strict=True) if attr != "decoder"]
        for inputs in pt_inputs.candidates(cls, config, False):
            yield f"parts: {label}", config, _given(cls, config, inputs, taken)


def _given(cls: Any, config: Any, inputs: dict[str, Any], taken: list[str]) -> dict[str, Any]:
    """The inputs; a composite's main input may have a name of its own, and a mask of text is none of an image or a sound."""
    main = cls.main_input_name
    if main not in inputs and taken[0] not in inputs:
        inputs = {main: pt_inputs.build(config, taken[0])[0], **inputs}
    if "input_ids" not in taken:
        inputs = {name: value for name, value in inputs.items() if name != "attention_mask"}
    return inputs


def _types(cls: Any, attr: str, kinds: list[str]) -> Iterator[tuple[Any, str]]:
    """Shrunk configurations of a part with the name of its main input."""
    import transformers

    wanted = _TAKEN.get(attr.removesuffix("_config")) or _TAKEN.get(cls.main_input_name, cls.main_input_name)
    called = pt_parts.called(cls, attr)
    for kind in kinds:
        for model_type, name in pt_parts.names(kind).items():
            if not isinstance(name, str) or f"TF{name}" not in pt_parts.tensorflow_classes():
                continue
            if not called <= pt_parts.defined_beside(f"TF{name}"):
                continue
            model = getattr(transformers, name, None)
            if model is None or model_type not in transformers.CONFIG_MAPPING:
                continue
            config_class = transformers.CONFIG_MAPPING[model_type]
            takes = pt_inputs.signature(model)
            fits = "encoder_hidden_states" in takes if attr == "decoder" else model.main_input_name == wanted
            shrunk = next(iter(pt_config.candidates(config_class)), None)
            if fits and "decoder_input_ids" not in takes and shrunk is not None:
                yield shrunk[1], model.main_input_name
