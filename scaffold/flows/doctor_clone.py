"""What `scaffold doctor` looks at in a clone: its branch and changes, its fork, and what an interrupted command left.

Source of truth for the places: docs/architecture.md ("The commit", "Going on after a kill").
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.errors import ScaffoldError
from scaffold.flows.doctor import Finding, note, ok, problem, refused

if TYPE_CHECKING:
    from scaffold.publish.git import Clone
    from scaffold.publish.origin import Origin

#: Folders and files with a process's number or random letters in their name; an hour old, they belong to nobody.
_TEMPORARY = ("overlay.*", "stage.*", "index.*", "bench.*", ".*.json.*")
_OLD = 3600.0


def look_at_clone(root: Path) -> Iterator[Finding]:
    """Everything about the clone that can be seen without the network."""
    from scaffold.locate import check_checkout
    from scaffold.publish.git import open_clone
    from scaffold.publish.origin import state_of

    try:
        clone = open_clone(root)
        check_checkout(root)
    except ScaffoldError as error:
        yield refused("clone", error)
        return
    yield ok("clone", f"{root}, {_where(clone)}{_kind(clone)}")
    yield _clean(clone)
    yield _connected(clone)
    state = state_of(clone)
    yield from _locked(clone)
    yield from _interrupted(state)
    yield from _leftovers(state)


def origin_of(root: Path) -> Origin | None:
    """What the clone is connected to; None when it is to nothing, or the note of it is damaged (reported elsewhere)."""
    from scaffold.publish.git import open_clone
    from scaffold.publish.origin import load_origin, state_of

    try:
        return load_origin(state_of(open_clone(root)))
    except ScaffoldError:
        return None


def _where(clone: Clone) -> str:
    branch = clone.branch()
    return f"on branch {branch}" if branch else "on no branch (detached)"


def _kind(clone: Clone) -> str:
    words = []
    if clone.git("rev-parse", "--is-shallow-repository") == "true":
        words.append("shallow")
    if clone.asks("config", "--get-regexp", r"^remote\..*\.promisor$"):
        words.append("files fetched when needed")
    return f" ({', '.join(words)})" if words else ""


def _clean(clone: Clone) -> Finding:
    from scaffold.publish.git import check_clean

    try:
        check_clean(clone)
    except ScaffoldError as error:  # fine while somebody works on a port; a new one asks for a clean tree
        return note("changes", error.message, "git stash")
    return ok("changes", "none that are not committed")


def _connected(clone: Clone) -> Finding:
    from scaffold.publish.origin import load_origin, state_of

    try:
        origin = load_origin(state_of(clone))
    except ScaffoldError as error:
        return refused("origin", error)
    if origin is None:
        return note("origin", "not connected to a fork on GitHub", "scaffold new-tf-model MODEL --fork")
    return ok("origin", f"{origin.fork}, a fork of {origin.upstream}; ports start from {origin.base_branch}")


def _locked(clone: Clone) -> Iterator[Finding]:
    lock = clone.git_path("index.lock")
    if lock.exists():
        minutes = (time.time() - lock.stat().st_mtime) / 60
        text = f"{lock} has been there for {minutes:.0f} min: a git command runs, or one was killed"
        yield problem("lock", text, f"if none runs: rm {shlex.quote(str(lock))}")


def _interrupted(state: Path) -> Iterator[Finding]:
    from scaffold.publish.journal import pending

    try:
        entries = pending(state)
    except ScaffoldError as error:
        yield refused("interrupted", error)
        return
    for entry in entries:
        model = f" {entry.model}" if len(entries) > 1 else ""
        text = f"`scaffold {entry.command} {entry.model}` did not come to its end"
        yield problem("interrupted", text, f"scaffold resume{model}")
    models = {entry.model.replace("-", "_") for entry in entries}
    if (state / "setup.json").is_file() and not entries:
        text = "setting up the clone did not come to its end"
        yield problem("interrupted", text, "scaffold new-tf-model MODEL --fork")
    for stem in sorted({path.parent.name for path in state.glob("*/pending.json")} - models):
        text = f"the switch to {stem}'s branch did not come to its end"
        yield problem("interrupted", text, f"scaffold new-tf-model {stem}")


def _leftovers(state: Path, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    found = [path for pattern in _TEMPORARY for folder in ("", "*/") for path in state.glob(folder + pattern)]
    old = sorted(path for path in found if now() - path.stat().st_mtime > _OLD)
    if old:
        names = " ".join(shlex.quote(str(path)) for path in old)
        yield note("leftovers", f"{len(old)} temporary files of runs that were killed", f"rm -r {names}")
