"""What a porter does next, as a command with the reason: the first thing in the porting guide's order that is not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.flows.status import Status

Step = tuple[str, str]


def next_step(status: Status) -> Step:
    """(command, why); the command is empty when the turn is somebody else's."""
    for stage in (_clone, _branch, _after_merge, _request, _reviews, _weights):
        step = stage(status)
        if step is not None:
            return step
    return "", "everything on this side is done: a maintainer merges the pull request"


def _clone(status: Status) -> Step | None:
    if status.pending:
        return "scaffold resume", f"`scaffold {status.pending}` was interrupted"
    if status.unresolved:
        where = ", ".join(status.unresolved)
        return f"scaffold update {status.model}", f"once the conflicts in {where} are resolved and committed"
    if status.commit is None:
        return f"scaffold new-tf-model {status.model} --fork", "there is no port on the branch yet"
    if status.origin is None:
        return f"scaffold new-tf-model {status.model} --fork", "the clone is not connected to a fork"
    return None


def _branch(status: Status) -> Step | None:
    if status.pull is not None and status.pull.merged:
        return None
    if not status.checked_out:
        return f"git switch {status.branch}", "the clone is on another branch"
    if status.dirty:
        return "git commit --all", "the clone has uncommitted changes"
    return None


def _after_merge(status: Status) -> Step | None:
    if status.pull is None or not status.pull.merged:
        return None
    return "", "the pull request is merged: share the model"


def _request(status: Status) -> Step | None:
    pull = status.pull
    if pull is None:
        if status.offline:
            return f"scaffold status {status.model}", "whether there is a pull request is known only with the network"
        return f"scaffold open-draft-pr {status.model}", "there is no pull request yet"
    if pull.draft:
        return f"scaffold ready {status.model}", "the pull request is a draft"
    if not status.pushed:
        return f"scaffold ready {status.model}", "the fork does not have the branch's last commit"
    return None


def _reviews(status: Status) -> Step | None:
    from scaffold.flows.status import NEEDED

    again = f"scaffold ready {status.model}"
    if status.ci.state == "failing":
        return again, f"mend what fails first: {', '.join(check.name for check in status.ci.failing[:3])}"
    if status.reviews.changes_requested:
        return again, f"once what {', '.join(status.reviews.changes_requested)} asked for is committed"
    if len(status.reviews.approved) < NEEDED:
        missing = NEEDED - len(status.reviews.approved)
        return "", f"waiting for {missing} more approval{'s' if missing > 1 else ''}"
    return None


def _weights(status: Status) -> Step | None:
    if status.weights_pending:
        return f"scaffold finalize {status.model} --weights-merged", "once the TensorFlow weights are merged on the Hub"
    if status.ci.state != "passing":
        return "", "waiting for the CI"
    return None
