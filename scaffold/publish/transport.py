"""git over the network: reading refs, fetching, pushing; the token travels in git's environment and nowhere else.

Whether a push arrived is read from the remote's refs, never from what git says: a push cut off at the wrong moment prints
"Everything up-to-date". Source of truth: publishing.md section 4; gitcredentials(7), git-push(1).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Token
from scaffold.core.progress import Progress, Silent
from scaffold.core.secrets import remember
from scaffold.publish.git import Clone, GitFailed, Output, call_git, require_git
from scaffold.publish.refusals import explain, is_transient, network

_VARIABLE = "SCAFFOLD_GIT_TOKEN"

#: `printf` is a builtin of every shell, so the value is in no process's arguments; git runs this for `get` only.
_HELPER = f'!f() {{ test "$1" = get && printf "username=x-access-token\\npassword=%s\\n" "${_VARIABLE}"; }}; f'

#: No question is ever asked, through no window either; no trace shows an Authorization header.
_QUIET = {"GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never", "GIT_TRACE_REDACT": "1"}

#: Hooks are other people's programs and would see the token; a transfer that stands still for a minute is a broken one;
#: the background gc would hold locks after we are gone.
_OPTIONS = (
    "-c", f"core.hooksPath={os.devnull}", "-c", "http.lowSpeedLimit=100", "-c", "http.lowSpeedTime=60", "-c", "gc.auto=0"
)  # fmt: skip

#: Seconds before a read is tried again.
_PAUSES = (1.0, 4.0)
_LIMIT = 1800.0


def credentials(token: Token | None, url: str) -> dict[str, str]:
    """What git's environment needs to use the token for the host of `url`, and for no other one.

    Works like a credential helper configured for that host, in place of the user's own. Empty without a token and for
    addresses that are not https. GIT112 (exit 4) for plain http to another machine: that would show the token to the network.
    """
    parts = urlsplit(url)
    if token is None or parts.scheme not in ("http", "https"):
        return {}
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ScaffoldError(
            "GIT112",
            f"{parts.hostname} is addressed over plain http, where everybody on the way can read the token",
            "use its https address",
            exit_code=ExitCode.AUTHENTICATION,
        )
    require_git((2, 31), "passing a token to git without showing it", "use an ssh address")
    remember(token.value)
    host = parts.netloc.rpartition("@")[2]
    key = f"credential.{parts.scheme}://{host}.helper"
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdigit() else 0
    pairs = ((key, ""), (key, _HELPER))  # the empty value drops the helpers configured so far
    environment = {"GIT_CONFIG_COUNT": str(first + len(pairs)), _VARIABLE: token.value}
    for number, (name, value) in enumerate(pairs, start=first):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


def environment_for(clone: Clone, remote: str, token: Token | None) -> dict[str, str]:
    """`credentials` for a remote of the clone: for commands that may have to fetch missing blobs from it."""
    return {**_QUIET, **credentials(token, address(clone, remote))}


def address(clone: Clone, remote: str, *, push: bool = False) -> str:
    """The address of the remote, as git would use it (`insteadOf` applied)."""
    return clone.git("remote", "get-url", *(("--push",) if push else ()), operands=[remote])


def _transfer(cwd: Path, *options: str, operands: Sequence[str], token: Token | None, url: str) -> Output:
    """One git command that talks to `url`; raises GitFailed as it is."""
    environment = {**_QUIET, **credentials(token, url)}
    return call_git(cwd, *_OPTIONS, *options, operands=operands, env=environment, timeout=_LIMIT)


def _read(
    cwd: Path,
    *options: str,
    operands: Sequence[str],
    token: Token | None,
    url: str,
    sleep: Callable[[float], None],
) -> Output:
    """`_transfer` for reads: what the network or the server broke is tried again, the rest explained."""
    for pause in (*_PAUSES, None):
        try:
            return _transfer(cwd, *options, operands=operands, token=token, url=url)
        except GitFailed as failure:
            if pause is None or not is_transient(failure):
                raise explain(failure, url) from failure
            sleep(pause)
    raise AssertionError("unreachable")


def ls_remote(
    url: str, *patterns: str, token: Token | None, sleep: Callable[[float], None] = time.sleep
) -> dict[str, str]:
    """The refs of a remote repository, by full name; an annotated tag is given as the commit that it names.

    Patterns are git's (`HEAD`, `refs/heads/v4*`). Raises GIT112 (exit 4), GIT114 (exit 6), GIT115 (no such repository).
    """
    kinds = []
    if patterns and all(pattern.startswith(("refs/heads/", "refs/tags/")) for pattern in patterns):
        # asks the server for these kinds only: a busy repository has ten thousands of refs/pull/*
        kinds = [f"--{kind}" for kind in ("heads", "tags") if any(p.startswith(f"refs/{kind}/") for p in patterns)]
    said = _read(
        Path(tempfile.gettempdir()),
        *("ls-remote", "--quiet", *kinds),
        operands=[url, *patterns, *(f"{pattern}^{{}}" for pattern in patterns if pattern.startswith("refs/tags/"))],
        token=token,
        url=url,
        sleep=sleep,
    )
    found: dict[str, str] = {}
    for line in said.stdout.decode("utf-8", "replace").splitlines():
        sha, _, ref = line.partition("\t")
        found[ref.removesuffix("^{}")] = sha  # the peeled line comes after the tag's own
    return found


def wait_until_ready(
    url: str, *, token: Token | None, limit: float = 300.0, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Wait until a fork that was just made can be read; GIT116 (exit 6) when that takes more than `limit` seconds."""
    waited, pause = 0.0, 1.0
    while not _is_ready(url, token):
        if waited >= limit:
            raise ScaffoldError(
                "GIT116",
                f"{url} was still not there after {limit:.0f} s",
                "GitHub is still copying: run `scaffold resume` in a few minutes",
                exit_code=ExitCode.NETWORK,
            )
        sleep(pause)
        waited, pause = waited + pause, min(pause * 2, 15.0)


