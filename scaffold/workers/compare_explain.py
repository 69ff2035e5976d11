"""From the layer where a difference starts to the statement, and from the statement to its causes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from compare_alone import Origin, Pair, Session, output_pairs
from compare_arrays import TOLERANCE, Array, difference
from compare_causes import try_all
from compare_finding import Context, Finding
from compare_layers import mend, own_variables, weight_problems
from compare_record import Call, Recording, leaves, portable, record_pytorch
from compare_source import made_at, place
from compare_trace import Trace, Value, align, first_difference, tracing
from compare_tree import ALONE

_MAX_CAUSES = 6


class Explainer:
    """Explains origins of one case; `again` runs the PyTorch model on it once more."""

    def __init__(
        self, session: Session, again: Callable[[], Any], pt_model: Any, state: Mapping[str, Any], src: str
    ) -> None:
        self.session = session
        self.again = again
        self.pt_model = pt_model
        self.state = state
        self.src = src

    def explain(self, origin: Origin, tolerance: float = TOLERANCE) -> dict[str, Any]:
        """The origin as the report has it."""
        findings: list[Finding] = []
        if origin.kind == "layer":
            findings += mend(self.session, origin.pt, origin.tf, self.state)
        findings += self._own_weights(origin) if origin.kind != "layer" else []
        pt_trace, values = self._variables(origin, tolerance)
        value = values[0] if values else None
        context = self._context(origin, pt_trace, value)
        findings += self._not_called(origin)
        for pair in self._candidates(origin, values):
            turned = pair.pt if pair.found.axes is None else pair.pt.transpose(pair.found.axes)
            found = try_all(np.asarray(turned), np.asarray(pair.tf), context)
            findings += [Finding(f.cause, f.explained, f"{pair.name}: {f.detail}") for f in found]
        return self._described(origin, value, _best(findings))

    def _candidates(self, origin: Origin, values: list[Value]) -> list[Pair]:
        """What differs first: the variables, and what the paired layers saw."""
        pairs = []
        for value in values:
            if value.twin is not None and value.found is not None:
                pairs.append(Pair(value.name, value.twin.array, value.array, value.found))
        if origin.pair is not None:
            pairs.append(origin.pair)
        return pairs

    def _own_weights(self, origin: Origin) -> list[Finding]:
        layers = [layer for layer in self.session.tree.layers.get(origin.path, ())]
        problems = [p for layer in layers for p in weight_problems(self.session, origin.pt, layer, self.state)]
        return [Finding(cause, 0.99, text) for _, _, cause, text in problems[:3]]

    def _not_called(self, origin: Origin) -> list[Finding]:
        """PyTorch's sub-modules that TensorFlow leaves out here: confirmed by calling one on TensorFlow's value."""
        if origin.pair is None:
            return []
        import torch

        called = {child.path for child, twin in self.session.twins(origin.pt, origin.run) if twin is not None}
        found = []
        for call in origin.pt.walk():
            if call is origin.pt or call.path in called or not leaves(call.output):
                continue
            try:
                with torch.no_grad():
                    result = call.owner(torch.tensor(np.asarray(origin.pair.tf)))
                output = next(iter(leaves(portable(result)).values()))
            except Exception:  # another kind of input
                continue
            given = next(iter(leaves(call.arguments).values()), None)
            if given is None or (given.shape == output.shape and difference(given, output).ok):
                continue  # a module that does nothing here
            if difference(origin.pair.pt, output).ok and not difference(output, np.asarray(origin.pair.tf)).ok:
                found.append(Finding("not_called", 1.0, f"PyTorch calls {call.path} here, TensorFlow does not"))
        return found

    def _variables(self, origin: Origin, tolerance: float) -> tuple[Trace, list[Value]]:
        """The trace of PyTorch's layer, and TensorFlow's first local variables that differ, with and without its name."""
        paths = set(self.session.tree.layers)
        turn = [c for c in self.session.pt_root.walk() if c.path == origin.path].index(origin.pt)
        pt_trace, tf_trace = Trace(), Trace()
        try:
            pt_trace = self._trace_pytorch(origin.path, turn, paths)
            tf_trace = self._trace_keras(origin)
        except Exception:  # a run that fails under observation leaves what the recording knows
            return pt_trace, []
        align(pt_trace, tf_trace)
        named, other = (first_difference(tf_trace, tolerance, named=which) for which in (True, False))
        return pt_trace, [v for v in (named, other) if v is not None]

    def _trace_pytorch(self, path: str, turn: int, paths: set[str]) -> Trace:
        import torch

        seen = [0]
        target: list[Call] = []

        def begin(call: Call) -> None:
            if call.path == path:
                if seen[0] == turn and not target:
                    target.append(call)
                seen[0] += 1

        with record_pytorch(self.pt_model) as recording:
            recording.on_begin.append(begin)

            def active() -> bool:
                return bool(target) and _innermost(recording, target[0], path, paths)

            with tracing(active) as trace, torch.no_grad():
                self.again()
        return trace

    def _trace_keras(self, origin: Origin) -> Trace:
        watched: list[Recording] = []

        def active() -> bool:
            recording = watched[0] if watched else None
            return (
                recording is not None
                and bool(recording.stack)
                and _innermost(recording, recording.roots[0], origin.path, None)
            )

        with tracing(active) as trace:
            self.session.alone(origin.pt, origin.tf, watched.append)
        return trace

    def _context(self, origin: Origin, trace: Trace, value: Value | None) -> Context:
        """PyTorch's parameters, inputs, results of sub-modules and variables, those after the place left out."""
        values: list[tuple[str, Array]] = []
        module = origin.pt.owner
        for name, parameter in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            values.append((name, portable(parameter)))
        for name, array in leaves(origin.pt.arguments).items():
            values.append((f"the input {name}", array))
        for call in origin.pt.walk():
            if call is not origin.pt:
                outputs = leaves(call.output)
                short = call.path.removeprefix(f"{origin.path}.")
                values += [(f"the output of {short}", array) for array in list(outputs.values())[:1]]
        twin = value.twin if value is not None else None
        later = False
        for other in trace.values:
            if other is twin:
                later = True
            elif twin is None or not np.array_equal(other.array, twin.array):
                values.append((f"{other.name}, which PyTorch has later" if later else other.name, other.array))
        target = origin.pair.pt if origin.pair else None
        return Context([(n, a) for n, a in values if target is None or a is not target])

    def _described(self, origin: Origin, value: Value | None, findings: list[Finding]) -> dict[str, Any]:
        shown = value or None
        pair = origin.pair
        found = value.found if value is not None and value.found is not None else pair.found if pair else None
        call, twin = (
            (origin.before, origin.twin_before) if origin.before is not None else (origin.after, origin.twin_after)
        )
        tf_site = (shown.file, shown.line) if shown else _site(origin, origin.tf, call)
        pt_site = (shown.twin.file, shown.twin.line) if shown and shown.twin else _site(origin, origin.pt, twin)
        return {
            "path": origin.path,
            "kind": origin.kind,
            "tf_class": _class(origin.run.owner, self.session, origin.path),
            "pt_class": type(origin.pt.owner).__name__,
            "variable": shown.name if shown else pair.name if pair else None,
            "error": _number(found.error if found else origin.error),
            "absolute": _number(found.absolute if found else origin.error),
            "note": found.note if found else "",
            "between": [c.path if c is not None else None for c in (origin.after, origin.before)],
            "tf": place(*(tf_site or (None, None)), self.src),
            "pt": place(*(pt_site or (None, None)), self.src),
            "made": self._made(origin),
            "message": origin.message,
            "causes": [{"cause": f.cause, "explained": round(f.explained, 4), "detail": f.detail} for f in findings],
        }

    def _made(self, origin: Origin) -> dict[str, Any] | None:
        """Where the layer that holds this one makes it."""
        layer = origin.tf.owner
        holder = self.session.tree.parents.get(id(layer))
        if holder is None:
            return None
        try:
            file = inspect.getsourcefile(type(holder))
        except (OSError, TypeError):
            return None
        line = made_at(file, type(holder).__name__, self.session.tree.attributes[id(layer)]) if file else None
        found: dict[str, Any] | None = place(file, line, self.src)
        return found


