"""Run TensorFlow classes on the cases recorded from their PyTorch twins, and write what came of it line by line.

Contract: docs/architecture.md ("The probe's files" for the input). The result, `<out>/results.jsonl`, gets one JSON object a
line as soon as it is known, so that a crash loses nothing: `environment`, `begin` (class), `check`, `case`, `end` (class), and
`fatal` when nothing can run at all. Started by scaffold/verify as a child process under the target environment's Python.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import importlib.util
import json
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tf_cases import Case, Variant

SKIPPED_FOR_TIME = "time for graph mode used up; this case ran in eager mode only"
EXPORTS = ("savedmodel", "tflite")
EXPORTED_CLASSES = 2  # of a worker: the body and one head; an export takes many times a call's seconds


class Journal:
    """The result file: one line an event, flushed at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def write(self, event: str, **data: Any) -> None:
        """Append one event."""
        self._file.write(json.dumps({"event": event, "cpu": round(time.process_time(), 2), **data}) + "\n")
        self._file.flush()


@dataclass
class Budget:
    """Seconds left for graph mode, shared fairly among the classes still to come."""

    seconds: float
    classes: int

    def share(self) -> float:
        """This class's share."""
        return self.seconds / max(1, self.classes)


class ClassRun:
    """Everything done for one TF class; the counters are those of the whole worker."""

    fitted = 0
    exported = 0

    def __init__(
        self, journal: Journal, module: Any, names: tuple[str, str], cases: Path, probed: Mapping[str, Any]
    ) -> None:
        self.journal = journal
        self.pt_class, self.tf_class = names
        self.cls = getattr(module, self.tf_class, None)
        self.folder = cases / self.pt_class
        self.buffers = set(probed.get("buffers", ()))
        self.tied = probed.get("tied", ())
        self.probe_error = probed.get("error")

    def check(self, result: Mapping[str, str]) -> None:
        """Record a check."""
        self.journal.write("check", **{"class": self.tf_class, **result})

    def case(self, case: Case, mode: str, **result: Any) -> None:
        """Record a case."""
        self.journal.write("case", **{"class": self.tf_class, "case": case.name, "mode": mode, **result})

    def run(self, modes: tuple[str, ...], budget: Budget) -> None:
        """Eager first, then the checks, then the slower modes."""
        if self.cls is None:
            raise LookupError(f"the module defines no {self.tf_class}")
        from tf_cases import read_variants

        variants = read_variants(self.folder) if self.folder.is_dir() else []
        if not any(v.cases for v in variants):
            reason = f": {self.probe_error}" if self.probe_error else ""
            raise LookupError(f"no recorded case for {self.pt_class}{reason}")
        for variant in variants:
            self.load(variant)
            for case in variant.cases:
                self.execute(variant, case, "eager" if case.mode == "forward" else case.mode)
        self.checks(variants)
        for mode in (m for m in modes if m != "eager"):
            if mode not in EXPORTS:
                self.compiled(variants, mode, budget)
            elif ClassRun.exported < EXPORTED_CLASSES * len(EXPORTS):
                ClassRun.exported += 1
                self.export(variants[0], mode)

    def load(self, variant: Variant) -> None:
        """Load the variant's weights in every way a user can, and compare the ways."""
        from tf_model import CheckSkipped, attempt, constant_keys, judge_loading, load, same_weights
        from tf_release import same_for_all

        weights = variant.folder / "model.safetensors"
        buffers = self.buffers | (constant_keys(weights) if weights.is_file() else set())

        def safetensors() -> str:
            variant.model, info = load(self.cls, variant.folder, from_pt=True)
            return str(judge_loading(self.cls, info, buffers, self.tied))

        def binary() -> str:
            model, info = load(self.cls, variant.folder / "bin", from_pt=True)
            detail = judge_loading(self.cls, info, buffers, self.tied)
            if variant.model is not None:
                same_weights(variant.model, model)
            return str(detail)

        def native() -> str:
            try:
                model, info = load(self.cls, variant.folder)
            except Exception as error:
                if reason := same_for_all(error, variant.folder):
                    raise CheckSkipped(reason) from error
                raise
            detail = judge_loading(self.cls, info, buffers, self.tied)
            if variant.model is not None:
                same_weights(variant.model, model)
            return str(detail)

        self.check(attempt(f"weights-safetensors{variant.suffix}", safetensors))
        self.check(attempt(f"weights-bin{variant.suffix}", binary))
        if not variant.suffix and variant.model is not None:
            self.check(attempt("weights-without-from-pt", native))

    def execute(self, variant: Variant, case: Case, mode: str) -> None:
        """One case in one mode."""
        from tf_compare import compare
        from tf_model import describe

        if variant.model is None:
            self.case(case, mode, error="the weights could not be loaded")
            return
        try:
            entries = compare(case.expected, _outputs(variant, case, mode))
        except Exception as error:
            self.case(case, mode, error=describe(error))
            return
        case.passed = case.passed or (mode == "eager" and all(entry["ok"] for entry in entries))
        self.case(case, mode, comparisons=entries)

    def checks(self, variants: list[Variant]) -> None:
        """The properties, on the simplest case that works in eager mode."""
        from tf_cases import simplicity
        from tf_checks import Loaded, Subject, run_checks
        from tf_model import SKIP, outputs
        from tf_training import run_training_checks

        usable = [(v, c) for v in variants for c in v.cases if c.passed and c.inputs and c.mode == "forward"]
        if not usable:
            self.check({"name": "properties", "status": SKIP, "detail": "no case agrees with PyTorch in eager mode"})
            return
        variant, case = min(usable, key=simplicity)
        flags = {**case.flags, **case.kwargs, "return_dict": True}
        subject = Subject(self.cls, variant.model, variant.folder, self.pt_class, case.inputs, flags)
        subject.reference.update(outputs(variant.model, subject.tensors(), **flags, training=False))
        for result in run_checks(subject):
            self.check(result)
        labelled = next((c for c in variant.cases if c.name.endswith("/labels") and c.passed), case)
        options = {**labelled.flags, **labelled.kwargs, "return_dict": True}
        trained = Loaded(self.cls, variant.model, variant.folder, self.pt_class, labelled.inputs, options)
        traced = not ClassRun.fitted
        ClassRun.fitted += labelled is not case
        for result in run_training_checks(trained, traced):
            self.check(result)
        if case.flags.get("return_dict", True):
            case.traced = subject.made.get("graph")

    def compiled(self, variants: list[Variant], mode: str, budget: Budget) -> None:
        """Graph or XLA: the simplest case of all always, then while there is time; what needs no new trace is free.

        Processor time is counted: a busy machine must not change what is verified.
        """
        from tf_cases import by_worth, trace_key

        started = time.process_time()
        traced: set[str] = set()
        for number, (variant, case) in enumerate(by_worth(variants)):
            trace = f"{variant.folder.name} {trace_key(case)}"
            if number and trace not in traced and time.process_time() - started > budget.share():
                self.case(case, mode, skipped=SKIPPED_FOR_TIME)
            else:
                self.execute(variant, case, mode)
                traced.add(trace)
        budget.seconds -= time.process_time() - started

    def export(self, variant: Variant, mode: str) -> None:
        """The simplest case that a SavedModel's signature, or TensorFlow Lite, can be given."""
        from tf_cases import simplicity
        from tf_compare import compare
        from tf_exports import TOLERANCES, NotExported, by_path, candidates, exported
        from tf_model import describe

        reason = "no case agrees with PyTorch in eager mode"
        usable = [
            (variant, c)
            for c in variant.cases
            if c.passed and c.mode == "forward" and c.flags.get("return_dict") is not False
        ]
        for case in candidates(variant.model, mode, [case for _, case in sorted(usable, key=simplicity)]):
            try:
                found = exported(variant.model, mode, case.inputs, {**case.flags, **case.kwargs})
            except NotExported as problem:
                reason = str(problem)
                continue
            except Exception as error:
                self.case(case, mode, error=describe(error))
                return
            compared = found if mode == "tflite" else by_path(found, case.expected)
            if not compared:
                reason = f"the signature returns {', '.join(found)}, of which the case has none"
                continue
            expected = {path: value for path, value in case.expected.items() if mode == "tflite" or path in compared}
            self.case(case, mode, comparisons=compare(expected, compared, TOLERANCES[mode]))
            return
        self.check({"name": mode, "status": "SKIP", "detail": reason})


