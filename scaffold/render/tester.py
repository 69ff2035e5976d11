"""What the test frame needs where the checkout has no PyTorch test: sizes, inputs and shapes, read from the probe's files.

Source: docs/architecture.md ("The probe's files").
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from scaffold.core.checkout import Located
from scaffold.core.translation import Translation

#: Entries of a saved configuration that its constructor derives by itself.
_DERIVED = frozenset(
    {"architectures", "torch_dtype", "transformers_version", "model_type", "_name_or_path", "id2label", "label2id"}
)
#: Integer inputs whose values lie below one of the configuration's sizes.
_BOUNDS = {"input_ids": "vocab_size", "decoder_input_ids": "vocab_size", "token_type_ids": "type_vocab_size"}
_LITERAL_LIMIT = 400  # numbers; larger integer inputs are drawn anew


def describe(located: Located, translation: Translation, cases: Path) -> dict[str, Any] | None:
    """Data of templates/tests/: plain values only. None when no model of the port was probed."""
    twins = {tf: pt for pt, tf in translation.classes.items()}
    probed = [(tf, twins[tf], cases / "classes" / twins[tf] / "base") for tf in translation.models if tf in twins]
    probed = [entry for entry in probed if (entry[2] / "cases.json").is_file()]
    if not probed:
        return None
    folder = probed[0][2]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    base = _case(folder)
    inputs = _arrays(folder, base)
    if base is None or not inputs:
        return None
    main = base["inputs"][0]
    tester = _Tester(config, base, inputs, main)
    models = [_model(tf, pt, place, tester, located.names.camel) for tf, pt, place in probed]
    parameters = _parameters(translation.text, probed[0][0])
    return {
        "licence": _licence(located.source),
        "title": located.names.title,
        "camel": located.names.camel,
        "config_class": located.config_class,
        "keras": "tf.keras" if located.layout.value("keras_import") == "tf.keras" else "keras",
        "batch_size": tester.batch_size,
        "seq_length": tester.seq_length,
        "sizes": tester.sizes(),
        "others": tester.others(),
        "facts": tester.facts(),
        "inputs": [(name, tester.input(name, array)) for name, array in inputs.items()],
        "models": models,
        "num_choices": next((m["choices"] for m in models if m["choices"]), 4),
        "generative": [tf for tf, _, place in probed if _generates(place)],
        "flags": tester.flags(parameters),
        "config_tester": _importable(located.root / "tests/test_configuration_common.py"),
        "is_text": main == "input_ids",
        "main_input": main,
        "additions": _additions(main, parameters),
        "checkpoint": _checkpoint(located.source),
        "checkpoint_sizes": sorted({b for n, b in _BOUNDS.items() if n in inputs and b in config}),
    }


class _Tester:
    """The tiny model's sizes, and what the common tests ask of a tester."""

    def __init__(self, config: dict[str, Any], case: dict[str, Any], inputs: dict[str, Any], main: str) -> None:
        self.config = {k: v for k, v in config.items() if k not in _DERIVED}
        self.fields = case["structure"].get("fields", {})
        self.main = main
        self.rank = inputs[main].ndim
        shape = inputs[main].shape
        self.batch_size = int(shape[0])
        self.seq_length = int(shape[1]) if main == "input_ids" else None

    def sizes(self) -> list[tuple[str, str]]:
        """Scalar entries: parameters of the tester."""
        return [(k, repr(v)) for k, v in self.config.items() if _is_size(k, v)]

    def others(self) -> list[tuple[str, str]]:
        """The rest of the configuration, written as literals."""
        return [(k, repr(v)) for k, v in self.config.items() if not _is_size(k, v)]

    def facts(self) -> list[tuple[str, str]]:
        """Attributes that the common tests compare outputs with, where the configuration has other names for them."""
        found: dict[str, int] = {}
        states = self._series("encoder_hidden_states", "hidden_states")
        if states:
            found["expected_num_hidden_layers"] = len(states)
            if len(states[0]) == 3:
                found["seq_length"], found["hidden_size"] = states[0][1:]
        attentions = self._series("encoder_attentions", "attentions")
        if attentions:
            found["num_hidden_layers"] = len(attentions)
            if len(attentions[0]) == 4:
                found["num_attention_heads"], found["encoder_seq_length"], found["key_length"] = attentions[0][1:]
        known = {**self.config, "seq_length": self.seq_length}
        layers = known.get("num_hidden_layers", found.get("num_hidden_layers", 0))
        known["expected_num_hidden_layers"] = layers + 1 if isinstance(layers, int) else None  # a dictionary at times
        known["encoder_seq_length"] = found.get("seq_length", self.seq_length)
        known["key_length"] = found.get("encoder_seq_length")
        return [(k, repr(v)) for k, v in found.items() if known.get(k) != v]

    def _series(self, *names: str) -> list[list[int]]:
        for name in names:
            items = self.fields.get(name, {}).get("tuple", [])
            if items:
                return [item["tensor"] for item in items if "tensor" in item]
        return []

    def flags(self, parameters: list[str]) -> list[tuple[str, str]]:
        """Flags of the common tests."""
        found = {"test_onnx": False}
        if "vocab_size" not in self.config:
            found["test_resize_embeddings"] = False
        if "head_mask" not in parameters:
            found["test_head_masking"] = False
        if not self._series("encoder_attentions", "attentions"):
            found["has_attentions"] = False
        if self.config.get("is_encoder_decoder"):
            found["is_encoder_decoder"] = True
        return [(k, repr(v)) for k, v in found.items()]

    def dimensions(self, shape: list[int]) -> str:
        """A shape in the tester's terms where a position leaves no doubt."""
        last = {v: k for k in ("vocab_size", "hidden_size") if (v := self.config.get(k)) is not None}
        texts = []
        for position, size in enumerate(shape):
            if position == 0 and size == self.batch_size:
                texts.append("self.batch_size")
            elif position == 1 and size == self.seq_length:
                texts.append("self.seq_length")
            elif position == len(shape) - 1 and position and size in last:
                texts.append(f"self.{last[size]}")
            else:
                texts.append(str(size))
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"

    def input(self, name: str, array: Any) -> str:
        """The expression that makes one input."""
        shape = self.dimensions(list(array.shape)).replace("(", "[", 1)[:-1].rstrip(",") + "]"
        if array.dtype.kind == "f":
            return f"floats_tensor({shape})"
        if array.dtype.kind == "b":
            return f"tf.constant({array.tolist()!r})"
        if name.endswith("attention_mask") and array.ndim == 2 and array.max() <= 1:
            return f"random_attention_mask({shape})"
        bound = _BOUNDS.get(name)
        if bound in self.config:
            return f"ids_tensor({shape}, self.{bound})"
        if array.size <= _LITERAL_LIMIT:
            return f"tf.constant({array.tolist()!r}, dtype=tf.int32)"
        return f"ids_tensor({shape}, {int(array.max()) + 1})"


