"""`input_signature` and `dummy_inputs` of the pretrained base class, where the library cannot infer them (guide.md G24).

Source: eras.md §8 (what `TFPreTrainedModel.input_signature` infers, and which hand-written ports override it).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from scaffold.core.checkout import Located
from scaffold.core.typedb import Observation
from scaffold.translate import composite
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.pretrained import configuration_text
from scaffold.translate.tensor_spec import (
    FEATURES,
    VIDEOS,
    channels_spec,
    image_spec,
    input_channels,
    input_spec,
    input_width,
    is_image,
    lacks_channels,
    video_spec,
)

_INFERRED = frozenset(
    {"input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask", "pixel_values"}
)


def members(
    located: Located, engine: Engine, classes: dict[str, ClassInfo], needed: Mapping[str, Observation] | None = None
) -> list[str]:
    """Lines of the properties that the base class needs; none for most text models. `needed`: further inputs to describe."""
    needed = needed or {}
    function = _forward(located, engine, classes)
    if function is None or len(function.args.args) < 2 or (len(classes) > 1 and _each_its_own(engine, classes)):
        return []
    first = function.args.args[1].arg
    observed = {**{name: [seen] for name, seen in needed.items()}, **_observed(engine, classes)}
    own = [] if first in _INFERRED else [first]
    own += [name for name in (*_demanded(function), *needed) if name not in _INFERRED and name not in own]
    specs = {name: _spec(located, engine, name, observed.get(name, [])) for name in own}
    image = image_spec(located, observed.get(first, [])) if first == "pixel_values" else None
    if image is not None:
        specs = {first: image, **specs}
    specs = _of_text_beside_features(function, first) | specs
    lines = _signature(first, specs)
    if "None, None), tf.float32" in specs.get("pixel_values", ""):
        lines += ["", *(_NO_CALL if engine.part_classes else _SOME_SIZE)]  # a composite's parts may want more
    elif first in specs:
        dummies = _dummy_inputs(located, first, specs)
        lines += ["", *dummies] if dummies else []
    if not any("dummy_inputs" in line for line in lines) and _ignores_size(located, engine, observed):
        lines += ["", *_SMALL_IMAGES] if lines else _SMALL_IMAGES
    if first == "input_ids" and re.search(r"\bvocab_size(?:: int)? ?= ?1,", configuration_text(located)):
        return [*lines, *([""] if lines else []), *_ONE_TOKEN]
    if re.search(r"input_ids\.eq\(self\.config\.eos_token_id\)", located.source):
        lines += ["", *_END_TOKENS] if lines else _END_TOKENS
        engine.uses.add("shape_list")
    if composite.has_parts(engine) and not any("dummy_inputs" in line for line in lines):
        lines += ["", *composite.DUMMIES] if lines else composite.DUMMIES
    return lines or (_fixed_length(located) if first == "input_ids" else [])


def _spec(located: Located, engine: Engine, name: str, seen: list[Observation]) -> str:
    """An input with the sizes of the layer that takes it."""
    return input_spec(located, name, seen, input_width(located, engine, name, seen), input_channels(engine, name))


def _of_text_beside_features(function: ast.FunctionDef, first: str) -> dict[str, str]:
    """The inputs of a text model that takes features as well, which the library refuses to infer."""
    names = [a.arg for a in function.args.args]
    if first != "input_ids" or "input_features" not in names:
        return {}
    taken = [name for name in names if name in _INFERRED - {"pixel_values"}]
    return {name: _TEXT_SPEC.format(name) for name in taken}


_TEXT_SPEC = 'tf.TensorSpec((None, None), tf.int32, name="{}")'
#: What the library infers for models that take `input_ids`, and only for those.
_TEXT = frozenset({"attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask"})


def _takes(info: ClassInfo, name: str) -> bool:
    function = info.methods.get("forward")
    return function is not None and name in {a.arg for a in function.args.args}


def _first(info: ClassInfo) -> str:
    """The first input of a model, empty where it has none."""
    function = info.methods.get("forward")
    return function.args.args[1].arg if function is not None and len(function.args.args) > 1 else ""


def _each_its_own(engine: Engine, classes: dict[str, ClassInfo]) -> bool:
    """True where only some of the models begin with an input that the library cannot infer: what a base class says is for all."""
    firsts = {_first(info) for info in classes.values() if info.name in engine.types.classes and _first(info)}
    return bool(firsts & _INFERRED) and bool(firsts - _INFERRED)


def _ignores_size(located: Located, engine: Engine, observed: dict[str, list[Observation]]) -> bool:
    """True for images whose size the configuration gives, but the model never asks for: it may be wrong there."""
    read = any(isinstance(n, ast.Attribute) and n.attr == "image_size" for n in ast.walk(engine.source.tree))
    of_images = {o.rank for o in observed.get("pixel_values", ())} == {4}
    return of_images and not read and re.search(r"self\.image_size\b", configuration_text(located)) is not None


def own_members(located: Located, engine: Engine, base: str, classes: dict[str, ClassInfo]) -> dict[str, list[str]]:
    """Model class → its own properties, where it does not run with the inputs that its base class describes."""
    shared = set(re.findall(r'name="(\w+)"', "\n".join(engine.base_members.get(base, ()))))
    found: dict[str, list[str]] = {}
    for info in classes.values() if _each_its_own(engine, classes) else ():
        if info.name in engine.types.classes and _first(info) not in _INFERRED:
            needed = engine.types.classes[info.name].needed
            found[info.name] = [*members(located, engine, {info.name: info}, needed), ""]
    for info in classes.values():
        probed = engine.types.classes.get(info.name)
        needed = _and_images(engine, info, probed.needed) if probed is not None else {}
        if info.category is not Category.MODEL or not set(needed) & (shared | _INFERRED):
            continue
        alone = _TEXT if not _takes(info, "input_ids") else frozenset()  # the library infers these beside `input_ids`
        extra = {name: seen for name, seen in needed.items() if name not in (shared | _INFERRED) - alone}
        specs = {name: _spec(located, engine, name, [seen]) for name, seen in extra.items()}
        if "pixel_values" not in shared and "pixel_values" in needed and needed["pixel_values"].rank == 5:
            specs["pixel_values"] = video_spec(located, needed["pixel_values"])
        inferred = specs.get("pixel_values") in (None, *VIDEOS) and "input_features" not in specs
        if not inferred:  # the library's own refuses
            specs = {name: specs.get(name) or input_spec(located, name, [seen]) for name, seen in needed.items()}
        lines = _signature("" if inferred else next(iter(specs)), specs)
        if (
            "pixel_values" in needed
            and needed["pixel_values"].rank == 4
            and re.search(_FRAMES_IN_BATCH, located.source)
        ):
            lines += ["", *_WHOLE_VIDEOS] if lines else _WHOLE_VIDEOS
        elif any(seen.dtype == "bool" or is_image(seen) for seen in extra.values()):  # they must fit the other inputs
            lines += ["", *_NO_CALL]
        if lines:
            found[info.name] = [*lines, ""]
    found = _with_features(classes, shared) | found
    return found | (_with_channels(located, engine, classes, found) if lacks_channels(located) else {})


def _with_channels(
    located: Located, engine: Engine, classes: dict[str, ClassInfo], found: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    """The signatures of models for images whose configuration has no number of channels: the library's own asks for it."""
    described = {}
    for info in classes.values():
        seen = _observed(engine, {info.name: info}).get("pixel_values", []) if info.name in engine.types.classes else []
        if {o.rank for o in seen} != {4}:
            continue
        needed = engine.types.classes[info.name].needed
        specs = {"pixel_values": channels_spec(info, seen)}
        specs |= {name: _TEXT_SPEC.format(name) for name in ("input_ids", *sorted(_TEXT)) if _takes(info, name)}
        specs |= {n: input_spec(located, n, [o]) for n, o in needed.items() if n not in _INFERRED}
        lines = found.get(info.name, [])
        start = lines.index("def dummy_inputs(self):") - 2 if "def dummy_inputs(self):" in lines else len(lines)
        described[info.name] = [*_signature("pixel_values", specs), *(lines[start:] or [""])]
    return described


