"""The `TensorSpec` of one input, from what the probe saw of it and what the configuration says (guide.md G24)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from scaffold.core.checkout import Located
from scaffold.core.typedb import Observation
from scaffold.translate.classes import ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.pretrained import config_class, configuration_text

#: Numbers that describe one place on a page: two corners or four. A longer axis of integers is a length.
_COORDINATES = 8


def is_image(seen: Observation) -> bool:
    """A batch of images: four axes of floats."""
    return seen.rank == 4 and (seen.dtype or "").startswith("float")


#: Videos of a number of frames that the configuration tells, and of any.
VIDEOS = tuple(
    f'tf.TensorSpec((None, {frames}, *signature["pixel_values"].shape[1:]), tf.float32, name="pixel_values")'
    for frames in ('getattr(self.config, "vision_config", self.config).num_frames', "None")
)


def video_spec(located: Located, seen: Observation) -> str:
    """The spec of a batch of videos: the library's own for images with frames, where its configuration says what that needs."""
    config = configuration_text(located)
    if lacks_channels(located) and seen.shape is not None:
        size = 'getattr(self.config, "vision_config", self.config).image_size'
        return f'tf.TensorSpec((None, None, {seen.shape[2]}, {size}, {size}), tf.float32, name="pixel_values")'
    if re.search(r"\bvision_config\b|self\.num_channels\b", config) or seen.shape is None:
        return VIDEOS["num_frames" not in config]
    named = set(re.findall(r"self\.(\w*(?:img|image)_size)\b", config))
    size = f"self.config.{named.pop()}" if len(named) == 1 else "None"
    shape = f"None, self.config.num_frames, {seen.shape[2]}, {size}, {size}"
    return f'tf.TensorSpec(({shape}), tf.float32, name="pixel_values")'


def lacks_channels(located: Located) -> bool:
    """True where the model's vision configuration has no number of channels, whatever a test's configuration has been given."""
    tree = ast.parse(configuration_text(located))
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name.endswith("VisionConfig")]
    return bool(classes) and not any(re.search(r"self\.num_channels\b", ast.unparse(node)) for node in classes)


def channels_spec(info: ClassInfo, seen: list[Observation]) -> str:
    """The spec of `pixel_values` with the number of channels that the model is made for."""
    channels = next((o.shape[1] for o in seen if o.shape), 3)
    config = "self.config" if config_class(info).endswith("VisionConfig") else "self.config.vision_config"
    shape = f"None, {channels}, {config}.image_size, {config}.image_size"
    return f'tf.TensorSpec(({shape}), tf.float32, name="pixel_values")'


def input_width(located: Located, engine: Engine, name: str, given: list[Observation]) -> str:
    """The last axis of an input that goes into an `nn.Linear` as it is: `self.embed(states)`, made with `config.state_dim`."""
    for info in engine.classes.values():
        function = info.methods.get("forward")
        if function is None or name not in {a.arg for a in function.args.args}:
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            child = engine.child_of(node.func)
            if child is None or child.qualname != "torch.nn.Linear" or not child.calls or not child.calls[0].args:
                continue
            is_given = [ast.unparse(a) for a in node.args] == [name]
            size = _size(located, ast.unparse(child.calls[0].args[0]))
            if is_given and size and _same_rank(engine.type_of(node.args[0]).seen, given):
                return size + _cut_off(function, name)
    return ""


def input_channels(engine: Engine, name: str) -> str:
    """The second axis of an input that goes into an `nn.Conv1d` as it is; empty where its size is no configuration's."""
    for info in engine.classes.values():
        function, made = info.methods.get("forward"), info.methods.get("__init__")
        if function is None or made is None:
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.Call) or [ast.unparse(a) for a in node.args] != [name]:
                continue
            child = engine.child_of(node.func)
            if child is None or child.qualname != "torch.nn.Conv1d" or not child.calls or not child.calls[0].args:
                continue
            part, _, size = ast.unparse(child.calls[0].args[0]).removeprefix("self.").rpartition(".")
            if part == "config":
                return f"self.config.{size}"
            if f"self.{part} = config.{part}\n" in ast.unparse(made) + "\n":
                return f"self.config.{part}.{size}"
    return ""


