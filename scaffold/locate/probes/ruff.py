"""Which release of ruff formats the checkout (the value is its version, or another formatter's name)."""

from __future__ import annotations

import re

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    for path in ("setup.py", "src/transformers/dependency_versions_table.py"):
        text = sight.read(path)
        match = re.search(r'"ruff([=><~!][^"]*)"', text) if text else None
        if text and match:
            line = text.count("\n", 0, match.start()) + 1
            return Finding(value=match[1].removeprefix("=="), path=path, line=line)
    return None


FACET = Facet(
    name="ruff",
    title="formatter",
    values={"VERSION": "the pinned ruff release or range, e.g. 0.5.1"},
    detect=_detect,
)
