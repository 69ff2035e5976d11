"""Where the Copier templates lie: beside the package in a source tree or editable install, inside it in a wheel."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path


def templates(name: str) -> Path:
    """The folder `templates/<name>` as a real path.

    The wheel carries the folder as `scaffold/_templates` (pyproject.toml maps it there). pip unpacks wheels, so the resource
    is a real folder; an unusual loader (a zip) is refused by `as_file` on Python 3.10 and 3.11 and unpacked by it later.
    """
    package = files("scaffold")
    packaged = package / "_templates" / name
    if packaged.is_dir():
        with as_file(packaged) as path:
            return path
    with as_file(package) as root:
        beside = root.parent / "templates" / name
    if beside.is_dir():
        return beside
    raise FileNotFoundError(f"no template folder {name!r} in the scaffold package or beside it")


def template(path: str) -> str:
    """Text of `templates/<path>` (`model/functions/name.py`)."""
    folder, _, rest = path.partition("/")
    return (templates(folder) / rest).read_text(encoding="utf-8")