def _innermost(recording: Recording, root: Call, path: str, paths: set[str] | None) -> bool:
    """Whether the statements under way belong to the call `root` and not to a paired layer inside it."""
    if root not in recording.stack:
        return False
    above = recording.stack[recording.stack.index(root) + 1 :]
    return all(c.path == path or ALONE in c.path or (paths is not None and c.path not in paths) for c in above)


def _class(layer: Any, session: Session, path: str) -> str:
    """The class whose statements run: of layers that share a path, the one furthest in."""
    layers = session.tree.layers.get(path, [layer])
    own = [other for other in layers if type(other).__module__.startswith("transformers.models")]
    return type(own[-1] if layer in layers and own else layer).__name__


def _site(origin: Origin, call: Call, neighbour: Call | None) -> tuple[str, int] | None:
    if origin.kind != "layer" and neighbour is not None:
        near: tuple[str, int] | None = neighbour.site
        return near
    if origin.kind != "layer":
        return _definition(call.owner)
    site: tuple[str, int] | None = call.site or _definition(call.owner)
    return site


def _definition(owner: Any) -> tuple[str, int] | None:
    function = inspect.unwrap(getattr(owner, "call", None) or owner.forward)
    try:
        file = inspect.getsourcefile(function)
        line = inspect.getsourcelines(function)[1]
    except (OSError, TypeError):
        return None
    return (file, line) if file else None


