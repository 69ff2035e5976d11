"""Where a port starts: the newest ref of upstream that still has TensorFlow, found by looking into the commits themselves.

Upstream removed TensorFlow between 4.56 and 5.0, once: of the releases in their order, an old part has it and a new part has not,
which a binary search separates. A probe fetches one commit without its files. Source of truth: publishing.md section 1.
"""

from __future__ import annotations

import difflib
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Token
from scaffold.publish.git import Clone, run_git
from scaffold.publish.transport import address, credentials, fetch, ls_remote

Version = tuple[int, int]

#: The newest release whose checkouts the translator reads.
NEWEST = (4, 57)

_TENSORFLOW = "src/transformers/modeling_tf_utils.py"
_INIT = "src/transformers/__init__.py"
_RELEASE = re.compile(
    r"refs/(?:heads/v(\d+)\.(\d+)(?:\.(\d+))?-release|tags/v(\d+)\.(\d+)(?:\.(\d+))?(?:\.post(\d+))?)"
)
_OLDEST = (4, 0)

#: A release branch leaves its tags behind by a few commits at most.
_REACH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What ports start from: a ref of upstream, its commit, and `branch`, the name that this base has in the fork.

    `version` is (major, minor), None when it could not be read. `note` says what the user should know of the choice.
    """

    ref: str
    branch: str
    commit: str
    version: Version | None = None
    note: str = ""


def find_base(
    source: Clone | str,
    *,
    token: Token | None,
    wanted: str | None = None,
    newest_supported: Version | None = NEWEST,
    look: Callable[[Clone, Base], None] | None = None,
) -> Base:
    """The newest ref of upstream that has TensorFlow and that can be read: the default branch, a release branch or a tag.

    `source` is upstream's address, or a clone whose remote `upstream` (else `origin`) it is. `wanted` (a branch, a tag or a full
    ref) decides instead. `look` is called with it and a temporary repository that holds its commit and trees. Raises GIT119 (exit
    2: no such ref), GIT120 (exit 2: it has no TensorFlow), GIT121 (exit 7: nothing has) and what `ls_remote` and `look` raise.
    Nothing is written to the clone.
    """
    url = source if isinstance(source, str) else _upstream_address(source)
    with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
        search = _Search(Path(name), url, token)
        base = search.wanted(wanted, newest_supported) if wanted else search.newest(newest_supported)
        if look is not None:
            look(search.store, base)
        return base


def default_base(url: str, *, token: Token | None) -> Base:
    """The default branch of the repository, whatever is in it."""
    with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
        search = _Search(Path(name), url, token)
        return search.base(search.default())


def _upstream_address(clone: Clone) -> str:
    return address(clone, "upstream" if "upstream" in clone.git("remote").split() else "origin")


def branch_for(ref: str) -> str:
    """The name of a base as a branch of the fork: a branch keeps its own, a tag (`refs/tags/v4.47.1`) gets `tf-v4.47.1`."""
    kind, _, name = ref.removeprefix("refs/").partition("/")
    return name if kind == "heads" else f"tf-{name}"


def short(ref: str) -> str:
    """The ref without `refs/heads/` or `refs/tags/`."""
    return ref.removeprefix("refs/").partition("/")[2]


def releases(refs: Mapping[str, str]) -> list[tuple[Version, str | None, str | None]]:
    """(minor version, its newest release branch, its newest tag) of every release since 4.0, newest first."""
    found: dict[Version, dict[str, tuple[tuple[int, ...], str]]] = {}
    for ref in refs:
        match = _RELEASE.fullmatch(ref)
        if match is None:
            continue
        numbers = tuple(int(number or 0) for number in (match.groups()[:3] if match[1] else match.groups()[3:]))
        if numbers[:2] >= _OLDEST:
            kind = ref.split("/")[1]
            best = found.setdefault((numbers[0], numbers[1]), {})
            best[kind] = max(best.get(kind, ((), "")), (numbers, ref))
    none = ((), None)
    return [(v, found[v].get("heads", none)[1], found[v].get("tags", none)[1]) for v in sorted(found, reverse=True)]


def first_with(count: int, has: Callable[[int], bool]) -> int:
    """The first of `count` items that `has`, when all after it have too; `count` when none has. Asks about log2(count) times."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if has(middle):
            high = middle
        else:
            low = middle + 1
    return low


