"""One promise, what was measured, and whether it held; and the table of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table. `held` is None where the trial could not run on this machine; `measured` says why."""

    what: str
    target: str
    measured: str
    held: bool | None
    details: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`held`, `BROKEN` or `not run`."""
        return "not run" if self.held is None else "held" if self.held else "BROKEN"


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table, then what went wrong in each of them (the first few)."""
    chosen = list(rows)
    lines = ["| property | target | measured | verdict |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.target} | {row.measured} | {row.verdict} |" for row in chosen]
    for row in chosen:
        if row.details:
            lines += ["", f"{row.what}:", *(f"  - {detail}" for detail in row.details[:25])]
            if len(row.details) > 25:
                lines.append(f"  … and {len(row.details) - 25} more")
    return "\n".join(lines)
