"""The contributor whom the documentation page credits (guide.md G31): both halves of a link, checked before they are used."""

from __future__ import annotations

import argparse

from scaffold.cli.questions import missing
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.port import Contributor


def add_credit(parser: argparse.ArgumentParser) -> None:
    """The arguments --contributor and --contributor-url."""
    parser.add_argument("--contributor", metavar="NAME", help="whom the documentation page credits")
    parser.add_argument("--contributor-url", metavar="URL", help="the contributor's Hugging Face or GitHub page")


def contributor_of(arguments: argparse.Namespace) -> Contributor | None:
    """The contributor that was named, None without one; CLI102 for half of one, CLI103 for what cannot stand in a link."""
    name, url = arguments.contributor, arguments.contributor_url
    if not name and not url:
        return None
    if not name or not url:
        raise missing("half of the contributor", "both --contributor NAME and --contributor-url URL")
    if not url.startswith("https://") or any(c.isspace() or c in "()[]<>" for c in url):
        raise ScaffoldError(
            "CLI103", f"{url!r} is not an https address", "check --contributor-url", exit_code=ExitCode.USAGE
        )
    if any(c in "[]\n" for c in name):
        raise ScaffoldError(
            "CLI103", f"{name!r} cannot stand in a link", "check --contributor", exit_code=ExitCode.USAGE
        )
    return Contributor(name=name, url=url)
