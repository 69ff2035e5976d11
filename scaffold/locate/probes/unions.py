"""Which spelling of optional type hints the linter leaves."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    # since 4.57 the linter asks for operators wherever hints are not evaluated
    rule = r'^(?:extend-)?select\s*=.*"UP(?:007)?"'
    return sight.find("pyproject.toml", rule, "operator", "the linter's rule UP007")


FACET = Facet(
    name="unions",
    title="optional type hints",
    values={"operator": "`X | None` alone (since 4.57); without the rule, `Optional[X]` as well"},
    detect=_detect,
)