def _size(located: Located, text: str) -> str:
    """A number or `config.state_dim` for a model's method; empty where it is neither, or not the vision model's."""
    if not re.fullmatch(r"(self\.)?config\.\w+|\d+", text):
        return ""
    attribute = text.rpartition(".")[2]
    config = configuration_text(located)
    if text.isdigit() or "self.vision_config = " not in config:
        return text if text.isdigit() else f"self.config.{attribute}"
    classes = re.split(r"^class ", config, flags=re.M)
    has = any(re.match(r"\w*Vision\w*\(", part) and f"self.{attribute} = " in part for part in classes)
    return f'getattr(self.config, "vision_config", self.config).{attribute}' if has else ""


def _same_rank(one: Iterable[Observation], other: Iterable[Observation]) -> bool:
    """False where a part's argument of the same name is something else than the model's input."""
    ranks, others = ({o.rank for o in seen if o.kind == "tensor"} - {None} for seen in (one, other))
    return not ranks or not others or bool(ranks & others)


def _cut_off(function: ast.FunctionDef, name: str) -> str:
    """` + 2` where a method takes the first two features off its input before: `patches = patches[:, :, 2:]`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            match = re.fullmatch(rf"{name}\[(?:[:.]+, )*(\d+):\]", ast.unparse(node.value))
            if match is not None:
                return f" + {match[1]}"
    return ""


#: What the features of one frame of a sound are the product of, where a configuration has both.
FEATURES = ("input_feat_per_channel", "input_channels")


def input_spec(located: Located, name: str, seen: list[Observation], width: str = "", channels: str = "") -> str:
    """A TensorSpec: batch and length free, a last axis that never varied fixed, the configuration's sizes where it has them."""
    ranks = {o.rank for o in seen if o.rank is not None}
    rank = ranks.pop() if len(ranks) == 1 else 2
    integral = any((o.dtype or "").startswith("int") for o in seen) or (not seen and name.endswith("_ids"))
    dims = ["None"] * rank
    last = {o.shape[-1] for o in seen if o.shape}
    if rank >= 3 and len(last) == 1 and not (integral and max(last) > _COORDINATES):
        dims[-1] = str(last.pop())
    config = configuration_text(located)
    frames = rank == 3 and not integral
    if frames and all(re.search(rf"self\.{part}\b", config) for part in ("max_length", "num_mel_bins")):
        dims[1:] = ["self.config.max_length", "self.config.num_mel_bins"]
    elif frames and all(f"self.{part}" in config for part in FEATURES):
        dims[-1] = " * ".join(f"self.config.{part}" for part in FEATURES)
    elif rank == 3 and channels:
        dims[1:] = [channels, "None"]
    elif rank >= 3 and not integral:
        dims[1:] = [*["None"] * (rank - 2), width or "None"]
    shape = ", ".join(dims) + ("," if rank == 1 else "")
    dtype = "tf.int32" if integral else "tf.bool" if {o.dtype for o in seen} == {"bool"} else "tf.float32"
    return f'tf.TensorSpec(({shape}), {dtype}, name="{name}")'


def image_spec(located: Located, seen: list[Observation]) -> str | None:
    """The spec of `pixel_values` where its sizes are not one number of the configuration; None where the library infers it."""
    config = configuration_text(located)
    ranks = {o.rank for o in seen}
    if ranks == {5} and re.search(r"self\.num_frames\b", config):
        shape = "None, self.config.num_frames, self.config.num_channels, self.config.image_size, self.config.image_size"
        return f'tf.TensorSpec(({shape}), tf.float32, name="pixel_values")'
    if re.search(r"\bimage_size(?::[^=\n]+)?\s*=\s*[\[(]", config):
        either = re.search(r"isinstance\((?:config\.)?image_size, collections\.abc\.Iterable\)", located.source)
        sizes = "*np.broadcast_to(self.config.image_size, 2).tolist()" if either else ""
        shape = f"None, self.config.num_channels, {sizes or 'self.config.image_size[0], self.config.image_size[1]'}"
        return f'tf.TensorSpec(({shape}), tf.float32, name="pixel_values")'
    inferred = re.search(r"self\.(image_size|input_size)\b", config) and re.search(r"self\.num_channels\b", config)
    if ranks <= {4} and not inferred and "vision_config" not in config:
        return _ANY_SIZE.format(channels=_channels(config, seen))
    return None


def _channels(config: str, seen: list[Observation]) -> str:
    """The number of channels: the configuration's, else what the probe saw."""
    if re.search(r"self\.num_channels\b", config):
        return "self.config.num_channels"
    return str(next((o.shape[1] for o in seen if o.shape), 3))


#: Images of any size.
_ANY_SIZE = 'tf.TensorSpec((None, {channels}, None, None), tf.float32, name="pixel_values")'
