"""Calls that reach the branches of a model: what can be left out, added, masked, cached, labelled or generated.

Source of truth: the parameters of each model's `forward`. A recipe that does not apply does nothing; one that fails is noted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pt_inputs
import pt_labels
import pt_parts
import torch
from pt_methods import accessors, public_methods
from pt_subject import Subject

_OUTPUT_FLAGS = ("output_hidden_states", "output_attentions")
_HEAD_MASKS = ("head_mask", "decoder_head_mask", "cross_attn_head_mask")
_PLAIN_FLAGS = frozenset((*_OUTPUT_FLAGS, "return_dict", "use_cache", "return_loss"))
_NEW_TOKENS = 5
_LONGEST_TEXT = 64  # of the tests' inputs; longer ones are sounds

#: Calls that change one input each; a head saves only the `combined` one.
COMBINED = (
    "token_type_ids",
    "position_ids",
    "mask",
    "mask_left",
    "mask_inner",
    "head_mask",
    "inputs_embeds",
    "decoder_inputs_embeds",
)
#: Of a changed configuration, what is worth comparing again.
FLAG_UNSAVED = frozenset(("mask", "mask_left", "mask_inner", "use_cache"))


def _full(subject: Subject) -> dict[str, Any]:
    flags: dict[str, Any] = subject.taken(output_hidden_states=True, output_attentions=True, return_dict=True)
    return flags


def default(subject: Subject) -> None:
    """Everything the tests pass, with all outputs asked for."""
    if subject.run("default", subject.inputs, _full(subject), note=False) is not None:
        return
    first = subject.failure
    named: dict[str, Any] = subject.taken(return_dict=True)
    for flags in (subject.taken(output_hidden_states=True, return_dict=True), named, {}):
        if subject.run("default", subject.inputs, flags, note=False) is not None:
            subject.dropped["default:flags"] = first
            return
    subject.dropped["default"] = first


def minimal(subject: Subject) -> None:
    """Only what the model cannot do without: others are added one by one while it insists, and taken away again if they can."""
    names = [subject.main]
    rest = [name for name in subject.inputs if name != subject.main]

    def works(given: list[str]) -> bool:
        inputs = {name: subject.inputs[name] for name in given}
        return subject.run("minimal", inputs, save=False, note=False) is not None

    while not works(names):
        named = [name for name in rest if name in subject.failure]
        if not rest:
            subject.dropped["minimal"] = subject.failure
            return
        names.append((named or rest)[0])
        rest.remove(names[-1])
    for name in names[1:-1]:
        others = [other for other in names if other != name]
        names = others if works(others) else names
    subject.run("minimal", {name: subject.inputs[name] for name in names}, note=False)


def as_tuple(subject: Subject) -> None:
    """The unnamed outputs."""
    if "return_dict" in subject.accepts:
        subject.run("tuple", subject.inputs, {"return_dict": False})
        flags = subject.taken(output_hidden_states=True, output_attentions=True)
        subject.run("tuple_all", subject.inputs, {"return_dict": False, **flags}, save=False, note=False)


def inputs_embeds(subject: Subject) -> None:
    """Vectors in place of tokens."""
    for tokens, vectors in (("input_ids", "inputs_embeds"), ("decoder_input_ids", "decoder_inputs_embeds")):
        ids = subject.inputs.get(tokens)
        if ids is None or vectors not in subject.accepts:
            continue
        embedding = subject.model.get_input_embeddings()
        width = getattr(embedding, "embedding_dim", None) or pt_inputs.lookup(subject.config, "hidden_size", "d_model")
        torch.manual_seed(1)
        inputs = {name: value for name, value in subject.inputs.items() if name != tokens}
        inputs[vectors] = torch.randn(*ids.shape, int(width))
        subject.run(vectors, inputs, subject.taken(return_dict=True))


def masks(subject: Subject) -> None:
    """Padding at the right of one row; at the left of another; none at all.

    With padding at the left the first tokens see nothing. What a model gives there is up to it: PyTorch's give an even mean of
    everything, the library's hand-written TensorFlow ones (which add -1e8, or -1e4) something else. A composite whose part is
    such a model hands on what it gets, so there the first token stays. Of a sound a quarter is padding: two samples are less
    than one frame of what the model makes of it.
    """
    name = next((n for n in ("attention_mask", "decoder_attention_mask", "pixel_mask") if n in subject.accepts), None)
    old = _masked_input(subject, name)
    if name is None or old is None or old.dim() != 2 or old.shape[0] < 2 or old.shape[1] < 4:
        return
    quarter = old.shape[1] // 4 if old.shape[1] > _LONGEST_TEXT and "input_ids" not in subject.inputs else 0
    right = torch.ones(old.shape, dtype=torch.long)
    right[0, -max(2, quarter) :] = 0
    left = torch.ones(old.shape, dtype=torch.long)
    composed = bool(pt_parts.made(type(subject.model)))
    left[-1, int(composed) : max(3, quarter)] = 0
    for case, mask in (("mask", right), ("mask_inner" if composed else "mask_left", left)):
        subject.run(case, {**subject.inputs, name: mask}, subject.taken(return_dict=True))
    if pt_inputs.lookup(subject.config, "is_encoder_decoder") is not True and old.shape[1] <= _LONGEST_TEXT:
        square = torch.ones(old.shape[0], old.shape[1], old.shape[1], dtype=torch.long).tril()
        subject.run(
            "mask_3d", {**subject.inputs, name: square}, subject.taken(return_dict=True), save=False, note=False
        )


def _masked_input(subject: Subject, name: str | None) -> Any:
    """What a mask has the shape of: the one the tests give, tokens, or a sound (for some of whose heads they give none)."""
    old = subject.inputs.get(name or "", subject.inputs.get("input_ids"))
    sound = subject.inputs.get(subject.main)
    if old is not None or name != "attention_mask" or not isinstance(sound, torch.Tensor):
        return old
    return sound[..., 0] if sound.dim() == 3 else sound


def head_mask(subject: Subject) -> None:
    """Some attention heads switched off."""
    wanted = [name for name in _HEAD_MASKS if name in subject.accepts]
    torch.manual_seed(2)
    inputs = dict(subject.inputs)
    for name in wanted:
        part = "decoder" if name != "head_mask" else "encoder"
        layers = pt_inputs.lookup(
            subject.config, f"{part}_layers", f"num_{part}_layers", "num_hidden_layers", "n_layer"
        )
        heads = pt_inputs.lookup(
            subject.config, f"{part}_attention_heads", f"num_{part}_attention_heads", "num_attention_heads", "n_head"
        )
        if not isinstance(layers, int) or not isinstance(heads, int):
            return
        inputs[name] = torch.randint(2, (layers, heads)).float()
    if wanted:
        subject.run("head_mask", inputs, subject.taken(return_dict=True))


def explicit_ids(subject: Subject) -> None:
    """Token types and positions that are not the defaults."""
    dims = subject.dims
    ids = subject.inputs.get("input_ids")
    if ids is None or ids.dim() != 2:
        return
    torch.manual_seed(3)
    if "token_type_ids" in subject.accepts and "token_type_ids" not in subject.inputs:
        types = max(1, int(pt_inputs.lookup(subject.config, "type_vocab_size", default=1)))
        value = torch.randint(types, tuple(ids.shape))
        subject.run("token_type_ids", {**subject.inputs, "token_type_ids": value}, subject.taken(return_dict=True))
    if "position_ids" in subject.accepts:
        value = torch.arange(dims.length - 1, -1, -1).expand(dims.batch, dims.length).contiguous()
        subject.run("position_ids", {**subject.inputs, "position_ids": value}, subject.taken(return_dict=True))


def shorter(subject: Subject) -> None:
    """Another sequence length, and another image size where positions can be interpolated."""
    length = subject.dims.length
    if "input_ids" in subject.inputs and length > 4:
        inputs = {
            name: value.narrow(axis, 0, length - 2).contiguous() if axis else value
            for name, value in subject.inputs.items()
            for axis in (_token_axis(value, length),)
        }
        subject.run("shorter", inputs, subject.taken(return_dict=True), note=False)
    pixels = subject.inputs.get("pixel_values")
    if pixels is not None and pixels.dim() == 4:
        patch = pt_inputs.lookup(subject.config, "patch_size", default=1)
        step = 2 * (patch if isinstance(patch, int) else patch[0])
        size = (pixels.shape[2] + step, pixels.shape[3] + 2 * step)
        larger = torch.nn.functional.interpolate(pixels, size=size)
        flags = subject.taken(interpolate_pos_encoding=True, return_dict=True)
        subject.run("interpolate", {**subject.inputs, "pixel_values": larger}, flags, note=False)


def resized(inputs: dict[str, Any], length: int) -> dict[str, Any]:
    """The inputs repeated or cut to another number of tokens; empty when they hold no tokens."""
    ids = inputs.get("input_ids")
    if not isinstance(ids, torch.Tensor):
        return {}
    old = ids.shape[-1]
    result: dict[str, Any] = {}
    for name, value in inputs.items():
        axis = _token_axis(value, old)
        result[name] = value.index_select(axis, torch.arange(length) % old) if axis else value
    return result


def _token_axis(value: Any, length: int) -> int:
    """The axis that counts tokens: the first after the batch with that size; 0 when there is none."""
    if not isinstance(value, torch.Tensor):
        return 0
    return next((axis for axis in range(1, value.dim()) if value.shape[axis] == length), 0)


def switches(subject: Subject) -> None:
    """Every yes/no parameter of `forward` turned on."""
    for name, parameter in subject.accepts.items():
        if name in _PLAIN_FLAGS or name in subject.defaults or name == "interpolate_pos_encoding":
            continue
        if "bool" in str(parameter.annotation) and "Tensor" not in str(parameter.annotation):
            value = parameter.default is not True
            subject.run(f"switch_{name}", subject.inputs, {name: value, **subject.taken(return_dict=True)}, note=False)
    if "return_loss" in subject.accepts:
        subject.run("return_loss", subject.inputs, {"return_loss": True, **subject.taken(return_dict=True)})


def optional(subject: Subject) -> None:
    """Optional inputs that the tests leave out."""
    for name in subject.accepts:
        if name in subject.inputs or name.startswith(("encoder_", "past_", "labels_")):
            continue
        if name == "bool_masked_pos":
            options = _patch_masks(subject)
        elif name.endswith(("_ids", "bbox", "bool_masked_pos")) and "position" not in name and "type" not in name:
            options = pt_inputs.build(subject.config, name, subject.dims)
        else:
            continue
        for value in options:
            inputs = {**subject.inputs, name: value}
            if subject.run(f"with_{name}", inputs, subject.taken(return_dict=True), note=False) is not None:
                break


def _patch_masks(subject: Subject) -> list[Any]:
    image = pt_inputs.lookup(subject.config, "image_size", default=0)
    patch = pt_inputs.lookup(subject.config, "patch_size", default=1)
    if isinstance(image, int) and isinstance(patch, int) and image >= patch:
        torch.manual_seed(4)
        return [torch.randint(2, (subject.dims.batch, (image // patch) ** 2)).bool()]
    return []


def cache(subject: Subject) -> None:
    """A first call that fills the cache and a second one that reads it."""
    past_name = next((n for n in ("past_key_values", "cache_params", "state") if n in subject.accepts), None)
    if "use_cache" not in subject.accepts or past_name is None:
        return
    flags = subject.taken(use_cache=True, return_dict=True)
    outputs = subject.run("use_cache", subject.inputs, flags)
    past = outputs.get(past_name) if outputs is not None and hasattr(outputs, "get") else None
    if past is None:
        return
    step = _next_step(subject)
    subject.run("past", {**step, past_name: past}, flags)
    if "inputs_embeds" in subject.accepts:
        subject.run("use_cache_off", subject.inputs, {**flags, "use_cache": False}, save=False, note=False)


def _next_step(subject: Subject) -> dict[str, Any]:
    """One more token, the masks one longer, the encoder's side unchanged."""
    prefix = "decoder_" if "decoder_input_ids" in subject.inputs else ""
    length = subject.inputs.get(f"{prefix}input_ids", torch.zeros(1, 1)).shape[-1]
    torch.manual_seed(5)
    step: dict[str, Any] = {}
    for name, value in subject.inputs.items():
        mine = name.startswith("decoder_") if prefix else not name.startswith("encoder_")
        if not mine or not isinstance(value, torch.Tensor) or value.dim() < 2 or value.shape[1] != length:
            step[name] = value
        elif name.endswith("attention_mask"):
            step[name] = torch.cat([value, torch.ones_like(value[:, :1])], dim=1)
        elif name.endswith("position_ids"):
            step[name] = torch.full_like(value[:, :1], length)
        else:
            step[name] = value[:, torch.randint(length, (1,))]
    return step


