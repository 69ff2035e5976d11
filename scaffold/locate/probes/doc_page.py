"""The file type of the model's documentation page."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    if sight.doc_page is None:
        return None
    return Finding(value=sight.doc_page.rsplit(".", 1)[1], path=sight.doc_page, line=1)


FACET = Facet(
    name="doc_page",
    title="documentation page",
    values={"md": "since 4.31", "mdx": "before 4.31"},
    detect=_detect,
)