def _and_images(engine: Engine, info: ClassInfo, needed: Mapping[str, Observation]) -> Mapping[str, Observation]:
    """With images that have an axis for those of one sample, needed or not: the library takes them for a batch of images."""
    seen = _observed(engine, {info.name: info}).get("pixel_values", [])
    return (
        {**needed, "pixel_values": seen[0]}
        if {o.rank for o in seen} == {5} and "pixel_values" not in needed
        else needed
    )


def _with_features(classes: dict[str, ClassInfo], shared: set[str]) -> dict[str, list[str]]:
    """The signatures of models that take features as well as text, where their base class does not describe them."""
    found = {}
    for info in classes.values():
        function = info.methods.get("forward") if info.category is Category.MODEL else None
        specs = _of_text_beside_features(function, _first(info)) if function is not None else {}
        if set(specs) - shared:
            found[info.name] = [*_signature("input_ids", specs), ""]
    return found


#: A batch of frames that the model takes apart again.
_FRAMES_IN_BATCH = r"// (?:self\.|config\.)+num_frames\b"
_WHOLE_VIDEOS = [
    "@property",
    "def dummy_inputs(self):",
    "    # the batch holds the frames of whole videos",
    "    return {",
    "        name: tf.repeat(value, self.config.num_frames, axis=0) for name, value in super().dummy_inputs.items()",
    "    }",
]
_SMALL_IMAGES = [
    "@property",
    "def dummy_inputs(self):",
    "    # images may be of any size, and this is large enough for all strides to leave something",
    "    dummy_inputs = super().dummy_inputs",
    '    if "pixel_values" in dummy_inputs:',
    '        dummy_inputs["pixel_values"] = tf.ones((1, dummy_inputs["pixel_values"].shape[1], 64, 64))',
    "    return dummy_inputs",
]
_SIGNATURE = ["@property", "def input_signature(self):"]
_END_TOKENS = [
    "@property",
    "def dummy_inputs(self):",
    "    dummy_inputs = super().dummy_inputs",
    "    # classification reads the state of the end token, so every sequence needs one",
    '    dummy_inputs["input_ids"] = tf.fill(shape_list(dummy_inputs["input_ids"]), self.config.eos_token_id)',
    "    return dummy_inputs",
]
#: The library's dummies are ones, which a vocabulary of one token does not have.
_ONE_TOKEN = [
    "@property",
    "def dummy_inputs(self):",
    "    dummy_inputs = super().dummy_inputs",
    "    # the vocabulary may be a single token",
    '    dummy_inputs["input_ids"] = tf.zeros_like(dummy_inputs["input_ids"])',
    "    return dummy_inputs",
]


