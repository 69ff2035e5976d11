"""A comparison as text for the terminal: for each class the first layer that differs, its source, and its causes."""

from __future__ import annotations

from collections.abc import Iterator

from scaffold.compare.causes import CAUSES, hints
from scaffold.compare.result import ClassComparison, Comparison, Origin, Row

_LIMIT = 1e-5
_MARGIN = " " * 4
_ROWS = 12


def to_text(comparison: Comparison) -> str:
    """Everything that was found; equal origins of several classes are explained once."""
    if comparison.not_run is not None:
        return f"not run: {comparison.not_run}\n"
    lines: list[str] = []
    told: dict[tuple[str, str, int], str] = {}
    for entry in comparison.classes:
        lines += [*_head(entry)]
        for number, origin in enumerate(entry.origins):
            key = (origin.tf_class, origin.variable or "", origin.tf.line if origin.tf else 0)
            if key in told:
                lines.append(f"  the same place as in {told[key]}: {named(origin)}")
                continue
            told[key] = entry.tf_class
            lines += [*_origin(origin, first=number == 0)]
        if entry.status in ("differs", "amplified"):
            lines += [*_path(entry)]
    lines.append(summary(comparison))
    return "\n".join(lines) + "\n"


def summary(comparison: Comparison) -> str:
    """The last line."""
    good = sum(entry.ok for entry in comparison.classes)
    return f"{good} of {len(comparison.classes)} classes agree inside and out; {comparison.environment}"


def named(origin: Origin) -> str:
    """The layer of an origin, as PyTorch calls it."""
    return origin.path or f"the model itself ({origin.pt_class})"


def magnitude(error: float | None) -> str:
    """An error for reading."""
    return "shapes differ" if error is None else f"{error:.1e}"


def verdict(entry: ClassComparison) -> str:
    """One line on a class."""
    if entry.status == "agrees" and entry.weights:
        return f"outputs agree, but weights are amiss: {entry.weights}"
    if entry.status == "agrees":
        return (
            f"agrees in {entry.cases} case{'s' * (entry.cases != 1)}, {len(entry.rows)} layers compared in {entry.case}"
        )
    if entry.status == "differs":
        return f"differs in {entry.case}: {_one_line(entry.detail)}"
    if entry.status == "amplified":
        return f"differs in {entry.case} ({_one_line(entry.detail)}), but no layer does so alone: rounding is amplified"
    return f"{'cannot be compared' if entry.status == 'error' else 'not run'}: {_one_line(entry.detail)}"


def _head(entry: ClassComparison) -> Iterator[str]:
    yield f"{entry.tf_class}: {verdict(entry)}"
    if entry.weights and entry.status != "agrees":
        yield f"  weights: {entry.weights}"
    for case, reason in entry.refused.items():
        if entry.status != "error" and case != entry.case:
            yield f"  raises in {case}: {_one_line(reason)}"


def _origin(origin: Origin, *, first: bool) -> Iterator[str]:
    yield f"  {'starts' if first else 'another starts'} in {named(origin)} ({origin.tf_class}, {describe(origin)})"
    if origin.message:
        yield f"{_MARGIN}{_one_line(origin.message)}"
    elif origin.variable:
        yield f"{_MARGIN}first to differ: {origin.variable}, {magnitude(origin.error)}; {origin.note}"
    for label, place in (("TensorFlow", origin.tf), ("PyTorch", origin.pt), ("made at", origin.made)):
        if place is not None and not (label == "made at" and origin.kind != "layer"):
            yield f"{_MARGIN}{label:<10} {place.file}:{place.line}  {_one_line(place.text)}"
    for number, cause in enumerate(origin.causes, 1):
        known = CAUSES[cause.cause]
        yield f"{_MARGIN}{number}. {known.title} (explains {cause.explained:.0%}): {cause.detail}"
        yield f"{_MARGIN}   {known.fix}"
    rest = hints(pattern(origin), frozenset(cause.cause for cause in origin.causes)) if not origin.message else ()
    if rest and not any(cause.explained > 0.98 for cause in origin.causes):
        yield f"{_MARGIN}not tried:"
        for cause_id in rest:
            yield f"{_MARGIN}- {CAUSES[cause_id].title}: {CAUSES[cause_id].test}"


def pattern(origin: Origin) -> str:
    """The words by which untried causes are chosen."""
    return f"{origin.tf_class} {origin.variable or ''} {origin.tf.text if origin.tf else ''}"


def describe(origin: Origin) -> str:
    """Which part of the layer it is."""
    if origin.kind == "layer":
        return "the layer itself"
    before, after = origin.between
    if origin.kind == "error":
        return "which raises"
    inner = [f"after {_last(before)}" if before else "", f"before {_last(after)}" if after else "at its end"]
    return f"its own statements {' and '.join(filter(None, inner))}"


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _path(entry: ClassComparison) -> Iterator[str]:
    """The layers in which the error grows, those that are off alone marked."""
    rows = [row for row in entry.rows if row.output is None or row.output > _LIMIT or row.off]
    if not rows:
        return
    yield f"  {'layer':<48} {'input':>9} {'output':>9} {'alone':>9}"
    for row in rows[:_ROWS]:
        yield f"  {_shortened(row.path or '(the model)'):<48} {_figure(row.input)} {_figure(row.output)} {_alone(row)}"
    if len(rows) > _ROWS:
        yield f"  … and {len(rows) - _ROWS} more layers whose outputs differ"


def _shortened(path: str) -> str:
    return path if len(path) <= 48 else f"…{path[-47:]}"


def _figure(value: float | None) -> str:
    return f"{'shape' if value is None else f'{value:.1e}':>9}"


def _alone(row: Row) -> str:
    if row.alone is None and not row.off:
        return f"{'–':>9}"
    return f"{_figure(row.alone)}{'  ← off alone' if row.off else '  passes on'}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
