"""Whether the checkout's import sorter joins an import that fits on one line."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    # isort, by its settings in setup.cfg, until transformers 6f79d26442 (4.27); ruff keeps a list with a trailing comma
    return sight.find("setup.cfg", r"^\[isort\]", "collapsed") or Finding(value="exploded", why="no settings of isort")


FACET = Facet(
    name="init_imports",
    title="imports in `__init__` files",
    values={
        "collapsed": "on one line whenever they fit: isort (to 4.26)",
        "exploded": "one name a line: ruff keeps them so",
    },
    detect=_detect,
)
