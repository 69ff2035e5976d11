"""Run a PyTorch model and its TensorFlow port with the same weights and inputs, and compare every layer inside.

Usage: compare_models.py --src SRC --module FOLDER.modeling_tf_STEM --pt-module FOLDER.modeling_STEM --classes PT=TF,…
       --cases DIR --out FILE [--case VARIANT/NAME] [--seconds 60]
`--cases` is the probe's `classes` folder (docs/architecture.md, "The probe's files"). FILE gets one JSON object:
`environment`, `fatal` (nothing can run; `stage` and `error`), `classes` (one entry a class, see `ClassRun.run`). It is written
anew after each class, so that a crash loses only the class it happened in.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

_FINE = 2e-6  # what a layer may be off alone where no layer is off by the tolerance
_MAX_ORIGINS = 5

#: What a case tells, least first: the port says it lacks this (NotImplementedError), outputs agree, generated tokens differ,
#: the port raises, outputs differ.
_REFUSED, _AGREES, _TOKENS, _RAISES, _TELLING = range(5)


class ClassRun:
    """One class of the port against its twin."""

    def __init__(self, names: tuple[str, str], modules: tuple[Any, Any], cases: Path, src: str, seconds: float) -> None:
        self.pt_name, self.tf_name = names
        self.pt_module, self.tf_module = modules
        self.folder = cases / self.pt_name
        self.src = src
        self.until = time.process_time() + seconds

    def run(self, only: str | None) -> dict[str, Any]:
        """The entry: `status` (agrees, differs, amplified, error, not_run), `detail`, `weights`, `case`, `rows`, `origins`, …"""
        entry, chosen = self.choose(only)
        return entry if chosen is None else self._inner(*chosen, entry)

    def choose(self, only: str | None) -> tuple[dict[str, Any], tuple[Any, Any, str] | None]:
        """The entry so far, and the most telling case with its variant and what is wrong; None when nothing can be run."""
        from tf_cases import read_variants

        entry: dict[str, Any] = {"tf_class": self.tf_name, "pt_class": self.pt_name, "status": "not_run", "detail": ""}
        entry.update(case=None, cases=0, weights="", refused={}, rows=[], origins=[], unpaired=[])
        if getattr(self.tf_module, self.tf_name, None) is None:
            return {**entry, "status": "error", "detail": f"the module defines no {self.tf_name}"}, None
        variants = read_variants(self.folder) if self.folder.is_dir() else []
        if not any(v.cases for v in variants):
            return {**entry, "detail": f"no case could be recorded for {self.pt_name}"}, None
        tried, unloaded = self._tried(variants, only, entry)
        if unloaded and all(telling <= _AGREES for telling, *_ in tried):
            return {**entry, "status": "error", "detail": unloaded}, None
        if not tried:
            return {**entry, "detail": f"there is no case {only}"}, None
        return entry, max(tried, key=lambda t: t[0])[1:]

    def _tried(
        self, variants: list[Any], only: str | None, entry: dict[str, Any]
    ) -> tuple[list[tuple[int, Any, Any, str]], str]:
        """How telling each case is, its variant and what is wrong, up to the first whose outputs differ; why one did not load."""
        tried: list[tuple[int, Any, Any, str]] = []
        unloaded = ""
        for variant in variants:
            wanted = [c for c in variant.cases if only is None or c.name == only]
            problem = self._load(variant, entry) if wanted else None
            if problem is not None:
                entry["refused"][f"{variant.folder.name}/"] = unloaded = problem
            for case in wanted if problem is None else ():
                entry["cases"] += 1
                telling, wrong = self._differs(variant, case)
                tried.append((telling, variant, case, wrong))
                if telling in (_RAISES, _REFUSED):
                    entry["refused"][case.name] = wrong
                if telling == _TELLING:
                    return tried, unloaded
            if self.until < time.process_time():
                break
        return tried, unloaded

    def _load(self, variant: Any, entry: dict[str, Any]) -> str | None:
        """Load PyTorch's weights into TensorFlow's class; what went wrong with that, as text."""
        from tf_model import CheckFailed, constant_keys, describe, judge_loading, load

        weights = variant.folder / "model.safetensors"
        try:
            variant.model, info = load(getattr(self.tf_module, self.tf_name), variant.folder, from_pt=True)
        except Exception as error:
            try:  # a port whose `call` raises can still be filled with weights, and compared up to there
                variant.model = _filled(getattr(self.tf_module, self.tf_name), variant.folder)
            except Exception:
                return f"cannot be built and loaded: {describe(error)}"
            return None
        try:
            buffers = constant_keys(weights) if weights.is_file() else set()
            judge_loading(type(variant.model), info, buffers)
        except CheckFailed as failure:
            entry["weights"] = str(failure)
        return None

    def _differs(self, variant: Any, case: Any) -> tuple[int, str]:
        """How telling the case is, and what is wrong with its outputs, in words; empty when they agree."""
        from run_tf import _outputs
        from tf_compare import compare
        from tf_model import describe

        mode = "eager" if case.mode == "forward" else case.mode
        try:
            bad = [e for e in compare(case.expected, _outputs(variant, case, mode)) if not e["ok"]]
        except Exception as error:
            return _REFUSED if isinstance(error, NotImplementedError) else _RAISES, describe(error)
        if not bad:
            return _AGREES, ""
        text = f"{bad[0]['tensor'].removeprefix('out/')}: {bad[0]['note'] or bad[0]['max_scaled']}"
        return _TELLING if case.mode == "forward" else _TOKENS, text

    def _inner(self, variant: Any, case: Any, wrong: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Compare everything inside the models in one case."""
        entry.update(case=case.name, status="differs" if wrong else "agrees", detail=wrong)
        if case.mode != "forward":
            return entry
        from compare_explain import unused

        subject = Subject(getattr(self.pt_module, self.pt_name), variant, case)
        session, origins, found = subject.compare(self.until, search=bool(wrong))
        entry["rows"] = found
        entry["unpaired"] = unused(session)
        if wrong and not origins:
            entry["status"] = "amplified"
        entry["origins"] = [subject.explainer(session, self.src).explain(o) for o in origins]
        return entry


