"""How type hints name containers."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    # since 4.53 the linter asks for the built-in names
    return sight.find(
        "pyproject.toml", r'^[^#\n]*\bUP006\b|^(?:extend-)?select\s*=.*"UP"', "builtin", "the linter's rule UP006"
    )


FACET = Facet(
    name="generics",
    title="containers in type hints",
    values={"builtin": "`dict[…]`, `tuple[…]` (since 4.53); without the rule, those of `typing`"},
    detect=_detect,
)
