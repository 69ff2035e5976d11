"""How one checkout spells the places a port touches: facets, each with its evidence.

Conventions changed independently of each other (eras.md), so there is no "era" and nothing compares version strings.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One facet's value and where it was read."""

    value: str
    path: str = ""
    line: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Facet name → finding. The facets and their values are listed in docs/reference/layout.md."""

    facets: dict[str, Finding] = field(default_factory=dict)

    def value(self, facet: str) -> str:
        """The facet's value; `absent` when no probe found the place."""
        finding = self.facets.get(facet)
        return finding.value if finding else "absent"

    def matches(self, where: dict[str, str]) -> bool:
        """True when every facet of `where` has the wanted value."""
        return all(self.value(facet) == value for facet, value in where.items())
