"""Copier renders a template folder into an empty temporary one; what it wrote is returned as text.

Source: Copier 9's documentation of `run_copy`. Values of the data are never rendered again, so source text may hold `{{`.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from scaffold.core.errors import ScaffoldError
from scaffold.core.resources import templates

#: Names become file names: nothing else may.
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,95}$")


def frame(folder: str, name: str, data: dict[str, Any]) -> str:
    """Text of the one module that templates/<folder>/frame renders; `name` is its file name without `.py`."""
    from copier import Settings, run_copy

    if not _NAME.match(name):
        raise ScaffoldError("RND101", f"{name!r} cannot be a module's name", "rename the model's folder or file")
    with tempfile.TemporaryDirectory(prefix="scaffold-render-") as target:
        run_copy(
            str(templates(folder)),
            target,
            data=data,
            defaults=True,
            quiet=True,
            overwrite=True,
            unsafe=False,
            settings=Settings(),
        )
        return (Path(target) / f"{name}.py").read_text(encoding="utf-8")
