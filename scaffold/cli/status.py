"""Say where a port stands: branch, pull request, approvals, CI, and the next command.

Reads only. Without a network, what the clone knows is told.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from scaffold.cli.checkouts import add_repo, given_repo, in_clone
from scaffold.cli.consent import pull_as_json
from scaffold.cli.console import Console
from scaffold.cli.hub import add_hub, connect
from scaffold.core.errors import ExitCode
from scaffold.core.names import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scaffold.flows.status import Status
    from scaffold.hosting.github import GitHub
    from scaffold.publish.origin import Origin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model (default: that of the branch add_tf_… that is checked out)")
    add_repo(parser)
    parser.add_argument("--offline", action="store_true", help="do not ask GitHub")
    add_hub(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0, whatever the port's state is."""
    from scaffold.flows.status import Request
    from scaffold.flows.status import run as run_flow

    def reach(origin: Origin) -> GitHub:
        return connect(arguments, console, known=origin.web, anonymous=True)

    request = Request(
        root=given_repo(arguments.repo), model=arguments.model, connect=None if arguments.offline else reach
    )
    status = run_flow(request)
    console.data(_as_json(status))
    for line in _lines(status):
        console.say(line)
    command, why = status.next
    command += in_clone(request.root) if command.startswith("scaffold") else ""
    console.say(f"Next: {f'`{command}`: ' if command else ''}{why}")
    return ExitCode.OK


def _lines(status: Status) -> Iterator[str]:
    yield f"{status.model}: {_branch(status)}"
    if status.behind:
        yield f"  {counted(status.behind, 'commit')} behind its base (`scaffold new-tf-model {status.model} --fork` rebases it)"
    if status.base_moved:
        yield "  the base has moved on GitHub since it was fetched"
    if status.offline:
        yield f"  GitHub is left out: {status.offline}"
        if status.noted:
            yield f"  pull request: {status.noted}"
        return
    yield f"  pull request: {_pull(status)}"
    if status.pull is not None:
        yield f"  reviews: {_reviews(status)}"
        yield f"  CI: {_ci(status)}"


def _branch(status: Status) -> str:
    if status.commit is None:
        return f"no port on {status.branch}"
    elsewhere = "not pushed" if status.remote_commit is None else "the fork's branch has other commits"
    elsewhere = f"{counted(status.unpushed, 'commit')} not pushed" if status.unpushed else elsewhere
    pushed = "pushed" if status.pushed else elsewhere
    dirty = ", uncommitted changes" if status.dirty and status.checked_out else ""
    return f"{status.branch} at {status.commit[:12]}, {pushed}{dirty}"


def _pull(status: Status) -> str:
    pull = status.pull
    if pull is None:
        return "none"
    state = "merged" if pull.merged else "draft" if pull.draft else "ready for review"
    return f"{pull.url} ({state}, into {pull.base})"


def _reviews(status: Status) -> str:
    from scaffold.flows.status import NEEDED

    reviews = status.reviews
    parts = [f"{len(reviews.approved)} of {NEEDED} approvals{_names(reviews.approved)}"]
    if reviews.stale:
        parts.append(f"older commits approved by {', '.join(reviews.stale)}")
    if reviews.changes_requested:
        parts.append(f"changes requested by {', '.join(reviews.changes_requested)}")
    return "; ".join(parts)


def _names(logins: tuple[str, ...]) -> str:
    return f" ({', '.join(logins)})" if logins else ""


def _ci(status: Status) -> str:
    ci = status.ci
    if ci.state == "none":
        return "nothing has run on the last commit"
    shown = ci.failing or ci.pending
    names = f": {', '.join(check.name for check in shown[:5])}" if shown else ""
    return f"{ci.state}, {counted(ci.total, 'check')}{names}"


def _as_json(status: Status) -> dict[str, Any]:
    return {
        "model": status.model,
        "branch": status.branch,
        "commit": status.commit,
        "checked_out": status.checked_out,
        "dirty": status.dirty,
        "interrupted": status.pending,
        "pushed": status.pushed,
        "remote_commit": status.remote_commit,
        "unpushed": status.unpushed,
        "unresolved": list(status.unresolved),
        "behind_base": status.behind,
        "base_moved": status.base_moved,
        "from_pt_left": status.weights_pending,
        "pull": pull_as_json(status.pull),
        "noted": status.noted or None,
        "approvals": list(status.reviews.approved),
        "stale_approvals": list(status.reviews.stale),
        "changes_requested": list(status.reviews.changes_requested),
        "ci": {
            "state": status.ci.state,
            "total": status.ci.total,
            "failing": [{"name": check.name, "url": check.url} for check in status.ci.failing],
            "pending": [check.name for check in status.ci.pending],
        },
        "offline": status.offline or None,
        "next": {"command": status.next[0] or None, "why": status.next[1]},
    }