def _dummy_inputs(located: Located, first: str, specs: dict[str, str]) -> list[str]:
    """What the model is called with on loading PyTorch's weights; the library's own has two of everything.

    A waveform has to be long enough for all convolutions, and an image large enough. Where sizes are the data's there is
    none, and the property makes the weights itself: the library looks for them as soon as it has asked for the dummies.
    """
    head = ["@property", "def dummy_inputs(self):"]
    is_waveform = len(specs) == 1 and specs[first].startswith("tf.TensorSpec((None, None), tf.float32")
    if is_waveform and re.search(r"\bdef inputs_to_logits_ratio\b", configuration_text(located)):
        return [
            *head,
            "    # long enough for all convolutions to leave something",
            "    length = 16 * self.config.inputs_to_logits_ratio",
            f'    return {{"{first}": tf.random.uniform(shape=(1, length), dtype=tf.float32)}}',
        ]
    any_size = re.fullmatch(r"tf\.TensorSpec\(\(None, ([\w.]+), None, None\), tf\.float32, .*", specs[first])
    if any_size and len(specs) == 1:
        return [
            *head,
            "    # large enough for all strides to leave something",
            f'    return {{"{first}": tf.random.uniform(shape=(1, {any_size[1]}, 64, 64), dtype=tf.float32)}}',
        ]
    if any(re.search(r"\(None, None\b.*\), tf\.float32", s) and FEATURES[0] not in s for s in specs.values()):
        return _NO_CALL
    return []