def _outputs(variant: Variant, case: Case, mode: str) -> dict[str, Any]:
    import tensorflow as tf
    from tf_compare import arrays, flatten

    model = variant.model
    tensors = {name: _as_output(tf.nest.map_structure(tf.constant, value)) for name, value in case.inputs.items()}
    if mode == "method":
        return dict(arrays(flatten(getattr(model, case.kwargs["method"])(**tensors))))
    if mode == "generate":
        # `generate` does not cast its keywords as `call` does; tokenizers give int32 to TensorFlow.
        tensors = {
            k: tf.cast(v, tf.int32) if tf.is_tensor(v) and v.dtype == tf.int64 else v for k, v in tensors.items()
        }
        return dict(arrays(flatten(model.generate(**tensors, **case.flags, **case.kwargs))))
    if mode == "graph" and case.traced is not None:
        return dict(case.traced)
    function = _function(model, case)
    if mode in ("graph", "xla"):
        from tf_cases import call_key

        key = f"{mode} {call_key(case)}"
        function = variant.functions.setdefault(key, _traced(function, jit_compile=True if mode == "xla" else None))
    return dict(arrays(flatten(function(tensors))))


def _function(model: Any, case: Case) -> Callable[[Any], Any]:
    from tf_model import call

    return lambda inputs: call(model, inputs, **case.flags, **case.kwargs, training=False)


