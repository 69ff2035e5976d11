"""What the publishing commands share: the connection to the clone's GitHub, agreement before the first write, the note for
`scaffold resume`, and how a dry run is shown."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.cli.console import Console
from scaffold.cli.hub import connect
from scaffold.cli.questions import confirm, missing
from scaffold.core.hosting import Call, PullRequest
from scaffold.core.names import counted

if TYPE_CHECKING:
    from scaffold.flows.ported import Ported
    from scaffold.hosting.github import GitHub


def add_consent(parser: argparse.ArgumentParser) -> None:
    """The arguments --yes and --dry-run."""
    parser.add_argument("--yes", action="store_true", help="write without asking")
    parser.add_argument("--dry-run", action="store_true", help="show every call and push that would be made, make none")


def open_github(arguments: argparse.Namespace, root: Path, console: Console) -> GitHub:
    """The GitHub that the clone's fork is on; refused where nobody can agree to writing (CLI102) or no fork is known (GIT110)."""
    from scaffold.publish.git import open_clone
    from scaffold.publish.origin import require_origin, state_of

    if not (arguments.yes or arguments.dry_run or console.interactive):
        raise missing("the agreement to write to GitHub", "--yes (or --dry-run, to see what would be written)")
    origin = require_origin(state_of(open_clone(root)))
    dry = arguments.dry_run
    return connect(arguments, console, known=origin.web, dry_run=dry, anonymous=dry)


class Consent:
    """Asks once; from then on `scaffold resume` finishes the command if it is cut off. A context manager."""

    def __init__(self, command: str, arguments: argparse.Namespace, console: Console) -> None:
        self._command = command
        self._arguments = arguments
        self._console = console
        self._stack = ExitStack()

    def __enter__(self) -> Consent:
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self._stack.__exit__(*error)

    def ask(self, ported: Ported, lines: Iterable[str], question: str) -> bool:
        """Show what is about to happen and ask; the answer is part of the note, so that resuming does not ask again."""
        from scaffold.publish.journal import journalled
        from scaffold.publish.origin import state_of

        for line in lines:
            self._console.talk(line)
        if not confirm(self._console, question, what="the agreement", yes=self._arguments.yes):
            return False
        stem = ported.names.stem
        noted = argparse.Namespace(**{**vars(self._arguments), "yes": True, "model": stem, "repo": ported.located.root})
        self._stack.enter_context(journalled(state_of(ported.clone), self._command, stem, noted))
        return True


def show_calls(console: Console, calls: Sequence[Call]) -> None:
    """The writes, one a line with their bodies below; long texts are shown by their length (they are printed elsewhere)."""
    console.say(f"{counted(len(calls), 'write')} would be made:" if calls else "Nothing would be written.")
    for call in calls:
        console.say(f"  {call.method} {call.target}")
        for key, value in call.body.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            console.say(
                f"    {key}: {text if len(text) <= 100 and chr(10) not in text else f'({len(text)} characters)'}"
            )


def calls_as_json(calls: Sequence[Call]) -> list[dict[str, Any]]:
    """The writes for a JSON document, whole."""
    return [{"method": c.method, "target": c.target, "body": dict(c.body), "note": c.note} for c in calls]


def pull_as_json(pull: PullRequest | None) -> dict[str, Any] | None:
    """A pull request for a JSON document, without its description."""
    if pull is None:
        return None
    fields = ("repository", "number", "url", "title", "author", "head", "head_sha", "base", "draft", "state", "merged")
    return {name: getattr(pull, name) for name in fields}
