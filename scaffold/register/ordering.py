"""The orders in which the repository keeps names.

Sources: `utils/custom_init_isort.py` (lists of names in an `__init__`), isort's `order_by_type` (imports).
"""

from __future__ import annotations

import re


def _kind(name: str) -> int:
    return 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2


def list_order(name: str) -> tuple[int, str]:
    """Key for names in an `_import_structure` list: constants, classes, functions; case and underscores ignored."""
    return _kind(name), name.lower().replace("_", "")


def import_order(name: str) -> tuple[int, list[tuple[int, int, str]], str]:
    """Key for names in an import statement: constants, classes, the rest; case ignored, numbers by value."""
    parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.findall(r"\d+|\D", name.lower())]
    return _kind(name), parts, name
