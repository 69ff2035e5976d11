"""Whether the model's page groups its classes by framework."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    if sight.doc_page is None:
        return None
    grouped = sight.find(sight.doc_page, r"^<frameworkcontent>", "frameworkcontent")
    return grouped or Finding(value="plain", path=sight.doc_page, line=1)


FACET = Facet(
    name="doc_blocks",
    title="framework blocks of the page",
    values={
        "frameworkcontent": "`<pt>`, `<tf>` and `<jax>` blocks",
        "plain": "sections one after the other",
    },
    detect=_detect,
)
