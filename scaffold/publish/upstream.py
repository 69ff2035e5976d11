"""Get a Transformers clone to work in from a path, a git address or a release on the package index.

The given path is never written to: the work happens in a clone below `--into`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.progress import Progress, Silent
from scaffold.publish.git import GitFailed, find_top, run_git
from scaffold.publish.index import download_sdist

_RELEASE = re.compile(r"pypi:(transformers)==(\d[0-9A-Za-z.]*)")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:).+")
_CLONE_TIMEOUT = 1800.0

#: The one commit of an unpacked release is the same on every machine.
_RELEASE_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "scaffold"), ("EMAIL", "scaffold@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}


def cache_folder() -> Path:
    """The user's cache of unpacked releases."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "scaffold" / "releases"


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A temporary folder next to the target, for a rename into place at the end; removed afterwards."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a release's sdist below the folder, plain files and folders only; returns its top folder."""
    with tarfile.open(archive, "r:gz") as tar:
        members = []
        for member in tar.getmembers():
            parts = Path(member.name).parts
            if not (member.isfile() or member.isdir()) or Path(member.name).is_absolute() or ".." in parts:
                raise ScaffoldError(
                    "GIT106",
                    f"{archive.name} holds {member.name!r}, which no release should",
                    "download the release from a source you trust",
                    exit_code=ExitCode.UNSUPPORTED_SOURCE,
                )
            members.append(member)
        # 3.10 and 3.11 got the filter in a patch release; the loop above is what we rely on
        extra = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        tar.extractall(folder, members=members, **extra)  # type: ignore[arg-type]
    tops = [path for path in folder.iterdir() if path.is_dir()]
    if len(tops) != 1:
        raise ScaffoldError("GIT106", f"{archive.name} does not hold one folder", "is it an sdist?")
    return tops[0]


def make_repository(root: Path, message: str) -> None:
    """Turn a folder into a repository whose only commit holds everything in it."""
    run_git(root, "init", "--quiet", "--initial-branch=main")
    run_git(root, "-c", "core.autocrlf=false", "add", "--all", "--force")
    quiet = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0")
    run_git(root, *quiet, "commit", "--quiet", "--message", message, env=_RELEASE_IDENTITY)


def release(version: str, progress: Progress) -> Path:
    """The unpacked release in the cache, as a repository; downloaded and unpacked when it is not there yet."""
    target = cache_folder() / f"transformers-{version}"
    if (target / ".git").is_dir():
        progress.note(f"from the cache, {target}")
        return target
    with beside(target) as folder:
        archive = download_sdist("transformers", version, folder)
        progress.note(f"{archive.name}, {archive.stat().st_size / 1e6:.1f} MB")
        (folder / "unpacked").mkdir()
        top = unpack(archive, folder / "unpacked")
        make_repository(top, f"Transformers {version}, as released")
        try:
            os.rename(top, target)
        except OSError:
            if not (target / ".git").is_dir():  # else another run was quicker
                raise
    return target


def _clone(source: str, target: Path, *options: str) -> None:
    with beside(target) as folder:
        try:
            run_git(
                folder, "clone", "--quiet", *options, operands=[source, str(folder / "clone")], timeout=_CLONE_TIMEOUT
            )
        except GitFailed as failure:
            raise ScaffoldError(
                "GIT106",
                f"{source} could not be cloned: {failure.message}",
                "check the address, your access to it and the network",
                exit_code=ExitCode.NETWORK,
            ) from failure
        os.rename(folder / "clone", target)


def _from_path(path: Path, target: Path) -> None:
    top = find_top(path)
    if top is None or top.resolve() != path.resolve():
        with beside(target) as folder:  # a tree without history, such as an unpacked sdist
            shutil.copytree(path, folder / "clone", symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            make_repository(folder / "clone", "As it was found")
            os.rename(folder / "clone", target)
        return
    _clone(str(path.resolve()), target, "--no-tags")


def fetch(upstream: str, into: Path, *, progress: Progress | None = None) -> Path:
    """The clone `into/transformers` of the upstream; one that is there already is used as it is."""
    progress = progress or Silent()
    target = into.resolve() / "transformers"
    if target.exists():
        if (target / ".git").exists() and _origin(target) == _identity(upstream):
            progress.note(f"{target} is there already")
            return target
        raise ScaffoldError(
            "GIT107",
            f"{target} exists and is not a clone of {upstream} made by this command",
            f"give another --into, or work in it with --repo {target}",
            exit_code=ExitCode.CONFLICT,
        )
    match = _RELEASE.fullmatch(upstream)
    if match:
        _clone(str(release(match[2], progress)), target, "--no-tags")
        run_git(target, "remote", "remove", "origin")  # the cache is no place to push to
    elif _ADDRESS.fullmatch(upstream):
        address, branch = _split_reference(upstream)
        options = ("--filter=blob:none", "--single-branch", "--no-tags", *(("--branch", branch) if branch else ()))
        _clone(address, target, *options)
    elif upstream.startswith("pypi:"):
        raise ScaffoldError(
            "CLI103",
            f"{upstream!r} is not a release",
            "write pypi:transformers==4.47.1",
            exit_code=ExitCode.USAGE,
        )
    elif Path(upstream).is_dir():
        _from_path(Path(upstream), target)
    else:
        raise ScaffoldError(
            "GIT106",
            f"{upstream!r} is neither a folder, nor a git address, nor pypi:transformers==VERSION",
            "check the spelling of --upstream",
            exit_code=ExitCode.USAGE,
        )
    run_git(target, "config", "scaffold.upstream", _identity(upstream))
    return target


def source_tree(source: str, progress: Progress) -> Path:
    """A tree to read from, given as `--upstream` takes it: a folder as it is, anything else fetched into the user's cache."""
    match = _RELEASE.fullmatch(source)
    if match:
        return release(match[2], progress)
    if Path(source).is_dir():
        return Path(source).resolve()
    place = hashlib.sha256(source.encode("utf-8")).hexdigest()[:16]
    return fetch(source, cache_folder() / place, progress=progress)


def _split_reference(address: str) -> tuple[str, str | None]:
    """`https://host/owner/repo@v4.47.1` names a branch or tag after the last `@` of the last path component."""
    head, slash, tail = address.rpartition("/")
    name, at, reference = tail.partition("@")
    return (f"{head}{slash}{name}", reference) if at and reference else (address, None)


def _identity(upstream: str) -> str:
    special = _RELEASE.fullmatch(upstream) or _ADDRESS.fullmatch(upstream)
    return upstream if special else str(Path(upstream).resolve())


def _origin(target: Path) -> str | None:
    try:
        return run_git(target, "config", "--get", "scaffold.upstream").decode("utf-8").strip()
    except GitFailed:
        return None