class _Search:
    """Looks into a remote repository through a temporary one that receives commits and trees only."""

    def __init__(self, folder: Path, url: str, token: Token | None) -> None:
        self.url, self.token = url, token
        run_git(folder, "init", "--quiet", "--bare")
        self.store = Clone(folder)
        for key, value in (("url", url), ("promisor", "true"), ("partialCloneFilter", "blob:none")):
            self.store.git("config", f"remote.origin.{key}", value)
        self.store.git("config", "core.repositoryFormatVersion", "1")
        self.refs = ls_remote(url, "refs/heads/*", "refs/tags/*", token=token)
        self._commits: dict[str, str] = {}

    def commit(self, ref: str, depth: int = 1) -> str:
        """Fetch the ref's commit with its trees (once) and name it."""
        if depth > 1 or ref not in self._commits:
            local = f"refs/probe/{ref}"
            fetch(self.store, "origin", [f"+{ref}:{local}"], token=self.token, depth=depth)
            self._commits[ref] = self.store.git("rev-parse", f"{local}^{{commit}}")
        return self._commits[ref]

    def has_tensorflow(self, ref: str) -> bool:
        commit = self.commit(ref)
        # rev-parse reads trees; the file itself is not fetched
        return self.store.asks("rev-parse", "--verify", "--quiet", f"{commit}:{_TENSORFLOW}") is not None

    def version(self, ref: str) -> Version | None:
        """(major, minor) from the ref's name, else from the package in it."""
        match = _RELEASE.fullmatch(ref)
        if match:
            major, minor = (match[1], match[2]) if match[1] else (match[4], match[5])
            return int(major), int(minor)
        env = credentials(self.token, self.url)
        text = self.store.asks("cat-file", "blob", f"{self.commit(ref)}:{_INIT}", env=env) or ""
        found = re.search(r"^__version__ = [\"'](\d+)\.(\d+)", text, re.M)
        return (int(found[1]), int(found[2])) if found else None

    def base(self, ref: str, note: str = "") -> Base:
        return Base(ref=ref, branch=branch_for(ref), commit=self.commit(ref), version=self.version(ref), note=note)

    def default(self) -> str:
        """The default branch: the one that is where HEAD is; of several the one with the usual name."""
        names = [ref for ref, sha in self.refs.items() if sha == self.commit("HEAD") and ref.startswith("refs/heads/")]
        usual = [ref for ref in ("refs/heads/main", "refs/heads/master") if ref in names]
        if not names:
            raise ScaffoldError(
                "GIT119",
                f"{self.url} has no default branch",
                "name a base with --base",
                exit_code=ExitCode.USAGE,
            )
        return (usual or names)[0]

    def newest(self, supported: Version | None) -> Base:
        """The default branch if it will do, else the newest release that does."""
        default = self.default()
        newer: str | None = None
        if self.has_tensorflow(default):
            base = self.base(default)
            if supported is None or base.version is None or base.version <= supported:
                return base
            newer = default
        listed = releases(self.refs)
        start = first_with(len(listed), lambda i: self.has_tensorflow(listed[i][2] or listed[i][1] or ""))
        readable = [entry for entry in listed[start:] if supported is None or entry[0] <= supported]
        if start < len(listed) and newer is None and listed[start] not in readable:
            newer = listed[start][1] or listed[start][2]
        if not readable:
            raise self._nothing(newer, supported)
        base = self.base(self._prefer(*readable[0][1:]))
        return replace(base, note=_not_yet(newer, supported)) if newer else base

    def _prefer(self, branch: str | None, tag: str | None) -> str:
        """The release branch when it contains the newest tag: fixes made after the release are in it."""
        if branch is None or tag is None:
            return branch or tag or ""
        if self.commit(branch) == self.commit(tag):
            return branch
        self.commit(branch, depth=_REACH)
        history = self.store.git("rev-list", self.commit(branch)).split()
        return branch if self.commit(tag) in history and self.has_tensorflow(branch) else tag

    def wanted(self, name: str, supported: Version | None) -> Base:
        ref = next((ref for ref in (name, f"refs/heads/{name}", f"refs/tags/{name}") if ref in self.refs), None)
        if ref is None:
            similar = difflib.get_close_matches(name, sorted({short(ref) for ref in self.refs}), 3)
            raise ScaffoldError(
                "GIT119",
                f"{self.url} has no branch or tag {name}",
                f"did you mean {' or '.join(similar)}?" if similar else "name a branch or a tag with --base",
                exit_code=ExitCode.USAGE,
            )
        if not self.has_tensorflow(ref):
            raise ScaffoldError(
                "GIT120",
                f"{short(ref)} of {self.url} has no TensorFlow ({_TENSORFLOW} is missing)",
                self._advice(supported),
                exit_code=ExitCode.USAGE,
            )
        base = self.base(ref)
        late = supported is not None and base.version is not None and base.version > supported
        return replace(base, note=_not_yet(ref, supported)) if late else base

    def _advice(self, supported: Version | None) -> str:
        try:
            return f"the newest base that has it: --base {short(self.newest(supported).ref)}"
        except ScaffoldError as error:
            return error.message

    def _nothing(self, newer: str | None, supported: Version | None) -> ScaffoldError:
        message = f"no release of {self.url} that scaffold can read has TensorFlow"
        return ScaffoldError(
            "GIT121",
            f"{message}; {_not_yet(newer, supported)}" if newer else message,
            "name a base with --base, or another --upstream",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )


def _not_yet(ref: str | None, supported: Version | None) -> str:
    newest = ".".join(map(str, supported or ()))
    return f"{short(ref or '')} has TensorFlow, but checkouts newer than {newest} cannot be read yet"
