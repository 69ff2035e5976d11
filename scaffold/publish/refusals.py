"""What git says when a remote cannot be reached or refuses, put into our terms: who has to do what about it.

Sources: git's own messages (locale C), curl's, and what GitHub answers to pushes; the order of the table matters.
"""

from __future__ import annotations

import re

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.secrets import redact
from scaffold.publish.git import GitFailed

_WORKFLOW = re.compile(
    r"refusing to allow .* to create or update workflow|without `?workflows?`? (scope|permission)", re.I
)
_BEHIND = re.compile(
    r"\(non-fast-forward\)|\(fetch first\)|\(stale info\)|\(already exists\)|\(needs force\)|reference already exists"
)
_SHALLOW = re.compile(r"shallow update not allowed")
_REJECTED = re.compile(r"\[remote rejected\]|protected branch|hook declined|GH0\d\d", re.I)
_AUTHENTICATION = re.compile(
    r"Authentication failed|could not read (Username|Password)|Invalid username or (password|token)|error: 40[13]\b"
    r"|Permission to .* denied|Permission denied \(|Write access to repository not granted|Host key verification failed",
    re.I,
)
_MISSING = re.compile(
    r"repository .*not found|Repository not found|does not appear to be a git repository|error: 404|couldn't find remote ref"
    r"|not our ref|does not exist",
    re.I,
)
_TRANSIENT = re.compile(
    r"error: (429|5\d\d)|Could(n't| not) (resolve|connect)|Failed to connect|Connection (refused|reset|timed out|closed)"
    r"|timed out|early EOF|unexpected disconnect|RPC failed|hung up|unable to access|the remote end|bad line length"
    r"|Empty reply|Recv failure|Send failure|transfer closed|Operation too slow|unexpected EOF|SSL|HTTP/2"
    r"|not valid: is this a git|no answer within|invalid server response|expected flush|protocol error|did not send"
    r"|shallow\.lock|died of signal",
    re.I,
)

_LOCAL = re.compile(
    r"No space left|Read-only file system|cannot lock ref|unable to (create|write) file|Disk quota", re.I
)


def is_transient(failure: GitFailed) -> bool:
    """True for what the network or the server's health explains, so that trying again may help."""
    said = failure.message
    final = (_LOCAL, _WORKFLOW, _BEHIND, _SHALLOW, _REJECTED, _AUTHENTICATION, _MISSING)
    return not any(pattern.search(said) for pattern in final) and _TRANSIENT.search(said) is not None


def network(url: str, said: str) -> ScaffoldError:
    """The refusal of a network or server that does not do its work at the moment."""
    return ScaffoldError(
        "GIT114",
        f"{redact(url)} cannot be reached: {said}",
        "check the network, then run `scaffold resume`",
        exit_code=ExitCode.NETWORK,
    )


def explain(failure: GitFailed, url: str, *, branch: str = "") -> ScaffoldError:
    """The failure of a transfer from or to `url` as an error that names its remedy; `branch` is what was being pushed."""
    said, where = failure.message, redact(url)
    if _WORKFLOW.search(said):
        return ScaffoldError(
            "GIT113",
            f"{where} refuses the push because it holds workflow files that the fork lacks, and the token may not write those",
            "give the token the `workflow` scope (`gh auth refresh -s workflow`), or bring the fork up to date on GitHub "
            "(Sync fork), then run `scaffold resume`",
            exit_code=ExitCode.AUTHENTICATION,
        )
    if _BEHIND.search(said):
        return ScaffoldError(
            "GIT117",
            f"{branch} has commits in {where} that this clone has not",
            f"look at them (`git fetch` and `git log`), then rebase {branch} onto them or rename the branch there",
            exit_code=ExitCode.CONFLICT,
        )
    if _SHALLOW.search(said) or _REJECTED.search(said):
        unshallow = "run `git fetch --unshallow` (the clone was made with --fast), then `scaffold resume`"
        return ScaffoldError(
            "GIT118",
            f"{where} refuses the push of {branch}: {_reason(said)}",
            unshallow if _SHALLOW.search(said) else "settle what the message says, then run `scaffold resume`",
            exit_code=ExitCode.CONFLICT,
        )
    return _explain_access(failure, where)


def _explain_access(failure: GitFailed, where: str) -> ScaffoldError:
    said = failure.message
    if _LOCAL.search(said):
        return failure
    if _AUTHENTICATION.search(said):
        return ScaffoldError(
            "GIT112",
            f"{where} refuses access: {_reason(said)}",
            "check that the token is valid and may read and write this repository (`scaffold doctor`)",
            exit_code=ExitCode.AUTHENTICATION,
        )
    if _MISSING.search(said):
        return ScaffoldError(
            "GIT115",
            f"{where} has no such repository or ref: {_reason(said)}",
            "check the address, and that the token may see it",
        )
    return network(where, _reason(said)) if _TRANSIENT.search(said) else failure


def _reason(said: str) -> str:
    """The line that says most: the last one that git marks as an error."""
    lines = [line.strip() for line in said.replace("\r", "\n").splitlines() if line.strip()]
    marked = [line for line in lines if re.search(r"fatal:|error:|rejected|ERROR", line)]
    return (marked or lines or ["no message"])[-1].removeprefix("fatal: ").removeprefix("error: ")
