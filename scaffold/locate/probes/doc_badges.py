"""Whether the model's page shows framework badges."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    if sight.doc_page is None:
        return None
    # since transformers c0f8d055ce (4.50), in place of the support table
    return sight.find(sight.doc_page, r'<img alt="PyTorch" src="https://img\.shields\.io/', "badges")


FACET = Facet(
    name="doc_badges",
    title="framework badges of the page",
    values={"badges": "a row of images that takes the support table's place (4.50 to 4.55)"},
    detect=_detect,
)