def generate(subject: Subject) -> None:
    """Greedy and beam search, from a prompt with two tokens less; from the whole one where those stand for a part of an image."""
    if not getattr(type(subject.model), "can_generate", lambda: False)() or not subject.inputs:
        return
    _searched(subject, 2)
    if "generate" in subject.dropped and any(name.startswith("pixel") for name in subject.inputs):
        subject.dropped = {name: why for name, why in subject.dropped.items() if name not in ("generate", "beam")}
        _searched(subject, 0)


def _searched(subject: Subject, cut: int) -> None:
    inputs = {name: v for name, v in subject.inputs.items() if not name.startswith("decoder_")}
    ids = inputs.get("input_ids")
    length = int(ids.shape[1]) - cut if ids is not None and ids.dim() == 2 else 1
    if ids is not None and ids.dim() == 2:
        inputs["input_ids"] = ids[:, :length]
        inputs.update(
            {
                n: v[:, :length]
                for n, v in inputs.items()
                if n != "input_ids" and v.dim() > 1 and v.shape[:2] == ids.shape
            }
        )
        if "attention_mask" in inputs:
            inputs["attention_mask"] = torch.ones_like(inputs["attention_mask"])
    prompt = 1 if "decoder_input_ids" in subject.accepts else length
    for name, beams in (("generate", 1), ("beam", 2)):
        kwargs: dict[str, Any] = {"max_new_tokens": _NEW_TOKENS, "do_sample": False, "num_beams": beams}
        if beams > 1:
            # PyTorch repeats every input for the beams, also a mask that has a row a layer.
            inputs = {n: v for n, v in inputs.items() if not n.endswith("head_mask")}
            if getattr(subject.model, "_is_stateful", False):
                kwargs["use_cache"] = False  # PyTorch's beams change places, and recurrent states do not go with them
        if beams > 1 and not isinstance(_end_token(subject), (list, tuple)):
            # The two libraries weigh finished beams of different lengths differently (TensorFlow counts the prompt),
            # so none may finish early. TensorFlow's minimum length knows one end token only.
            kwargs["min_length"] = prompt + _NEW_TOKENS
        # A bidirectional model's search is run for the type database alone: nobody compares its tokens.
        keep = not subject.bidirectional
        subject.run(name, inputs, generate=kwargs, save=keep, note=keep)


