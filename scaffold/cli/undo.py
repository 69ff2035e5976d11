"""Take a port back: the tree as it was before `new-tf-model`, edited files kept, commits kept under a private ref.

What lies on GitHub (fork, pushed branch, pull request) is not touched; the output says how to remove it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.cli.checkouts import add_repo, given_repo
from scaffold.cli.console import Console
from scaffold.cli.questions import confirm
from scaffold.core.names import check_model_argument, counted

if TYPE_CHECKING:
    from scaffold.publish.git import Clone
    from scaffold.publish.undo import Undoing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the ported model (default: that of the branch that is checked out)")
    add_repo(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and do nothing")
    parser.add_argument("--yes", action="store_true", help="never ask")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when the port is gone, whether or not it was there before."""
    from scaffold.flows.ported import PREFIX, model_of
    from scaffold.publish.git import open_clone
    from scaffold.publish.journal import journalled
    from scaffold.publish.origin import state_of
    from scaffold.publish.undo import plan_undo, undo

    clone = open_clone(given_repo(arguments.repo))
    stem = (arguments.model or model_of(clone)).replace("-", "_")
    check_model_argument(stem)
    folder = state_of(clone) / stem
    plan = plan_undo(clone, f"{PREFIX}{stem}", folder)
    if plan is None:
        console.say(f"There is no branch {PREFIX}{stem}: nothing to undo.")
        console.data({"model": stem, "undone": False})
        return 0
    console.data(_as_json(stem, plan, undone=not arguments.dry_run))
    if arguments.dry_run:
        _show(console, clone, stem, plan, "Would put back")
        return 0
    question = f"Take the port of {stem} back? ({counted(len(plan.restored), 'file')} restored, {len(plan.kept)} kept)"
    if not confirm(console, question, what="the agreement to undo the port", yes=arguments.yes):
        console.say("Nothing was changed.")
        return 0
    # the model is named: after a kill HEAD may have left the port's branch
    noted = argparse.Namespace(**{**vars(arguments), "model": stem, "repo": clone.root, "yes": True})
    left = _on_github(clone, folder, stem)
    with journalled(state_of(clone), "undo", stem, noted):
        undo(clone, plan, folder)
    _show(console, clone, stem, plan, "Put back")
    for line in left:
        console.say(line)
    return 0


def _show(console: Console, clone: Clone, stem: str, plan: Undoing, verb: str) -> None:
    from scaffold.publish.pristine import undone_ref

    where = f"branch {plan.branch}" if plan.branch else f"commit {plan.target[:12]}"
    if plan.here:
        console.say(f"{verb} {counted(len(plan.restored), 'file')}, to {where}.")
    for path in plan.kept:
        console.say(f"  kept, since it was edited: {path}")
    if plan.commits:
        console.say(f"{plan.commits} later commits on {plan.port_branch} are kept with the port's own.")
    console.say(f"To have the port again: git switch -c {plan.port_branch} {undone_ref(stem)}")


def _on_github(clone: Clone, folder: Path, stem: str) -> list[str]:
    """What the user may want to remove there, with the commands."""
    from scaffold.publish.origin import load_origin, state_of

    origin = load_origin(state_of(clone))
    if (
        origin is None
        or clone.asks("rev-parse", "--verify", "--quiet", f"refs/remotes/{origin.remote}/add_tf_{stem}") is None
    ):
        return []
    lines = [f"Still on GitHub: the branch (`git push {origin.remote} --delete add_tf_{stem}`"]
    if (folder / "pull.json").is_file():
        lines[0] += " closes its pull request, too"
    return [lines[0] + ")."]


def _as_json(stem: str, plan: Undoing, *, undone: bool) -> dict[str, Any]:
    return {
        "model": stem,
        "undone": undone,
        "branch": plan.branch,
        "commit": plan.target,
        "restored": [change.path for change in plan.restored],
        "kept": list(plan.kept),
        "commits": plan.commits,
    }