def _filled(cls: Any, folder: Path) -> Any:
    """A model built layer by layer and given PyTorch's weights, without calling it as `from_pretrained` does."""
    from safetensors.torch import load_file
    from transformers.modeling_tf_pytorch_utils import load_pytorch_state_dict_in_tf2_model as fill

    model = cls(cls.config_class.from_pretrained(str(folder)))
    model.build_in_name_scope()
    state = {name: tensor.numpy() for name, tensor in load_file(str(folder / "model.safetensors")).items()}
    return fill(model, state, tf_inputs={}, allow_missing_keys=True)


class Subject:
    """Both models of one case."""

    def __init__(self, pt_class: Any, variant: Any, case: Any) -> None:
        import torch
        from pt_loading import load_pt
        from pt_origin import prefer_eager

        config = prefer_eager(pt_class.config_class.from_pretrained(str(variant.folder)))
        self.pt_model = load_pt(pt_class, variant.folder, config).eval()
        self.model = variant.model
        self.case = case
        self.state = {
            k: v.detach().cpu().numpy() for k, v in self.pt_model.state_dict().items() if v.is_floating_point()
        }
        self.torch = torch

    def run_pytorch(self) -> Any:
        """PyTorch's outputs."""
        inputs = {name: self._tensors(value) for name, value in self.case.inputs.items()}
        with self.torch.no_grad():
            return self.pt_model(**inputs, **self.case.flags, **self.case.kwargs)

    def _tensors(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._tensors(item) for item in value)
        if isinstance(value, dict):
            from transformers.modeling_outputs import BaseModelOutput

            return BaseModelOutput(**{k: self._tensors(v) for k, v in value.items()})
        return self.torch.tensor(value) if hasattr(value, "dtype") else value

    def record(self) -> Any:
        """A session with both recordings."""
        import tensorflow as tf
        from compare_alone import Session
        from compare_record import record_keras, record_pytorch
        from compare_tree import build_tree
        from legacy_keras import library_keras
        from run_tf import _as_output
        from tf_model import call

        keras = library_keras()
        self.torch.manual_seed(0)
        with record_pytorch(self.pt_model) as theirs:
            self.run_pytorch()
        tree = build_tree(self.model, [name for name, _ in self.pt_model.named_modules()], self.state)
        inputs = {k: _as_output(tf.nest.map_structure(tf.constant, v)) for k, v in self.case.inputs.items()}
        with record_keras(keras.layers.Layer, tree.paths) as ours:
            try:
                call(self.model, inputs, **self.case.flags, **self.case.kwargs, training=False)
            except Exception as error:
                if not ours.roots:
                    raise RuntimeError(f"the model could not be called: {error}") from error
        return Session(tree, keras.layers.Layer, theirs.roots[0], ours.roots[0])

    def compare(self, until: float, *, search: bool) -> tuple[Any, list[Any], list[dict[str, Any]]]:
        """Session, the places where differences start (first one first), the table of all layers."""
        from compare_arrays import TOLERANCE
        from compare_explain import rows

        session = self.record()
        first = None
        for tolerance in (TOLERANCE, _FINE) if search else ():
            first = session.search(session.pt_root, session.tf_root, tolerance)
            if first is not None:
                break
        table = rows(session, lambda: until - time.process_time())
        if first is None:
            return session, [], table
        return session, [first, *self._others(session, first, table)], table

    def _others(self, session: Any, first: Any, table: list[dict[str, Any]]) -> list[Any]:
        """Other layers that are off alone while no layer inside them is; one of each class and place."""
        found: list[Any] = []
        known = {_kind(first)}
        for row, (pt, tf) in zip(table, session.pairs(), strict=False):
            inside = [r for r in table if r["off"] and r["path"].startswith(f"{row['path']}.")]
            if not row["off"] or inside or len(found) >= _MAX_ORIGINS:
                continue
            origin = session.search(pt, tf)
            if origin is not None and _kind(origin) not in known:
                known.add(_kind(origin))
                found.append(origin)
        return found

    def explainer(self, session: Any, src: str) -> Any:
        """What explains origins of this session."""
        from compare_explain import Explainer

        return Explainer(session, self.run_pytorch, self.pt_model, self.state, src)


