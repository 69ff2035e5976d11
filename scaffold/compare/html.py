"""A comparison as one HTML file that needs nothing else: what starts where, a plot of the error by depth, every layer."""

from __future__ import annotations

import math
from typing import Any

from scaffold.compare.causes import CAUSES, hints
from scaffold.compare.result import ClassComparison, Comparison, Origin, Row
from scaffold.compare.text import describe, magnitude, named, pattern, summary, verdict
from scaffold.core.resources import templates

_LIMIT = 1e-5
_FLOOR = 1e-8  # what is smaller, or exactly zero, is drawn here
_CEILING = 1e2  # what is larger, or has no number, is drawn here
_SIZE = (920, 260)
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 910, 12, 232
_EXPLAINED = 0.98


def to_html(comparison: Comparison) -> str:
    """The page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(templates("compare")),
        autoescape=True,  # source text of the clone is data here
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(
        model=comparison.model,
        not_run=comparison.not_run,
        summary=summary(comparison),
        classes=[_class(entry) for entry in comparison.classes],
    )


def _class(entry: ClassComparison) -> dict[str, Any]:
    return {
        "name": entry.tf_class,
        "ok": entry.ok,
        "verdict": verdict(entry),
        "weights": entry.weights,
        "refused": list(entry.refused.items()),
        "origins": [_origin(origin) for origin in entry.origins],
        "plot": plot(entry),
        "rows": [_row(row) for row in entry.rows],
        "unpaired": entry.unpaired,
    }


def _origin(origin: Origin) -> dict[str, Any]:
    places = (
        ("TensorFlow", origin.tf),
        ("PyTorch", origin.pt),
        ("made at", origin.made if origin.kind == "layer" else None),
    )
    first = origin.message or f"First to differ: {origin.variable}, {magnitude(origin.error)}. {origin.note}"
    tried = frozenset(cause.cause for cause in origin.causes)
    sure = any(cause.explained > _EXPLAINED for cause in origin.causes)
    return {
        "layer": named(origin),
        "tf_class": origin.tf_class,
        "what": describe(origin),
        "first": first,
        "places": [(label, place) for label, place in places if place is not None],
        "causes": [
            {
                "title": CAUSES[cause.cause].title,
                "fix": CAUSES[cause.cause].fix,
                "explained": cause.explained,
                "percent": f"{cause.explained:.0%}",
                "detail": cause.detail,
            }
            for cause in origin.causes
        ],
        "hints": [] if sure or origin.message else [CAUSES[cause] for cause in hints(pattern(origin), tried)],
    }


def _row(row: Row) -> dict[str, Any]:
    alone = "" if row.alone is None and not row.off else magnitude(row.alone)
    return {
        "path": row.path or "(the model)",
        "pt_class": row.pt_class,
        "tf_class": row.tf_class,
        "input": magnitude(row.input),
        "output": magnitude(row.output),
        "alone": alone,
        "off": row.off,
    }


def plot(entry: ClassComparison) -> dict[str, Any] | None:
    """Coordinates of the plot: innermost layers from left to right in the order of the run, log₁₀ of the error upwards."""
    rows = [row for row in entry.rows if row.leaf]
    if len(rows) < 2:
        return None
    width, height = _SIZE
    step = (_RIGHT - _LEFT) / (len(rows) - 1)
    points = [
        {
            "x": round(_LEFT + number * step, 1),
            "y": _height(row.output),
            "alone": _height(row.alone) if row.alone is not None else None,
            "off": row.off,
            "title": f"{row.path} ({row.tf_class}): output {magnitude(row.output)}"
            + (f", alone {magnitude(row.alone)}" if row.alone is not None else ""),
        }
        for number, row in enumerate(rows)
    ]
    return {
        "width": width,
        "height": height,
        "left": _LEFT,
        "right": _RIGHT,
        "top": _TOP,
        "bottom": _BOTTOM,
        "limit": _height(_LIMIT),
        "first": _start(entry, rows, step),
        "ticks": [(_height(10.0**power), f"1e{power}") for power in range(-8, 3, 2)],
        "points": points,
    }


def _height(error: float | None) -> float:
    value = min(max(_CEILING if error is None else error, _FLOOR), _CEILING)
    share = (math.log10(value) - math.log10(_FLOOR)) / (math.log10(_CEILING) - math.log10(_FLOOR))
    return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)


def _start(entry: ClassComparison, rows: list[Row], step: float) -> float | None:
    """Where the first origin lies among the innermost layers: before the layer that its statements lead to."""
    if not entry.origins:
        return None
    origin = entry.origins[0]
    after, before = origin.between
    for number, row in enumerate(rows):
        if before is not None and row.path == before:
            return round(_LEFT + max(number - 0.5, 0) * step, 1)
    inside = [
        n for n, row in enumerate(rows) if row.path == origin.path or row.path.startswith(f"{after or origin.path}")
    ]
    return round(_LEFT + inside[-1] * step, 1) if inside else None