def _as_output(value: Any) -> Any:
    """An encoder's recorded output as the class that TensorFlow's encoders return, which can be indexed by position."""
    from transformers.modeling_tf_outputs import TFBaseModelOutput

    if isinstance(value, dict) and set(value) <= {"last_hidden_state", "hidden_states", "attentions"}:
        return TFBaseModelOutput(**value)
    return value


def _traced(function: Callable[[Any], Any], **options: Any) -> Callable[[Any], Any]:
    """A `tf.function` without autograph, which traces in half the time; with it where the code needs it.

    The checks trace each class once with autograph, so the usual way is covered.
    """
    import tensorflow as tf

    plain = tf.function(function, autograph=False, **options)
    converted = tf.function(function, **options)

    def run(inputs: Any) -> Any:
        try:
            return plain(inputs)
        except Exception:
            return converted(inputs)

    return run


def _environment(threads: int) -> str:
    import tensorflow as tf
    import transformers

    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    names = [f"Python {platform.python_version()}", f"TensorFlow {tf.__version__}"]
    torch = sys.modules.get("torch")
    names += [f"PyTorch {torch.__version__}"] if torch is not None else []
    return ", ".join([*names, f"Transformers {transformers.__version__}"])


def _probed(cases: Path) -> dict[str, Any]:
    """What the probe wrote of each class (buffers, tied tensors), from its own file beside the cases."""
    path = cases.parent / "probe.json"
    if not path.is_file():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8")).get("classes", {}))


def _import(journal: Journal, module: str, threads: int) -> Any:
    """The TF module; None when the environment or the module itself does not import."""
    stage = "environment"
    try:
        for name in ("torch", "tensorflow", "safetensors", "transformers"):
            if importlib.util.find_spec(name) is None:
                raise ModuleNotFoundError(f"No module named '{name}'")
        importlib.import_module("transformers.modeling_tf_utils")
        journal.write("environment", text=_environment(threads))
        stage = "module"
        return importlib.import_module(f"transformers.models.{module}")
    except Exception as error:
        from tf_model import describe

        journal.write("fatal", stage=stage, error=describe(error))
        return None


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--src", type=Path, required=True, help="the tree's src folder")
    parser.add_argument("--cases", type=Path, required=True, help="the probe's `classes` folder")
    parser.add_argument("--module", required=True, help="for example roc_bert.modeling_tf_roc_bert")
    parser.add_argument("--classes", required=True, help="PTClass=TFClass, separated by commas")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--modes", default="eager,graph")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--graph-seconds", type=float, default=60.0, help="processor time for compiled modes")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Verify each class; exit 0 when all classes were tried, 3 when nothing could run."""
    import legacy_keras

    legacy_keras.prepare()
    faulthandler.enable()
    options = _arguments(argv)
    for folder in (str(Path(__file__).resolve().parent), str(options.src.resolve())):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    journal = Journal(options.out / "results.jsonl")
    module = _import(journal, options.module, options.threads)
    if module is None:
        return 3
    pairs = [tuple(pair.split("=", 1)) for pair in options.classes.split(",")]
    budget = Budget(options.graph_seconds, len(pairs))
    probed = _probed(options.cases)
    for pt_class, tf_class in pairs:
        journal.write("begin", **{"class": tf_class, "pt_class": pt_class})
        error = None
        started = time.monotonic()
        try:
            run = ClassRun(journal, module, (pt_class, tf_class), options.cases, probed.get(pt_class, {}))
            run.run(tuple(options.modes.split(",")), budget)
        except Exception as failure:
            from tf_model import describe

            error = str(failure) if isinstance(failure, LookupError) else describe(failure)
        budget.classes -= 1
        seconds = time.monotonic() - started
        journal.write("end", **{"class": tf_class, "error": error, "seconds": round(seconds, 3)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
