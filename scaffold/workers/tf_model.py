"""Calling a TensorFlow model the way its users do, and loading PyTorch weights into it with nothing left out.

Source of truth: `TFPreTrainedModel.from_pretrained` and `load_pytorch_state_dict_in_tf2_model` of the tree under test. With
`from_pt=True` a folder's `pytorch_model.bin` wins over its `model.safetensors`, hence one folder for each format.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tf_compare import arrays, flatten

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"
_ERROR_LIMIT = 1200
_LISTED = 12
_LIBRARY_FILES = ("modeling_tf_utils.py", "modeling_tf_pytorch_utils.py")


class CheckFailed(Exception):
    """A check's negative answer; its text is the detail."""


class CheckSkipped(Exception):
    """The check does not apply; its text is the reason."""


def describe(error: BaseException) -> str:
    """The exception's type, text and the last place in a modelling file."""
    text = re.sub(r"\n\s*\n+", "\n", str(error)).strip()
    text = re.sub(r"\n?Call arguments received by layer[\s\S]*", "", text)
    places = re.findall(r'File "([^"]+)", line (\d+)', text)  # autograph's account of a failed trace
    if "in user code:" in text:
        text = re.split(r'File "[^"]+", line \d+.*\n.*\n?', text)[-1].strip()
    text = re.sub(r"(^|\w+: )Exception encountered when calling layer .*\n?", "", text).strip().removesuffix(":")
    text = re.sub(rf"^{type(error).__name__}(: )?", "", text)
    text = text.partition(" You can attempt the following resolutions")[0]  # TensorFlow's general advice
    if len(text) > _ERROR_LIMIT:
        text = f"{text[: _ERROR_LIMIT // 2]} … {text[-_ERROR_LIMIT // 2 :]}"
    places = [*((f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)), *places]
    own = [(Path(file).name, line) for file, line in places if Path(file).name.startswith("modeling_")]
    own = [place for place in own if place[0] not in _LIBRARY_FILES] or own
    place = f" ({own[-1][0]}:{own[-1][1]})" if own else ""
    return f"{type(error).__name__}{f': {text}' if text else ''}{place}"


def listed(names: Iterable[str]) -> str:
    """Names for a message, cut after a dozen."""
    names = list(names)
    rest = f", and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + rest


def first_argument(model: Any) -> str:
    """Name of the first parameter of `call`, the one Keras demands."""
    return next(name for name in inspect.signature(model.call).parameters if name != "self")


def call(model: Any, inputs: Mapping[str, Any], **options: Any) -> Any:
    """Call with keywords; without the main input (`inputs_embeds`) all go into the first argument as a dict."""
    if first_argument(model) in inputs:
        return model(**inputs, **options)
    return model(dict(inputs), **options)


def outputs(model: Any, inputs: Mapping[str, Any], **options: Any) -> dict[str, NDArray[Any]]:
    """One call's outputs as a flat table of arrays."""
    return dict(arrays(flatten(call(model, inputs, **options))))


@contextlib.contextmanager
def _unfiltered(cls: Any) -> Iterator[None]:
    """Have `from_pretrained` report every key, those the class asks to ignore included."""
    names = ("_keys_to_ignore_on_load_missing", "_keys_to_ignore_on_load_unexpected")
    own = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    for name in names:
        setattr(cls, name, None)
    try:
        yield
    finally:
        for name in names:
            if name in own:
                setattr(cls, name, own[name])
            else:
                delattr(cls, name)


def load(cls: Any, folder: Path, **options: Any) -> tuple[Any, dict[str, Any]]:
    """`from_pretrained` with its loading information, unfiltered."""
    with _unfiltered(cls):
        model, info = cls.from_pretrained(str(folder), output_loading_info=True, **options)
    return model, info


def constant_keys(weights: Path) -> set[str]:
    """Tensors of a safetensors file that are no floats: counters and index tables, never trained."""
    with weights.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return {k for k, v in header.items() if k != "__metadata__" and not v["dtype"].startswith(("F", "BF"))}


def judge_loading(cls: Any, info: Mapping[str, Any], buffers: set[str], tied: Iterable[Iterable[str]] = ()) -> str:
    """Raise CheckFailed when a key was missing, unexpected or of another shape; else say what was rightly ignored.

    Ignored may be what the class declares, and PyTorch's buffers, which TensorFlow computes anew. Running statistics are
    buffers too, but learnt ones: they must arrive.
    """
    learnt = {name for name in buffers if name.endswith(("running_mean", "running_var"))}
    twins = {name: " (tied to another tensor)" for group in tied for name in group}
    problems: list[str] = []
    ignored: list[str] = []
    for kind in ("missing", "unexpected"):
        patterns = getattr(cls, f"_keys_to_ignore_on_load_{kind}", None) or ()
        for key in sorted(info[f"{kind}_keys"]):
            declared = any(re.search(pattern, key) for pattern in patterns)
            excused = kind == "unexpected" and key in buffers - learnt
            (ignored if declared or excused else problems).append(f"{kind} {key}{twins.get(key, '')}")
    problems += [f"mismatched {key[0]}" for key in info.get("mismatched_keys", ())]
    if problems:
        raise CheckFailed(listed(problems))
    return f"ignored: {listed(ignored)}" if ignored else ""


def copy_weights(source: Any, target: Any) -> None:
    """Give `target` the values of `source` by name: a layer that took another's place stands elsewhere in the order."""
    values = {w.name.partition("/")[2] or w.name: w for w in source.weights}
    names = [w.name.partition("/")[2] or w.name for w in target.weights]
    if len(values) != len(source.weights) or set(names) != set(values):
        target.set_weights(source.get_weights())
        return
    for name, variable in zip(names, target.weights, strict=True):
        variable.assign(values[name])


def same_weights(model: Any, other: Any) -> None:
    """Raise CheckFailed unless both models hold the same variables with equal values.

    The first level of a variable's name counts instances (`tf_bert_model_1`), so it is left out.
    """
    ours, theirs = ([(w.name.partition("/")[2] or w.name, w.numpy()) for w in m.weights] for m in (model, other))
    odd = {name for name, _ in ours} ^ {name for name, _ in theirs}
    if odd:
        raise CheckFailed(f"variables differ: {listed(sorted(odd))}")
    values = dict(theirs)
    different = [name for name, value in ours if not np.array_equal(value, values[name], equal_nan=True)]
    if different:
        raise CheckFailed(f"values differ: {listed(different)}")


def attempt(name: str, check: Callable[[], str | None]) -> dict[str, str]:
    """Run one check; whatever it raises is its result."""
    try:
        return {"name": name, "status": PASS, "detail": check() or ""}
    except CheckSkipped as reason:
        return {"name": name, "status": SKIP, "detail": str(reason)}
    except CheckFailed as failure:
        return {"name": name, "status": FAIL, "detail": str(failure)}
    except Exception as error:
        return {"name": name, "status": FAIL, "detail": describe(error)}