def _best(findings: list[Finding]) -> list[Finding]:
    """The strongest finding of each cause, in order; equal ones stay in the order in which they were tried."""
    best: dict[str, Finding] = {}
    for finding in findings:
        if finding.explained > 0.2 and (finding.cause not in best or finding.explained > best[finding.cause].explained):
            best[finding.cause] = finding
    return sorted(best.values(), key=lambda f: -round(f.explained, 2))[:_MAX_CAUSES]


def _number(value: float) -> float | None:
    """A figure for JSON, which knows no infinity."""
    return float(value) if np.isfinite(value) else None


def rows(session: Session, seconds: Callable[[], float], tolerance: float = TOLERANCE) -> list[dict[str, Any]]:
    """One row a paired call in the order of the run: errors of inputs and outputs, and of the layer alone where it was asked."""
    from compare_alone import input_pairs, worst

    table = []
    for number, (pt, tf) in enumerate(session.pairs()):
        inputs, outputs = worst(input_pairs(pt, tf)), worst(output_pairs(pt, tf))
        row: dict[str, Any] = {
            "order": number,
            "path": pt.path,
            "depth": pt.path.count(".") + bool(pt.path),
            "leaf": not any(twin for _, twin in session.twins(pt, tf)),
            "pt_class": type(pt.owner).__name__,
            "tf_class": type(tf.owner).__name__,
            "input": _number(inputs.error) if number else 0.0,  # the models' own inputs are the same
            "output": _number(outputs.error),
            "alone": None,
            "off": False,
            "error": tf.error,
        }
        if (outputs.error > tolerance or tf.error) and tf is not session.tf_root and seconds() > 0:
            run = session.alone(pt, tf)
            found = worst(output_pairs(pt, run))
            row["alone"] = _number(found.error)
            row["off"] = bool(run.error) or found.error > tolerance
        table.append(row)
    return table


def unused(session: Session) -> list[str]:
    """Paths of PyTorch modules that were called and have no layer in TensorFlow, outermost only."""
    known = set(session.tree.layers)
    missing = [c.path for c in session.pt_root.walk() if c.path not in known]
    return [p for p in dict.fromkeys(missing) if not any(p.startswith(f"{other}.") for other in missing)]


__all__ = ["Explainer", "own_variables", "rows", "unused"]
