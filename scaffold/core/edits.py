"""Planned changes to a checkout, and a read-only view of a checkout with planned changes laid over it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError


class EditKind(Enum):
    """CREATE demands that the path be absent, MODIFY that it hold `before_sha`, DELETE likewise."""

    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"


def digest(text: str) -> str:
    """SHA-256 of a text file's content, hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One file's planned content. `path` is relative to the checkout; `after` is None for a deletion."""

    path: str
    kind: EditKind
    before_sha: str | None
    after: str | None
    by: str  # the registrar or renderer that planned it
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyDone:
    """The place already says what the port needs."""

    path: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The checkout has no such place (an sdist has no docs/): reported, not an error."""

    path: str
    by: str
    why: str


Outcome = Edit | AlreadyDone | Absent


def refuse_links(root: Path, path: str) -> None:
    """Refuse (CLI106, exit status 5) a path below `root` that is, or leads through, a symbolic link.

    What is written there would land in another place, perhaps outside the checkout; git does not commit beyond links either.
    """
    place = root
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            raise ScaffoldError(
                "CLI106",
                f"{path} cannot be written: {place} is a symbolic link",
                "put the real file or folder in its place",
                exit_code=ExitCode.CONFLICT,
            )


class Tree:
    """A checkout's files as they would be after the edits planned so far. Never writes to disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._overlay: dict[str, str | None] = {}
        self._edits: dict[str, Edit] = {}

    def exists(self, path: str) -> bool:
        """True for a file (planned or on disk) or a folder on disk."""
        if path in self._overlay:
            return self._overlay[path] is not None
        return (self.root / path).exists()

    def read(self, path: str) -> str | None:
        """The file's planned or present text (UTF-8, newlines untouched), None when there is no such file."""
        if path in self._overlay:
            return self._overlay[path]
        return self._read_disk(path)

    def _read_disk(self, path: str) -> str | None:
        file = self.root / path
        return file.read_bytes().decode("utf-8") if file.is_file() else None

    def plan(self, path: str, after: str | None, *, by: str, why: str) -> Outcome:
        """Lay a new content over `path` and return the edit that leads there from the disk's content.

        Several plans for one path are merged into one edit, and into none when they lead back to the disk's content; an
        unchanged text is AlreadyDone. Links are refused (CLI106).
        """
        if self.read(path) == after:
            return AlreadyDone(path=path, by=by)
        refuse_links(self.root, path)
        before = self._read_disk(path)
        kind = EditKind.CREATE if before is None else EditKind.DELETE if after is None else EditKind.MODIFY
        self._overlay[path] = after
        if before == after:
            self._edits.pop(path, None)
            return AlreadyDone(path=path, by=by)
        edit = Edit(
            path=path,
            kind=kind,
            before_sha=None if before is None else digest(before),
            after=after,
            by=by,
            why=why,
        )
        self._edits[path] = edit
        return edit

    def edits(self) -> tuple[Edit, ...]:
        """All planned edits, one a path, sorted by path."""
        return tuple(self._edits[path] for path in sorted(self._edits))
