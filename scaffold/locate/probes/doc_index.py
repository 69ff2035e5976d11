"""Whether the documentation's index has a support table with a TensorFlow column."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    for path in ("docs/source/en/index.md", "docs/source/en/index.mdx", "docs/source/index.mdx"):
        finding = sight.find(path, r"^\|.*\bTensorFlow support\b", "columns")
        if finding is not None:
            return finding
    return None


FACET = Facet(
    name="doc_index",
    title="support table",
    values={"columns": "a table with one column for each framework (to 4.49)"},
    detect=_detect,
)