def _is_ready(url: str, token: Token | None) -> bool:
    """True when the repository lists a HEAD. "Not found" and server errors mean not yet; a refused token is final."""
    try:
        return bool(ls_remote(url, "HEAD", token=token, sleep=lambda _: None))
    except ScaffoldError as error:
        if error.code in ("GIT114", "GIT115"):
            return False
        raise


def fetch(
    clone: Clone,
    remote: str,
    refspecs: Sequence[str],
    *,
    token: Token | None,
    depth: int | None = None,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch the refspecs (and no tags) from a remote; one that is configured as a promisor sends no blobs.

    Raises GIT112 (exit 4), GIT114 (exit 6), GIT115 (no such repository or ref).
    """
    options = ["fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
    if depth is not None:
        options.append(f"--depth={depth}")
    url = address(clone, remote)
    said = _read(clone.root, *options, operands=[remote, *refspecs], token=token, url=url, sleep=sleep)
    received = received_size(said.stderr)
    if received:
        (progress or Silent()).note(f"{received} received")


def received_size(talk: str) -> str:
    """How much a fetch brought, from its last progress line (`Receiving objects: 100% (9/9), 52.30 MiB | …`)."""
    lines = [line for line in talk.replace("\r", "\n").splitlines() if "Receiving objects: 100%" in line]
    return lines[-1].partition("), ")[2].partition(" |")[0].removesuffix(", done.") if lines else ""


def push(
    clone: Clone,
    remote: str,
    branch: str,
    *,
    token: Token | None,
    progress: Progress | None = None,
    lease: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Push the branch and make the remote's its upstream: "pushed", or "up-to-date" when the remote has it already.

    `lease` allows the push to replace what is there, if that is still the commit `lease` (a branch that was rebased).
    Raises GIT117 (exit 5) when the remote has other commits, GIT113 (exit 4) for workflow files that the token may not
    touch, GIT112 (exit 4), GIT114 (exit 6), GIT118 (another refusal). The remote's ref is then what it was.
    """
    tip = clone.tip(branch)
    if tip is None:
        raise ValueError(f"no branch {branch}")
    options = [f"--force-with-lease=refs/heads/{branch}:{lease}"] if lease is not None else []
    outcome = _deliver(clone, remote, tip, branch, options, token, sleep)
    _track(clone, remote, branch, tip)
    if progress is not None and outcome == "pushed":
        progress.note(f"{branch} pushed to {remote}")
    return outcome


def push_commit(
    clone: Clone,
    remote: str,
    commit: str,
    branch: str,
    *,
    token: Token | None,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Create `branch` in the remote at `commit`: "created", or "exists" when it is there, wherever it points; never moved."""
    url = address(clone, remote, push=True)
    ref = f"refs/heads/{branch}"
    if ref in ls_remote(url, ref, token=token, sleep=sleep):
        return "exists"
    # an empty expectation: the ref must not exist
    _deliver(clone, remote, commit, branch, [f"--force-with-lease={ref}:"], token, sleep)
    if progress is not None:
        progress.note(f"{branch} created in {remote}")
    return "created"


def _deliver(
    clone: Clone,
    remote: str,
    commit: str,
    branch: str,
    options: Sequence[str],
    token: Token | None,
    sleep: Callable[[float], None],
) -> str:
    """Push, look, and once more if the connection broke and the remote is unchanged."""
    url, ref = address(clone, remote, push=True), f"refs/heads/{branch}"
    old = ls_remote(url, ref, token=token, sleep=sleep).get(ref)
    if old == commit:
        return "up-to-date"
    for last in (False, True):
        failure = _try_push(clone, remote, f"{commit}:{ref}", options, token, url)
        new = ls_remote(url, ref, token=token, sleep=sleep).get(ref)
        if new == commit:
            return "pushed"
        if failure is not None and (last or new != old or not is_transient(failure)):
            raise explain(failure, url, branch=branch)
        sleep(_PAUSES[0])
    raise network(url, f"the push of {branch} did not arrive")


def _try_push(
    clone: Clone, remote: str, refspec: str, options: Sequence[str], token: Token | None, url: str
) -> GitFailed | None:
    quiet = ("-c", "push.followTags=false", "push", "--no-verify", "--recurse-submodules=no", "--progress")
    try:
        _transfer(clone.root, *quiet, *options, operands=[remote, refspec], token=token, url=url)
    except GitFailed as failure:
        return failure
    return None


def _track(clone: Clone, remote: str, branch: str, tip: str) -> None:
    """What `push -u` leaves behind, also when the push was cut off after it had arrived."""
    clone.git("update-ref", "-m", "scaffold: push", f"refs/remotes/{remote}/{branch}", tip)
    for key, value in (("remote", remote), ("merge", f"refs/heads/{branch}")):
        name = f"branch.{branch}.{key}"
        if clone.asks("config", "--get", name) != value:
            clone.git("config", "--replace-all", name, value)
