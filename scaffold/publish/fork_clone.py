"""A clone of the user's fork, connected to its upstream: made from nothing, finished after a kill, or reused as it is.

A new clone is a skeleton first (a repository with remotes and no objects), renamed into place; then the base is fetched and
checked out. Until then a marker in `.git/scaffold` says that the work tree is still ours, so each step can be done again.
Source of truth: docs/architecture.md ("From fork to draft pull request"); the porting guide's G6.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Repository, Token
from scaffold.core.progress import Progress, Silent
from scaffold.publish.base import Base, default_base
from scaffold.publish.git import Clone, GitFailed, open_clone, run_git
from scaffold.publish.journal import write_json
from scaffold.publish.lock import exclusively
from scaffold.publish.origin import state_of
from scaffold.publish.switch import check_out
from scaffold.publish.transport import environment_for, fetch
from scaffold.publish.upstream import beside

_MARKER = "setup.json"
_LOCK = "setup.lock"
_FILTER = "blob:none"

#: A clone on this machine that gives its objects while ours is made; a remote until then.
_LENDER = "lender"
_BORROWED = "refs/scaffold-borrowed"
_SERVE = "git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack"

#: An address in git's short form for ssh, `user@host:path`.
_SHORT = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")


def connect(
    target: Path,
    *,
    fork: Repository,
    upstream: Repository,
    base: Base | None,
    token: Token | None,
    fast: bool = False,
    reference: Path | None = None,
    progress: Progress | None = None,
    begun: Callable[[Path], None] | None = None,
) -> Clone:
    """The clone at `target` with the fork and its upstream as remotes and `base` fetched.

    A new clone has no blobs but those of the base (`fast`: no history either) and stands on the branch `base.branch`; objects are
    copied from the clone `reference` where that has the base. A clone that exists is reused: missing remotes are added under free
    names and the base is fetched; its work tree, branches and other remotes stay as they are. Running it again finishes what a
    kill interrupted; `begun` gets the private folder as soon as there is one. Raises GIT107 when the target holds something
    else, GIT124 (somebody is at work there), GIT126 (its files were changed before it was complete) and what `fetch` raises.
    """
    progress = progress or Silent()
    if not (target / ".git").exists():
        _check_vacant(target)
        base = base or default_base(upstream.clone_url, token=token)
        lender = reference if reference is not None and not fast and _holds(reference, base, progress) else None
        _make_skeleton(target, fork, upstream, base, lender, begun)
    clone = open_clone(target)
    if begun is not None:
        begun(state_of(clone))
    if _being_made(clone):
        with exclusively(state_of(clone) / _LOCK):
            base = base or default_base(upstream.clone_url, token=token)
            _finish(clone, base, token, fast, progress)
        return clone
    remote = _ensure_remote(clone, upstream, ("upstream",), push=False)
    _ensure_remote(clone, fork, ("origin", "fork"), push=True)
    base = base or default_base(upstream.clone_url, token=token)
    shallow = clone.git("rev-parse", "--is-shallow-repository") == "true"
    _fetch_base(clone, remote, base, token, 1 if shallow else None, progress)
    return clone


def remote_of(clone: Clone, repository: Repository) -> str | None:
    """The name of the clone's remote that is this repository, whether by https or ssh; None when there is none."""
    wanted = _identity(repository.clone_url)
    for name in clone.git("remote").split():
        address = clone.asks("config", "--get", f"remote.{name}.url")
        if address is not None and _identity(address) == wanted:
            return name
    return None


def _identity(address: str) -> tuple[str, str]:
    """Host and path of an address, without user, port of ssh, `.git` and case: what makes two of them the same repository."""
    short = _SHORT.fullmatch(address)
    if short and "://" not in address:
        host, path = short[1], short[2]
    else:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2] if parts.scheme != "ssh" else parts.hostname or ""
        path = parts.path
    return host.lower(), path.strip("/").removesuffix(".git").lower()


