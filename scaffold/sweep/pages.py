"""What a sweep came to, as a Markdown page and as one HTML file without anything outside it.

The wording is in `templates/sweep/`; every number is counted here from the rows. What the rows say comes from models' source
and is escaped in both pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scaffold.core.reports import MORE_MODES
from scaffold.core.resources import templates
from scaffold.sweep.catalogue import OTHER, groups
from scaffold.sweep.causes import OUTCOMES, blurred, obstacle_of

Row = Mapping[str, Any]


def markdown(rows: Sequence[Row]) -> str:
    """The page for docs/reference."""
    return _render("ports.md.jinja", rows, escape=False)


def html(rows: Sequence[Row]) -> str:
    """The page for people who want to sort and filter."""
    return _render("ports.html.jinja", rows, escape=True)


def _render(name: str, rows: Sequence[Row], *, escape: bool) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(templates("sweep")),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = _code
    return environment.get_template(name).render(**context(rows))


def _code(text: str) -> str:
    """Inline code in a cell of a Markdown table."""
    text = re.sub(r"\s+", " ", text).replace("|", "\\|").replace("`", "'").strip()
    return f"`{text}`" if text else ""


def context(rows: Sequence[Row]) -> dict[str, Any]:
    """Everything that the templates show."""
    known = groups()
    lines = sorted(
        (_line(row, known) for row in rows), key=lambda line: (OUTCOMES.index(line["outcome"]), line["name"])
    )
    heads = [head for line in lines for head in line["heads"]]
    unmarked = [head for line in lines if not line["markers"] for head in line["heads"]]
    run = {row["model"] for row in rows}
    return {
        "lines": lines,
        "outcomes": OUTCOMES,
        "totals": [(outcome, sum(line["outcome"] == outcome for line in lines)) for outcome in OUTCOMES],
        "groups": _by_group(lines),
        "heads": len(heads),
        "strict_heads": sum(head["ok"] for head in heads),
        "wrong_heads": sum(bool(head["diverges"]) for head in unmarked),
        "causes": _causes(lines),
        "modes": _modes(lines),
        "export_causes": _export_causes(lines),
        "known": len(known),
        "known_run": len(run & known.keys()),
        "releases": _counted(row.get("release") for row in rows),
        "environments": _counted(row.get("environment") for row in rows),
        "generators": _counted(_generator(row) for row in rows),
        "dates": sorted({date[:10] for row in rows if (date := row.get("date"))}),
        "graph_seconds": sorted({row["settings"]["graph_seconds"] for row in rows if row.get("settings")}),
        "cpu_hours": sum(row.get("cpu") or 0 for row in rows) / 3600,
        "peak_gib": max((row.get("peak_mib") or 0 for row in rows), default=0) / 1024,
    }


def _generator(row: Row) -> str | None:
    return f"{row['scaffold']} ({row['generator']})" if row.get("generator") else None


def _counted(values: Iterable[str | None]) -> list[tuple[str, int]]:
    """The values that were noted, most frequent first."""
    return Counter(value for value in values if value).most_common()


def _by_group(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """(group, strict models, models)."""
    of = Counter(line["group"] for line in lines)
    strict = Counter(line["group"] for line in lines if line["outcome"] == "strict")
    return [(group, strict[group], of[group]) for group in sorted(of)]


def _causes(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """(cause, models), most common first."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line["cause"]:
            found.setdefault(line["cause"], []).append(line["name"])
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


def _exports(heads: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Mode → (classes that agree, classes tried)."""
    tried = [(mode, said == "agrees") for head in heads for mode, said in head.get("exports", {}).items()]
    return {
        mode: (sum(good for name, good in tried if name == mode), sum(name == mode for name, _ in tried))
        for mode in MORE_MODES
        if any(name == mode for name, _ in tried)
    }


def _modes(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """(mode, strict models of which all classes tried agree, strict models tried), of modes that were tried at all."""
    found = []
    for mode in MORE_MODES:
        tried = [line["exports"][mode] for line in lines if mode in line["exports"] and line["outcome"] == "strict"]
        if any(mode in line["exports"] for line in lines):
            found.append((mode, sum(good == every for good, every in tried), len(tried)))
    return found


def _export_causes(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, list[str]]]:
    """(mode, why, strict models of which a class cannot be had in that mode), by mode, most common first."""
    found: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        for head in line["heads"] if line["outcome"] == "strict" else ():
            for mode, said in head.get("exports", {}).items():
                if said != "agrees":
                    found.setdefault((mode, blurred(said)), set()).add(line["name"])
    ranked = sorted(found.items(), key=lambda item: (MORE_MODES.index(item[0][0]), -len(item[1]), item[0]))
    return [(mode, why, sorted(names)) for (mode, why), names in ranked]


def _line(row: Row, known: Mapping[str, str]) -> dict[str, Any]:
    """One model's line of both tables."""
    heads = row["heads"]
    strict = row["outcome"] == "strict"
    seen, every = row.get("coverage") or (0, 0)
    lines = row.get("lines") or (None, None)
    worst = [head["worst"] for head in heads if isinstance(head["worst"], int | float)]
    folder, _, stem = row["model"].partition("/")
    return {
        "name": stem or folder,
        "model": row["model"],
        "group": known.get(row["model"], OTHER),
        "outcome": row["outcome"],
        "cause": row["cause"] or "",
        "good": sum(head["ok"] for head in heads),
        "heads": heads,
        "exports": _exports(heads),
        "classes": len(heads) + len(row["withheld"]),
        "worst": max(worst) if worst and strict else None,
        "markers": row["markers"],
        "withheld": row["withheld"],
        "first": ": ".join(filter(None, obstacle_of(row) or ())),
        "coverage": 100 * seen / every if every else None,
        "pt_lines": lines[0],
        "tf_lines": lines[1],
        "seconds": round(sum(row["seconds"].values()), 1),
        "cpu": row.get("cpu"),
        "peak_mib": row.get("peak_mib"),
    }
