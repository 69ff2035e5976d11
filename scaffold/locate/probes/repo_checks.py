"""Which of the repository's own consistency checks the checkout has."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    scripts = sorted(path.stem for path in (sight.root / "utils").glob("check_*.py"))
    if (sight.root / "utils/sort_auto_mappings.py").is_file():
        scripts.append("sort_auto_mappings")
    if not scripts:
        return None
    return Finding(value="present", path="utils", why=" ".join(scripts))


FACET = Facet(
    name="repo_checks",
    title="the repository's own checks",
    values={"present": "utils/check_*.py; the evidence lists them"},
    detect=_detect,
)
