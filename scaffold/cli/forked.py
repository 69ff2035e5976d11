"""`new-tf-model --fork`: the port in a clone of the user's fork, its branch pushed.

Nothing is forked without --fork or a yes to the question; a dry run does everything in a folder that disappears.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.cli.console import Console
from scaffold.cli.hub import add_hub, connect, find, host_of
from scaffold.cli.questions import confirm, missing
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import check_model_argument

if TYPE_CHECKING:
    from scaffold.flows.fork import Connected, ForkRequest
    from scaffold.hosting.github import GitHub
    from scaffold.pipeline import Result
    from scaffold.publish.origin import Origin

    Port = Callable[[argparse.Namespace, Console, Path], Result]


def add_fork(parser: argparse.ArgumentParser) -> None:
    """The arguments that concern the fork."""
    group = parser.add_argument_group("with a fork on GitHub")
    group.add_argument(
        "--fork",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="fork the repository (or find the fork), clone it and push the port's branch; --upstream then names it as "
        "OWNER/REPOSITORY (default: huggingface/transformers), --into or --repo the clone",
    )
    group.add_argument("--organization", metavar="NAME", help="fork to an organisation instead of your account")
    group.add_argument(
        "--base",
        metavar="REF",
        help="branch or tag of upstream to start from (default: the newest that has TensorFlow)",
    )
    group.add_argument("--fast", action="store_true", help="clone without history (a small download)")
    group.add_argument("--reference", type=Path, metavar="PATH", help="copy objects from a clone on this machine")
    add_hub(parser)


def wants_fork(arguments: argparse.Namespace, console: Console) -> bool:
    """True with --fork; without any word of where to work, the user is asked when there is a token."""
    from scaffold.cli.checkouts import surrounding

    if arguments.fork is not None:
        return bool(arguments.fork)
    if arguments.repo or arguments.upstream or arguments.yes or not console.interactive or surrounding():
        return False
    host = host_of(arguments)
    if find(arguments, host) is None:
        return False
    return confirm(console, f"Fork huggingface/transformers to your account on {host.name} and clone it?", yes=False)


def _request(arguments: argparse.Namespace) -> ForkRequest:
    from scaffold.cli.checkouts import surrounding
    from scaffold.flows.fork import UPSTREAM, ForkRequest

    if not arguments.model:
        raise missing("the model", "its name, e.g. `scaffold new-tf-model roc_bert --fork`")
    check_model_argument(arguments.model)
    upstream = arguments.upstream or UPSTREAM
    if upstream.count("/") != 1 or not all(upstream.split("/")) or ":" in upstream or upstream.startswith("."):
        raise ScaffoldError(
            "CLI103",
            f"{upstream!r} is not OWNER/REPOSITORY, which --fork needs",
            "write e.g. --upstream huggingface/transformers",
            exit_code=ExitCode.USAGE,
        )
    target = (
        arguments.repo or (None if arguments.into else surrounding()) or (arguments.into or Path()) / "transformers"
    )
    return ForkRequest(
        model=arguments.model,
        target=target.absolute(),
        upstream=upstream,
        organization=arguments.organization,
        base=arguments.base,
        fast=arguments.fast,
        reference=arguments.reference,
        regenerate=arguments.regenerate,
    )


def _known(target: Path) -> Origin | None:
    """What an existing clone is connected to."""
    from scaffold.publish.git import Clone
    from scaffold.publish.origin import load_origin, state_of

    return load_origin(state_of(Clone(target))) if (target / ".git").exists() else None


@contextmanager
def _place(request: ForkRequest, known: Origin | None, dry_run: bool) -> Iterator[ForkRequest]:
    """Where the clone is made: a dry run gets a place of its own, with the objects of a clone that exists."""
    from dataclasses import replace

    if not dry_run:
        yield request
        return
    existing = request.target if (request.target / ".git").exists() else request.reference
    with tempfile.TemporaryDirectory(prefix="scaffold-") as folder:
        base = request.base or (known.base_ref if known is not None and known.upstream == request.upstream else None)
        yield replace(request, target=Path(folder) / "transformers", reference=existing, base=base)


def run_forked(arguments: argparse.Namespace, console: Console, port: Port) -> int:
    """Connect, port, push; `port` runs the pipeline in the clone. Exit status as of `new-tf-model`."""
    from scaffold.flows.fork import connect_fork, ported_already
    from scaffold.publish.journal import begin, journalled
    from scaffold.publish.origin import state_of

    asked = _request(arguments)
    known = _known(asked.target)
    hub = connect(arguments, console, known=known.web if known else None, dry_run=arguments.dry_run)

    def begun(state: Path) -> None:
        if not arguments.dry_run:
            begin(state, "new-tf-model", asked.model, noted)

    noted = argparse.Namespace(**{**vars(arguments), "fork": True, "repo": asked.target, "into": None})
    if arguments.dry_run and (connected := ported_already(asked, hub, console)):
        return _port(arguments, connected, hub, console, port)
    with _place(asked, known, arguments.dry_run) as place:
        connected = connect_fork(place, hub, console, begun=begun)
        if arguments.dry_run:
            return _port(arguments, connected, hub, console, port)
        with journalled(state_of(connected.clone), "new-tf-model", asked.model, noted):
            return _port(arguments, connected, hub, console, port)


def _port(arguments: argparse.Namespace, connected: Connected, hub: GitHub, console: Console, port: Port) -> int:
    from scaffold.flows.fork import push_port, rebase_port

    result = port(arguments, console, connected.clone.root)
    if result.finished and not arguments.dry_run:
        rebase_port(connected, result.located.names, hub, console)
    pushed = push_port(connected, result.branch, hub, console)
    _show(console, result, connected, hub, pushed, arguments.dry_run)
    return ExitCode.OK if result.ok else ExitCode.FAILURE


def _show(console: Console, result: Result, connected: Connected, hub: GitHub, pushed: str, dry_run: bool) -> None:
    from scaffold.cli.checkouts import in_clone
    from scaffold.cli.summary import as_json, show_diff, show_port

    origin = connected.origin
    calls = [{"method": call.method, "target": call.target, "body": call.body} for call in hub.calls]
    console.data(
        {
            **as_json(result),
            "fork": {
                "upstream": origin.upstream,
                "fork": f"{origin.web}/{origin.fork}",
                "base": origin.base_ref,
                "base_commit": origin.base_commit,
                "branch": pushed,
                "ongoing": [pull.url for pull in connected.ongoing],
                "calls": calls,
            },
        }
    )
    if dry_run:
        if result.finished:
            show_port(console, result, forked=True)
        else:
            show_diff(console, result)
        for call in hub.calls:
            console.talk(f"would send {call.method} {call.target}{f' {call.body}' if call.body else ''}")
        return
    show_port(console, result, forked=True)
    where = f"{origin.web}/{origin.fork}/tree/{result.branch}"
    console.say(
        f"{'Pushed to' if pushed == 'pushed' else 'Already at'} {where} (base: {origin.base_ref.split('/', 2)[-1]})."
    )
    console.say(f"Then: scaffold open-draft-pr {result.located.names.stem}{in_clone(result.located.root)}")