def _kind(origin: Any) -> tuple[str, str, Any]:
    """Equal for the same fault met in several instances of a layer."""
    names = [c.path.rpartition(".")[2] if c is not None else "" for c in (origin.after, origin.before)]
    return (type(origin.tf.owner).__name__, origin.path.rpartition(".")[2], tuple(names))


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--module", required=True)
    parser.add_argument("--pt-module", required=True)
    parser.add_argument("--classes", required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--case")
    parser.add_argument("--seconds", type=float, default=60.0, help="processor time for one class")
    return parser.parse_args(argv)


def prepare(src: Path) -> None:
    """Module path, environment and threads, before anything heavy is imported."""
    import legacy_keras

    legacy_keras.prepare()
    faulthandler.enable()
    for folder in (str(Path(__file__).resolve().parent), str(src.resolve())):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def _write(path: Path, result: dict[str, Any]) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.replace(path)


def main(argv: list[str] | None = None) -> int:
    """Compare each class; exit 0 when all were tried, 3 when nothing could run."""
    options = _arguments(argv)
    prepare(options.src)
    result: dict[str, Any] = {"environment": "", "fatal": None, "classes": []}
    stage = "environment"
    try:
        import torch
        from run_tf import _environment

        torch.set_num_threads(1)  # threads cost more than they give on matrices this small
        importlib.import_module("transformers.modeling_tf_utils")
        result["environment"] = _environment(1)
        pt_module = importlib.import_module(f"transformers.models.{options.pt_module}")
        stage = "module"
        tf_module = importlib.import_module(f"transformers.models.{options.module}")
    except Exception as error:
        from tf_model import describe

        result["fatal"] = {"stage": stage, "error": describe(error)}
        _write(options.out, result)
        return 3
    for pair in options.classes.split(","):
        names = tuple(pair.split("=", 1))
        run = ClassRun(names, (pt_module, tf_module), options.cases, str(options.src.resolve()), options.seconds)
        started = time.monotonic()
        try:
            entry = run.run(options.case)
        except Exception as error:
            from tf_model import describe

            entry = {"tf_class": names[1], "pt_class": names[0], "status": "error", "detail": describe(error)}
        result["classes"].append({**entry, "seconds": round(time.monotonic() - started, 2)})
        _write(options.out, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
