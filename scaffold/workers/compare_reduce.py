"""Cut a case in which a port differs down to one layer, a small configuration and a small input, as a script of its own.

Usage: as compare_models.py; FILE gets `fatal`, `class`, `path`, `difference`, `script` (null when nothing differs) and `detail`.
Every candidate is the script itself: it is run here, and what no longer differs is not a step. So what is written does differ.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

_LAYERS = re.compile(r"(^|_)(layers?|n_layer|num_blocks)$")
_NOT_CONFIG = re.compile(r"^(_|transformers_version$|architectures$|torch_dtype$|model_type$|id2label$|label2id$)")
_LITERAL = 64  # elements that are written out; more are drawn, or packed where drawn ones do not differ
_SIZES = (1, 2, 3, 4, 6, 8)
_LIMIT = 1e-5
_SECONDS = 240.0


@dataclass(frozen=True)
class Candidate:
    """What a script is made of. `arrays` by name, `calls` the two argument lists as Python, `drawn` names of random arrays."""

    config: dict[str, Any]
    arrays: dict[str, Any]
    drawn: frozenset[str] = field(default_factory=frozenset)


class Reduction:
    """One origin and how its layers are called."""

    def __init__(self, subject: Any, session: Any, origin: Any, module: str, tf_module: str) -> None:
        self.subject, self.session, self.origin = subject, session, origin
        self.module, self.tf_module = module, tf_module
        self.names: dict[str, str] = {}
        self.pt_call, self.tf_call, self.arrays = self._calls()
        self.output_axes = self._output_axes()

    def _calls(self) -> tuple[str, str, dict[str, Any]]:
        """The argument lists of both calls, and the arrays that they share by name."""
        from compare_alone import _matched
        from compare_record import bind, leaves, portable

        pt, tf = self.origin.pt, self.origin.tf
        arrays: dict[str, Any] = {}
        theirs, ours = leaves(pt.arguments), leaves(portable(tf.arguments))
        shared: dict[str, str] = {}
        for name, array in theirs.items():
            arrays[_identifier(name)] = array
        for name, array, path, own in _matched(theirs, ours):
            shared[path] = _as_keras(_identifier(name), array, own)
        for path, array in ours.items():
            if path not in shared:
                arrays[f"tf_{_identifier(path)}"] = array
                shared[path] = f"tf.constant(tf_{_identifier(path)})"
        pt_call = _arguments(pt.arguments, {n: f"torch.tensor({_identifier(n)})" for n in theirs})
        tf_arguments = bind(tf.owner.call, tf.args, tf.kwargs)
        return pt_call, _arguments(portable(tf_arguments), shared), arrays

    def _output_axes(self) -> tuple[int, ...] | None:
        from compare_alone import output_pairs

        pairs = output_pairs(self.origin.pt, self.session.alone(self.origin.pt, self.origin.tf))
        return pairs[0].found.axes if pairs else None

    def script(self, candidate: Candidate) -> str:
        """The candidate as a script."""
        config = type(self.subject.pt_model.config)
        model, tf_model = type(self.subject.pt_model), type(self.subject.model)
        origin = self.origin
        access = self.session.tree.access.get(id(origin.tf.owner), "")
        lines = [
            f'"""{type(origin.tf.owner).__name__} differs from {type(origin.pt.owner).__name__} on the same input."""',
            "",
            "import os",
            "import tempfile",
            "",
            'os.environ["TF_USE_LEGACY_KERAS"] = "1"',
            "",
            "import numpy as np",
            "import tensorflow as tf",
            "import torch",
            f"from {config.__module__} import {config.__name__}",
            f"from transformers.models.{self.module} import {model.__name__}",
            f"from transformers.models.{self.tf_module} import {tf_model.__name__}",
            "",
            f"config = {config.__name__}(",
            *(f"    {key}={value!r}," for key, value in candidate.config.items()),
            ")",
            "torch.manual_seed(0)",
            f"pt_model = {model.__name__}(config).eval()",
            "with torch.no_grad():",
            "    for parameter in pt_model.parameters():  # no weight that hides anything",
            "        parameter.add_(0.1 * torch.randn(parameter.shape))",
            "with tempfile.TemporaryDirectory() as folder:",
            "    pt_model.save_pretrained(folder)",
            f"    tf_model = {tf_model.__name__}.from_pretrained(folder, from_pt=True)",
            f"pt_layer = pt_model.get_submodule({origin.path!r})",
            f"tf_layer = tf_model{access}",
            "",
            "rng = np.random.default_rng(0)",
            *(f"{name} = {_written(array, name in candidate.drawn)}" for name, array in candidate.arrays.items()),
            "with torch.no_grad():",
            f"    pt = pt_layer({self.pt_call})",
            f"actual = tf_layer({self.tf_call})",
            "",
            *_COMPARISON.format(axes=self.output_axes, limit=_LIMIT).splitlines(),
        ]
        return "\n".join(lines) + "\n"

    def first(self) -> Candidate:
        """The case as it was recorded, with the configuration written out."""
        config = self.subject.pt_model.config.to_diff_dict()
        kept = {k: v for k, v in config.items() if not _NOT_CONFIG.search(k) and not isinstance(v, dict)}
        kept.update({k: v for k, v in config.items() if isinstance(v, dict) and k.endswith("_config")})
        return Candidate({k: v for k, v in kept.items() if k.isidentifier()}, self.arrays)


_COMPARISON = """\

