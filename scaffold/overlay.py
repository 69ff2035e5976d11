"""Write a checkout as it would be after the planned edits, into a temporary folder, without touching the clone."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from scaffold.core.edits import Edit, refuse_links

#: What verifying needs of a checkout.
PARTS = ("src", "tests")

#: What locating a model and registering a port look at besides.
WHOLE = (*PARTS, "docs/source", "utils", "pyproject.toml", "setup.py", "setup.cfg", "Makefile")


def _link(source: str, target: str) -> None:
    """A hard link costs no space and hardly any time; over a file system border it has to be a copy."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copy2(source, target, follow_symlinks=False)


@contextmanager
def overlay(
    root: Path, edits: Iterable[Edit], *, within: Path | None = None, parts: tuple[str, ...] = PARTS
) -> Iterator[Path]:
    """A temporary tree of these parts of a checkout with the edits applied; removed afterwards.

    `within` is a folder on the clone's own file system (hard links work there). Edited files are replaced, never written
    through a link.
    """
    folder = Path(tempfile.mkdtemp(prefix="overlay.", dir=within))
    try:
        for part in parts:
            if (root / part).is_file():
                _link(str(root / part), str(folder / part))
            elif (root / part).is_dir():
                ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".git")
                shutil.copytree(root / part, folder / part, symlinks=True, copy_function=_link, ignore=ignore)
        for edit in edits:
            target = folder / edit.path
            refuse_links(folder, str(PurePosixPath(edit.path).parent))
            target.unlink(missing_ok=True)
            if edit.after is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(edit.after.encode("utf-8"))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