def _end_token(subject: Subject) -> Any:
    """The end token that generation stops at; some configurations name several."""
    configuration = getattr(subject.model, "generation_config", None) or subject.model.config
    return getattr(configuration, "eos_token_id", None)


def training(subject: Subject) -> None:
    """Training mode, for the type database only: dropout makes its numbers unrepeatable."""
    subject.run("train", subject.inputs, subject.taken(return_dict=True), save=False, train=True, note=False)
    if getattr(subject.model, "supports_gradient_checkpointing", False):
        labels = pt_labels.first_working(subject, train=True)
        if labels is not None:
            subject.run("train_labels", {**subject.inputs, **labels}, save=False, train=True, note=False)


def combined(subject: Subject) -> None:
    """What the calls above changed one by one, together: for heads, which only have to pass their inputs on."""
    if not subject.unsaved:
        return
    inputs = dict(subject.inputs)
    for name in COMBINED:
        changed = subject.done.get(name)
        if changed is None:
            continue
        inputs = {key: value for key, value in inputs.items() if key in changed or key not in subject.inputs}
        inputs.update({key: value for key, value in changed.items() if value is not subject.inputs.get(key)})
    if inputs.keys() != subject.inputs.keys() or any(v is not subject.inputs[k] for k, v in inputs.items()):
        subject.run("combined", inputs, subject.taken(return_dict=True))


def labels(subject: Subject) -> None:
    """A loss, where the head computes one."""
    pt_labels.run(subject)


RECIPES: tuple[Callable[[Subject], None], ...] = (
    default,
    minimal,
    labels,
    as_tuple,
    inputs_embeds,
    masks,
    head_mask,
    explicit_ids,
    combined,
    shorter,
    switches,
    optional,
    cache,
    generate,
    accessors,
    public_methods,
    training,
)

#: What is enough to see whether a changed configuration reaches other code.
QUICK: tuple[Callable[[Subject], None], ...] = (default, labels, masks, cache, training)