def _check_vacant(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ScaffoldError(
            "GIT107",
            f"{target} exists and is not a git repository",
            "name another folder for the clone, or move this one away",
            exit_code=ExitCode.CONFLICT,
        )


def _make_skeleton(
    target: Path,
    fork: Repository,
    upstream: Repository,
    base: Base,
    lender: Path | None,
    begun: Callable[[Path], None] | None,
) -> None:
    """A repository with two remotes, no objects and the marker; in place at once or not at all."""
    with beside(target) as folder:
        root = folder / "clone"
        root.mkdir()
        run_git(root, "init", "--quiet", f"--initial-branch={base.branch}")
        clone = Clone(root)
        clone.git("config", "core.repositoryFormatVersion", "1")
        # in the order in which they are asked for missing blobs; all that are missing came from upstream
        if lender is not None:
            clone.git("config", f"remote.{_LENDER}.url", str(lender.resolve()))
            clone.git("config", f"remote.{_LENDER}.uploadpack", _SERVE)
            clone.git("config", f"remote.{_LENDER}.promisor", "true")
            clone.git("config", f"remote.{_LENDER}.partialCloneFilter", _FILTER)
        for name, repository in (("upstream", upstream), ("origin", fork)):
            clone.git("config", f"remote.{name}.promisor", "true")
            clone.git("config", f"remote.{name}.partialCloneFilter", _FILTER)
            _configure(clone, name, repository, push=name == "origin")
        clone.git("config", "remote.pushDefault", "origin")
        write_json(state_of(clone) / _MARKER, {"branch": base.branch, "commit": None})
        if begun is not None:  # noted before the clone can be seen: no kill falls between the two
            begun(state_of(clone))
        os.rename(root, target)


def _configure(clone: Clone, name: str, repository: Repository, *, push: bool) -> None:
    """What a remote is: the fork is fetched for ports only, upstream can never be pushed to by mistake."""
    clone.git("config", f"remote.{name}.url", repository.clone_url)
    clone.git("config", f"remote.{name}.tagOpt", "--no-tags")
    if push:
        clone.git("config", f"remote.{name}.fetch", f"+refs/heads/add_tf_*:refs/remotes/{name}/add_tf_*")
    else:
        clone.git("config", f"remote.{name}.pushurl", "no_push")


def _ensure_remote(clone: Clone, repository: Repository, names: tuple[str, ...], *, push: bool) -> str:
    """The remote's name; added under the first free one. Nothing of the user's configuration is changed."""
    found = remote_of(clone, repository)
    if found is not None:
        return found
    taken = set(clone.git("remote").split())
    numbered = (f"{names[-1]}-{number}" for number in range(2, len(taken) + 3))
    name = next(name for name in (*names, *numbered) if name not in taken)
    _configure(clone, name, repository, push=push)
    return name


def _being_made(clone: Clone) -> bool:
    return (state_of(clone) / _MARKER).is_file()


def _finish(clone: Clone, base: Base, token: Token | None, fast: bool, progress: Progress) -> None:
    """From the skeleton on; all of it can be done twice. Nobody else is at work here: the caller holds the lock."""
    marker = state_of(clone) / _MARKER
    if not marker.is_file():  # another run came to the end while this one waited for the lock
        return
    for stale in (*clone.git_path("config").parent.glob("*.lock"), *marker.parent.glob("*.lock")):
        if stale.name != _LOCK:
            stale.unlink(missing_ok=True)
    noted = json.loads(marker.read_text(encoding="utf-8"))
    if noted["commit"] is None:
        _borrow(clone, base, progress)
        _fetch_base(clone, "upstream", base, token, 1 if fast else None, progress)
        clone.git("symbolic-ref", "HEAD", f"refs/heads/{base.branch}")
        noted = {"branch": base.branch, "commit": base.commit}
        write_json(marker, noted)
    env = environment_for(clone, "upstream", token)
    clone.git("update-ref", "-m", "scaffold: clone", f"refs/heads/{noted['branch']}", noted["commit"])
    _first_check_out(clone, noted["commit"], env)
    _return(clone)
    marker.unlink()
    if noted != {"branch": base.branch, "commit": base.commit}:  # another base than before the kill
        _fetch_base(clone, "upstream", base, token, 1 if fast else None, progress)
        check_out(clone, base.branch, base.commit, folder=state_of(clone) / "setup", env=env)


def _fetch_base(
    clone: Clone, remote: str, base: Base, token: Token | None, depth: int | None, progress: Progress
) -> None:
    """Get the base's commit, and remember it as the remote's ref of that name (tags too: the user's own stay untouched)."""
    short = base.ref.split("/", 2)[-1]
    tracking = f"refs/remotes/{remote}/{short}"
    if clone.asks("rev-parse", "--verify", "--quiet", f"{tracking}^{{commit}}") == base.commit:
        return
    fetch(clone, remote, [f"+{base.ref}:{tracking}"], token=token, depth=depth, progress=progress)
    if clone.git("rev-parse", f"{tracking}^{{commit}}") != base.commit and not has_commit(clone, base.commit):
        # the ref moved on since it was looked up
        fetch(clone, remote, [f"+{base.commit}:{tracking}"], token=token, depth=depth, progress=progress)


def has_commit(clone: Clone, commit: str) -> bool:
    """True when the commit itself is here; asked so that a partial clone does not go and fetch it."""
    listed = clone.asks("rev-list", "--missing=print", "--no-walk", "--quiet", commit)
    return listed is not None and not listed.startswith("?")


def _holds(reference: Path, base: Base, progress: Progress) -> bool:
    """True when the other clone has the base with its whole history and all files."""
    other = Clone(reference)
    try:
        partial = other.asks("config", "--get-regexp", r"^remote\..*\.promisor$|^extensions\.partialclone$")
        whole = not partial and other.git("rev-parse", "--is-shallow-repository") == "false"
        if whole and other.has_file(base.commit, ""):
            return True
        progress.note(f"{reference} does not hold all of the base: not used")
    except GitFailed as failure:
        progress.note(f"{reference} is of no use: {failure.message}")
    return False


def _borrow(clone: Clone, base: Base, progress: Progress) -> None:
    """Fetch the base from the lender, if there is one. Failing is no error: upstream has it too."""
    if clone.asks("config", "--get", f"remote.{_LENDER}.url") is None:
        return
    try:
        fetch(clone, _LENDER, [f"+{base.commit}:{_BORROWED}"], token=None)
        progress.note("history copied from the reference")
    except ScaffoldError as error:
        progress.note(f"the reference is of no use: {error.message}")
        _return(clone)


def _return(clone: Clone) -> None:
    """The lender is not needed any more."""
    clone.git("update-ref", "-d", _BORROWED)
    clone.asks("config", "--remove-section", f"remote.{_LENDER}")


def _first_check_out(clone: Clone, commit: str, env: Mapping[str, str]) -> None:
    """Fill the work tree; `read-tree` fetches all missing blobs in one request. The index comes last: without it, do it again."""
    index, private = clone.git_path("index"), state_of(clone) / "index.setup"
    if index.exists():
        return
    private.unlink(missing_ok=True)
    if any(path.name != ".git" for path in clone.root.iterdir()):
        _check_ours(clone, commit, private)
    clone_env = {**env, "GIT_INDEX_FILE": str(private)}
    run_git(clone.root, "-c", "gc.auto=0", "read-tree", "-u", "--reset", commit, env=clone_env, timeout=1800)
    os.replace(private, index)


def _check_ours(clone: Clone, commit: str, private: Path) -> None:
    """What lies in a half-made work tree must be what git wrote there, perhaps cut short; GIT126 for anything else."""
    env = {"GIT_INDEX_FILE": str(private)}
    clone.git("read-tree", commit, env=env)
    clone.asks("update-index", "-q", "--refresh", env=env)
    changed = clone.git("diff-files", "--name-only", "-z", "--diff-filter=MT", env=env).split("\0")
    for path in filter(None, changed):
        file = clone.root / path
        whole = run_git(clone.root, "cat-file", "blob", f"{commit}:{path}")
        if file.is_symlink() or not file.is_file() or not whole.startswith(file.read_bytes()):
            raise ScaffoldError(
                "GIT126",
                f"{file} was changed before the clone was complete",
                "move it out of the clone, then run `scaffold resume`",
                exit_code=ExitCode.CONFLICT,
            )