#: The library does not call a model that has no dummy inputs before it loads the weights.
_NO_CALL = [
    "@property",
    "def dummy_inputs(self):",
    "    # nothing to call the model with: sizes depend on the configuration and the data",
    "    self.build_in_name_scope()",
    "    return {}",
]


def _forward(located: Located, engine: Engine, classes: dict[str, ClassInfo]) -> ast.FunctionDef | None:
    """`forward` of the base model, or of the first that is public."""
    models = [i for i in classes.values() if i.category is Category.MODEL and "forward" in i.methods]
    named = [i for i in models if i.name == f"{located.names.camel}Model"]
    known = [i for i in models if i.name in engine.types.classes]
    return (named or known or models)[0].methods["forward"] if models else None


def _observed(engine: Engine, classes: dict[str, ClassInfo]) -> dict[str, list[Observation]]:
    """Tensors that the models' parameters were seen to hold where they are first used: later it may be what was made of them.

    What a part is given may have an input's name and be no input.
    """
    found: dict[str, list[Observation]] = {}
    for info in [i for i in classes.values() if i.name in engine.types.classes] or classes.values():
        function = info.methods.get("forward")
        if info.category is not Category.MODEL or function is None:
            continue
        for name in (argument.arg for argument in function.args.args):
            if given := _given(engine, function, name):
                found.setdefault(name, []).extend(given)
    return found


def _given(engine: Engine, function: ast.FunctionDef, name: str) -> list[Observation]:
    """Tensors that a parameter held where the probe first saw it."""
    uses = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    for node in sorted(uses, key=lambda n: (n.lineno, n.col_offset)):
        tensors = [o for o in engine.types.at(node).seen if o.kind == "tensor"]
        if tensors:
            return tensors
    return []


def _demanded(function: ast.FunctionDef) -> list[str]:
    """Parameters without which the model raises: `if bbox is None: raise …`."""
    found = []
    for node in function.body:
        if isinstance(node, ast.If) and len(node.body) == 1 and isinstance(node.body[0], ast.Raise):
            match = re.fullmatch(r"(\w+) is None", ast.unparse(node.test))
            if match and match.group(1) in {a.arg for a in function.args.args}:
                found.append(match.group(1))
    return found


#: The size of images that the model is called with on loading, where they may have any.
_SOME_SIZE = [
    "@property",
    "def dummy_inputs(self):",
    "    # the configuration does not say how large the images are",
    '    channels = self.input_signature["pixel_values"].shape[1]',
    '    return {**super().dummy_inputs, "pixel_values": tf.ones((1, channels, 64, 64))}',
]


def _signature(first: str, specs: dict[str, str]) -> list[str]:
    if not specs:
        return []
    head = _SIGNATURE
    if first in specs:
        return [*head, "    return {", *(f'        "{name}": {spec},' for name, spec in specs.items()), "    }"]
    lines = [f'    signature["{name}"] = {spec}' for name, spec in specs.items()]
    return [*head, "    signature = super().input_signature", *lines, "    return signature"]


def _fixed_length(located: Located) -> list[str]:
    """Longer `dummy_inputs` where the configuration fixes the length of sequences: the model is called with them on loading."""
    lengths = sorted(
        set(re.findall(r"\bconfig\.((?!max)\w*seq_len)\b|stride=(?:self\.)?config\.(\w*sampl\w*)", located.source))
    )
    lengths = [fixed or stride for fixed, stride in lengths]
    lengths += sorted(set(re.findall(r"\bself\.config\.(\w+) != seq_length\b", located.source)) - set(lengths))
    if len(lengths) != 1:
        return []
    return [
        "@property",
        "def dummy_inputs(self):",
        "    # the configuration fixes the length of the sequences",
        f"    length = self.config.{lengths[0]}",
        "    return {name: tf.repeat(value[..., :1], length, axis=-1) for name, value in super().dummy_inputs.items()}",
    ]