def first_tensor(value):
    if hasattr(value, "to_tuple"):
        value = value.to_tuple()
    while isinstance(value, (tuple, list)):
        value = value[0]
    return value.numpy()


pt, actual = first_tensor(pt), first_tensor(actual)
axes = {axes}
if axes is not None:
    pt = pt.transpose(axes)
if pt.shape == actual.shape:
    difference = float(np.max(np.abs(actual - pt) / np.maximum(1, np.abs(pt))))
else:
    difference = float("inf")  # the shapes differ
print(f"PyTorch {{pt.shape}}, TensorFlow {{actual.shape}}: largest difference {{difference:.3g}} (limit {limit})")
raise SystemExit(int(difference > {limit}))
"""


def _identifier(path: str) -> str:
    return re.sub(r"\W", "_", path)


def _as_keras(name: str, pt: Any, tf: Any) -> str:
    from compare_arrays import difference

    axes = difference(pt, tf).axes
    text = f"{name}.transpose({axes})" if axes is not None else name
    if axes is None and pt.shape != tf.shape and pt.ndim == tf.ndim:  # a border that is padded outside the layer
        from compare_arrays import _pad_inside

        inner = _pad_inside(pt, tf)
        if inner is not None:
            turned = inner[0]
            border = [((t - p) // 2, (t - p) - (t - p) // 2) for t, p in zip(tf.shape, turned.shape, strict=True)]
            text = f"np.pad({name}{'.transpose(0, 2, 3, 1)' if turned.shape != pt.shape else ''}, {border})"
    cast = f", tf.{tf.dtype}" if tf.dtype != pt.dtype else ""
    return f"tf.constant({text}{cast})"


def _arguments(arguments: dict[str, Any], known: dict[str, str]) -> str:
    parts = []
    for name, value in arguments.items():
        text = _expression(value, name, known)
        if text is not None:
            parts.append(f"{name}={text}")
    return ", ".join(parts)


def _expression(value: Any, path: str, known: dict[str, str]) -> str | None:
    """Python for an argument; None for what cannot be written, which keeps its default."""
    if path in known:
        return known[path]
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    if isinstance(value, tuple | list):
        items = [_expression(item, f"{path}/{i}", known) for i, item in enumerate(value)]
        return None if None in items else f"({', '.join(map(str, items))}{',' * (len(items) == 1)})"
    return None


def _written(array: Any, drawn: bool) -> str:
    if drawn:
        return f'rng.normal(size={array.shape}).astype("float32")'
    if array.size <= _LITERAL or array.dtype.kind in "iub":
        return f"np.array({array.tolist()!r}, {str(array.dtype)!r})"
    if array.dtype.kind == "f" and len(np.unique(array)) <= 2:
        low, high = float(array.min()), float(array.max())
        return f"np.where(np.array({(array == high).astype(int).tolist()!r}), {high!r}, {low!r}).astype({str(array.dtype)!r})"
    import base64
    import zlib

    packed = base64.b85encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()
    text = f"zlib.decompress(base64.b85decode({packed!r}))"
    text = text.replace("zlib.", "__import__('zlib').").replace("base64.", "__import__('base64').")
    return f"np.frombuffer({text}, {str(array.dtype)!r}).reshape({array.shape})"


def tried(script: str) -> float:
    """What the script measures; 0 when it does not get so far."""
    space: dict[str, Any] = {"__name__": "reduced"}
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(compile(script, "reduced.py", "exec"), space)
        except SystemExit:
            return float(space["difference"])
        except Exception:
            return 0.0
    return 0.0


def smaller(candidate: Candidate) -> Iterator[list[Candidate]]:
    """Steps of the reduction; of each, the alternatives from the boldest on."""
    floats = frozenset(
        n for n, a in candidate.arrays.items() if a.dtype.kind == "f" and a.size > 4 and len(np.unique(a)) > 2
    )
    yield [replace(candidate, drawn=floats)]
    layers = {k: 1 for k, v in candidate.config.items() if _LAYERS.search(k) and isinstance(v, int) and v > 1}
    if layers:
        yield [replace(candidate, config={**candidate.config, **layers})]
    numbers = {
        k: v
        for k, v in candidate.config.items()
        if isinstance(v, int | list | tuple | dict) and not isinstance(v, bool)
    }
    if len(numbers) < len(candidate.config):
        yield [replace(candidate, config=numbers)]
    sizes = sorted({n for a in candidate.arrays.values() for n in a.shape if n > 1})
    batch = next((a.shape[0] for a in candidate.arrays.values() if a.ndim > 1), 0)
    for size in dict.fromkeys((batch, *sizes)):
        if size > 1:
            yield [replace(candidate, arrays=_cut(candidate.arrays, size, new)) for new in _SIZES if new < size]


def _cut(arrays: dict[str, Any], size: int, new: int) -> dict[str, Any]:
    """Every axis of this size cut."""
    return {n: a[tuple(slice(new) if s == size else slice(None) for s in a.shape)] for n, a in arrays.items()}


def reduce(reduction: Reduction, until: float) -> tuple[str, float] | None:
    """The smallest script found and what it measures; None when the case does not differ as a script."""
    best = reduction.first()
    script = reduction.script(best)
    measured = tried(script)
    if measured <= _LIMIT:
        drawn = next(smaller(best))[0]
        script, measured, best = reduction.script(drawn), tried(reduction.script(drawn)), drawn
        if measured <= _LIMIT:
            return None
    done = 0
    while True:
        steps = list(smaller(best))
        if done >= len(steps) or time.process_time() > until:
            return script, measured
        for candidate in steps[done]:
            candidate = replace(candidate, drawn=best.drawn | candidate.drawn)
            text = reduction.script(candidate)
            value = tried(text)
            if value > _LIMIT:
                best, script, measured = candidate, text, value
                break
        else:
            done += 1
            continue
        done = done if len(list(smaller(best))) < len(steps) else done + 1


def _found(options: Any) -> dict[str, Any]:
    """The result of the first class that differs."""
    import compare_models

    pt_module = importlib.import_module(f"transformers.models.{options.pt_module}")
    tf_module = importlib.import_module(f"transformers.models.{options.module}")
    reasons = []
    for pair in options.classes.split(","):
        pt_name, tf_name = pair.split("=", 1)
        run = compare_models.ClassRun((pt_name, tf_name), (pt_module, tf_module), options.cases, "", options.seconds)
        entry, chosen = run.choose(options.case)
        if chosen is None or not chosen[2] or chosen[1].mode != "forward":
            reasons += [f"{tf_name}: {entry['detail']}"] if entry["status"] == "error" else []
            continue
        subject = compare_models.Subject(getattr(pt_module, pt_name), *chosen[:2])
        session = subject.record()
        origin = session.search(session.pt_root, session.tf_root)
        if origin is None:
            reasons.append(f"{tf_name}: no layer is off alone; rounding is amplified")
            continue
        reduction = Reduction(subject, session, origin, options.pt_module, options.module)
        found = reduce(reduction, time.process_time() + _SECONDS)
        if found is None:
            reasons.append(
                f"{tf_name}: {origin.path or 'the model'} differs, but not outside of its case ({chosen[1].name})"
            )
            continue
        return {"class": tf_name, "path": origin.path, "script": found[0], "difference": found[1], "detail": ""}
    return {"class": None, "path": None, "script": None, "difference": None, "detail": "; ".join(reasons)}


def main(argv: list[str] | None = None) -> int:
    """Exit 0 when the search came to its end."""
    import compare_models

    options = compare_models._arguments(argv)
    compare_models.prepare(options.src)
    result: dict[str, Any] = {"fatal": None}
    try:
        result.update(_found(options))
    except Exception as error:
        from tf_model import describe

        result["fatal"] = describe(error)
    if result.get("difference") is not None and not np.isfinite(result["difference"]):
        result["difference"] = None
    Path(options.out).write_text(json.dumps(result), encoding="utf-8")
    return 0 if result["fatal"] is None else 3


if __name__ == "__main__":
    sys.exit(main())