def _is_size(name: str, value: object) -> bool:
    scalar = isinstance(value, bool | int | float | str) and not name.endswith("_token_id")
    return scalar and name not in (
        "is_encoder_decoder",
        "batch_size",
        "seq_length",
        "is_training",
        "num_choices",
        "parent",
    )


def _case(folder: Path) -> dict[str, Any] | None:
    """The case with most outputs."""
    entries: list[dict[str, Any]] = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    forward = [e for e in entries if e["mode"] == "forward" and e.get("structure")]
    return next((e for e in forward if e["name"] == "default"), forward[0] if forward else None)


def _arrays(folder: Path, case: dict[str, Any] | None) -> dict[str, Any]:
    """A case's plain tensor inputs by name."""
    if case is None:
        return {}
    import numpy as np

    with np.load(folder / f"{case['name']}.npz") as stored:
        return {name: stored[f"in/{name}"] for name in case["inputs"] if f"in/{name}" in stored}


def _model(tf: str, pt: str, folder: Path, tester: _Tester, camel: str) -> dict[str, Any]:
    """One class: its test's name and the shapes of its outputs."""
    case = _case(folder)
    fields = case["structure"].get("fields", {}) if case is not None else {}
    shapes = [(k, tester.dimensions(v["tensor"])) for k, v in fields.items() if "tensor" in v and k != "loss"]
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", pt.removeprefix(camel)).lower()
    main = _arrays(folder, case).get(tester.main)
    choices = int(main.shape[1]) if main is not None and main.ndim == tester.rank + 1 else 0
    return {"name": tf, "pytorch": pt, "test": name or "model", "shapes": shapes, "choices": choices}


def _generates(folder: Path) -> bool:
    entries = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    return any(entry["mode"] == "generate" for entry in entries)


def _parameters(text: str, name: str) -> list[str]:
    """Parameters of a model's `call`, `self` left out."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            for function in node.body:
                if isinstance(function, ast.FunctionDef) and function.name == "call":
                    return [a.arg for a in function.args.args[1:]]
    return []


def _additions(main: str, parameters: list[str]) -> list[str]:
    names = ["reproducible_outputs"]
    if main != "input_ids":
        names += ["forward_signature", "common_attributes"]
    return names if "inputs_embeds" in parameters else [*names, "inputs_embeds"]


def _importable(module: Path) -> bool:
    """True for a test module whose own relative imports are there (a release's sdist lacks some of them)."""
    if not module.is_file():
        return False
    found = re.findall(r"^from \.([\w.]+) import", module.read_text(encoding="utf-8"), re.M)
    return all((module.parent / f"{name.replace('.', '/')}.py").is_file() for name in found)


def _licence(source: str) -> str:
    lines = []
    for line in source.split("\n"):
        if not line.startswith("#"):
            break
        lines.append(line)
    return "\n".join(lines)


def _checkpoint(source: str) -> str:
    """The checkpoint that the modelling file names for its documentation."""
    match = re.search(r'^_CHECKPOINT_FOR_DOC\s*=\s*"([\w./-]+)"', source, re.M)
    return match[1] if match else ""
