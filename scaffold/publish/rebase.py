"""Rebase a port's branch without touching the work tree until all of it is known to work.

Each commit is replayed by `git merge-tree` in the object store; conflicts end it with nothing changed. Then one ref update, and
the crash-safe switch of publish/switch.py. Source of truth: git-merge-tree(1); docs/architecture.md ("The commit"); G9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Token
from scaffold.publish.git import Clone, GitFailed, check_clean, require_git, run_git
from scaffold.publish.switch import check_free, move_branch, resume
from scaffold.publish.transport import environment_for

#: In 2.38 `git merge-tree` learnt to merge without a work tree.
_GIT = (2, 38)


def rebase(clone: Clone, branch: str, onto: str, folder: Path, *, token: Token | None = None) -> str | None:
    """Replay the branch's commits on top of the commit `onto`; the new tip, None when the branch holds `onto` already.

    Authors, dates and messages stay, so that the same rebase gives the same commits again; what is upstream already is left
    out. HEAD, index and work tree follow when the branch is checked out. `folder` is the port's private state folder;
    `token` is for blobs that a partial clone has to fetch. Raises GIT111 (git before 2.38), GIT122 (exit 5: conflicts), GIT123
    (exit 5: cannot be replayed), GIT102 (exit 5: dirty tree); nothing is changed then.
    """
    require_git(_GIT, "a rebase that can be tried without touching the work tree", f"run `git rebase {onto} {branch}`")
    resume(clone, folder)
    tip = clone.tip(branch)
    target = clone.asks("rev-parse", "--verify", "--quiet", f"{onto}^{{commit}}")
    if tip is None or target is None:
        raise _impossible(f"there is no {branch if tip is None else onto}", "check the name")
    if clone.asks("merge-base", "--is-ancestor", target, tip) is not None:
        return None
    if clone.branch() == branch:
        check_clean(clone)
    check_free(clone, branch)
    env = _environment(clone, token)
    new = target
    for commit in _commits(clone, branch, tip, target):
        new = _replay(clone, commit, new, env)
    move_branch(clone, branch, new, folder=folder, reason=f"scaffold: rebase onto {onto}", env=env)
    return new


def _environment(clone: Clone, token: Token | None) -> Mapping[str, str]:
    remotes = clone.git("remote").split()
    return environment_for(clone, "upstream" if "upstream" in remotes else remotes[0], token) if remotes else {}


def _impossible(message: str, help: str) -> ScaffoldError:
    return ScaffoldError("GIT123", message, help, exit_code=ExitCode.CONFLICT)


def _commits(clone: Clone, branch: str, tip: str, target: str) -> list[str]:
    """The branch's own commits, oldest first."""
    if clone.asks("merge-base", target, tip) is None:
        shallow = clone.git("rev-parse", "--is-shallow-repository") == "true"
        raise _impossible(
            f"{branch} and the new base have no common history in this clone",
            "run `git fetch --unshallow upstream`" if shallow else f"check that {branch} belongs to this repository",
        )
    listed = clone.git("rev-list", "--reverse", "--topo-order", "--parents", f"{target}..{tip}").splitlines()
    commits = [line.split(" ") for line in listed]
    if any(len(parts) != 2 for parts in commits):
        raise _impossible(
            f"{branch} holds merge commits, which are not replayed",
            f"rebase it by hand: `git rebase --rebase-merges {target[:12]} {branch}`",
        )
    return [parts[0] for parts in commits]


def _replay(clone: Clone, commit: str, onto: str, env: Mapping[str, str]) -> str:
    """The commit on top of `onto`: a three-way merge whose base is the commit's parent."""
    # A stand-in with the new tree and the old parent: its merge base with the commit is then that parent.
    # (`merge-tree --merge-base` says the same, from git 2.40 on.)
    raw = run_git(clone.root, "cat-file", "commit", commit)
    stand_in = _write(clone, _rewritten(raw, tree=clone.git("rev-parse", f"{onto}^{{tree}}")))
    try:
        tree = clone.git("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", stand_in, commit, env=env)
    except GitFailed as failure:
        if failure.returncode != 1:
            raise
        raise _conflicts(clone, commit, onto, failure.stdout.decode("utf-8", "replace")) from None
    tree = tree.rstrip("\0")
    if tree == clone.git("rev-parse", f"{onto}^{{tree}}") and _changes_something(clone, commit):
        return onto  # upstream has it already
    return _write(clone, _rewritten(raw, tree=tree, parent=onto))


def _changes_something(clone: Clone, commit: str) -> bool:
    return clone.git("rev-parse", f"{commit}^{{tree}}") != clone.git("rev-parse", f"{commit}^^{{tree}}")


def _rewritten(raw: bytes, *, tree: str, parent: str | None = None) -> bytes:
    """The commit object with another tree and parent; a signature would no longer be true and is dropped."""
    head, _, message = raw.partition(b"\n\n")
    head = re.sub(rb"^(?:gpgsig|gpgsig-sha256) [^\n]*(?:\n [^\n]*)*\n?", b"", head + b"\n", flags=re.M).rstrip(b"\n")
    head = re.sub(rb"^tree [0-9a-f]+", b"tree " + tree.encode(), head)
    if parent is not None:
        head = re.sub(rb"^parent [0-9a-f]+", b"parent " + parent.encode(), head, count=1, flags=re.M)
    return head + b"\n\n" + message


def _write(clone: Clone, raw: bytes) -> str:
    return clone.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw)


def _conflicts(clone: Clone, commit: str, onto: str, listed: str) -> ScaffoldError:
    """The refusal, with the files that both sides changed."""
    names = [name for name in listed.split("\0")[1:] if name]
    subject = clone.git("show", "--no-patch", "--format=%h %s", commit)
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return ScaffoldError(
        "GIT122",
        f"{subject} cannot be replayed on {onto[:12]}: both changed {shown}",
        f"nothing was changed; rebase by hand (`git rebase {onto[:12]}`), resolve the conflicts, then run the command again",
        exit_code=ExitCode.CONFLICT,
    )
