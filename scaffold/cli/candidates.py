"""List the models of a checkout that lack TensorFlow, the most rewarding port first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from scaffold.cli.checkouts import add_repo, given_repo, in_clone
from scaffold.cli.console import Console
from scaffold.cli.hub import add_hub, connect
from scaffold.core.errors import ExitCode, ScaffoldError

if TYPE_CHECKING:
    from scaffold.study.candidates import Candidate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_repo(parser)
    parser.add_argument("--family", metavar="NAME", help="only this family (decoder, vision, audio, …)")
    parser.add_argument("--limit", type=int, default=30, metavar="N", help="show so many (default: 30; 0 shows all)")
    parser.add_argument(
        "--demand", action="store_true", help="ask GitHub how many open issues and pull requests name each one shown"
    )
    parser.add_argument(
        "--upstream",
        default="huggingface/transformers",
        metavar="OWNER/REPOSITORY",
        help="with --demand: where to look",
    )
    add_hub(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the list."""
    from scaffold.locate import check_checkout
    from scaffold.study.candidates import candidates, with_demand
    from scaffold.study.tasks import FAMILIES

    families = [*(family for family, _ in FAMILIES), "other"]
    if arguments.family is not None and arguments.family not in families:
        raise ScaffoldError(
            "CLI103",
            f"there is no family {arguments.family!r}",
            f"the families: {', '.join(families)}",
            exit_code=ExitCode.USAGE,
        )
    if arguments.limit < 0:
        raise ScaffoldError("CLI103", "--limit is negative", "give 0 for all", exit_code=ExitCode.USAGE)
    root = given_repo(arguments.repo)
    check_checkout(root)
    every = candidates(root, family=arguments.family)
    shown = every[: arguments.limit or None]
    if arguments.demand:
        hub = connect(arguments, console, anonymous=True)
        try:
            with console.step("demand"):
                shown = with_demand(shown, hub, arguments.upstream)
        finally:
            hub.close()
    console.data([_as_json(candidate) for candidate in shown])
    _show(console, shown)
    console.talk(f"{len(shown)} of {len(every)} models without TensorFlow")
    if shown:
        console.suggest(f"scaffold brief {shown[0].source.stem}{in_clone(root)}")
    return ExitCode.OK


def _as_json(candidate: Candidate) -> dict[str, object]:
    source = candidate.source
    return {
        "model": source.stem,
        "title": source.title,
        "family": source.family,
        "expected": candidate.expected,
        "classes": list(source.classes),
        "lines": source.lines,
        "demand": candidate.demand,
    }


def _show(console: Console, shown: list[Candidate]) -> None:
    width = max((len(candidate.source.stem) for candidate in shown), default=0)
    for candidate in shown:
        source = candidate.source
        demand = "" if candidate.demand is None else f"{candidate.demand:4d} open  "
        console.say(
            f"{source.stem:<{width}}  {candidate.expected:<8} {demand}{len(source.classes):2d} classes "
            f"{source.lines:6,d} lines  {source.family}"
        )
