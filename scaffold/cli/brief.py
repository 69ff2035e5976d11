"""Print a page to read before porting a model: papers, structure, references, expected challenges, where to ask."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from scaffold.cli.checkouts import add_repo, given_repo, in_clone
from scaffold.cli.console import Console
from scaffold.cli.hub import add_hub, connect
from scaffold.cli.questions import missing
from scaffold.core.errors import ExitCode

if TYPE_CHECKING:
    from scaffold.core.hosting import PullRequest
    from scaffold.study.brief import Brief

_LINES_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model: its folder (roc_bert) or model type (data2vec-text)")
    add_repo(parser)
    parser.add_argument("--online", action="store_true", help="look for open pull requests on the same port, too")
    parser.add_argument(
        "--upstream",
        default="huggingface/transformers",
        metavar="OWNER/REPOSITORY",
        help="with --online: where to look",
    )
    add_hub(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the page as Markdown."""
    from scaffold.locate import locate
    from scaffold.study.brief import brief

    if not arguments.model:
        raise missing("the model", "its name, e.g. `scaffold brief roc_bert`")
    located = locate(given_repo(arguments.repo), arguments.model, ported_ok=True)
    page = brief(located)
    ongoing: tuple[PullRequest, ...] | None = None
    if arguments.online:
        hub = connect(arguments, console, anonymous=True)
        try:
            ongoing = hub.ongoing(arguments.upstream, located.names.spellings)
        finally:
            hub.close()
    console.data({**_as_json(page), "ongoing": None if ongoing is None else [pull.url for pull in ongoing]})
    console.raw("\n".join([*_lines(page), *_ongoing(ongoing), *_ask()]) + "\n")
    if not page.has_tensorflow:
        console.suggest(f"scaffold new-tf-model {page.source.stem}{in_clone(located.root)}")
    return ExitCode.OK


def _as_json(page: Brief) -> dict[str, Any]:
    return asdict(page)


def _lines(page: Brief) -> list[str]:
    source = page.source
    lines = [f"# {source.title}", ""]
    if page.has_tensorflow:
        lines += [
            f"**It has TensorFlow already**: `{page.tf_path}`. If only weights are missing: `scaffold convert-weights`.",
            "",
        ]
    lines += [
        f"- PyTorch: `{page.pt_path}`, {source.lines:,} lines, model type `{source.model_type}`, {source.family}",
        f"- public classes: {', '.join(source.classes)}",
        f"- page: {f'`{page.doc_page}`' if page.doc_page else 'none in this checkout'}",
        *[f"- paper: [{title}]({url})" for title, url in page.papers],
        *[f"- link: [{title}]({url})" for title, url in page.links[:_LINES_SHOWN]],
    ]
    lines += ["", "## Structure", ""]
    lines += [f"{'  ' * depth}- {name}{f': {what}' if what else ''}" for depth, name, what in page.structure]
    lines += ["", "## Read beside it", "", f"- `{page.pt_path}`: the file that is ported"]
    lines += [f"- `{reference.path}`: {reference.why}" for reference in page.references]
    lines += ["", "## Expect", ""]
    lines += [f"- {c.subject} (lines {_numbers(c.lines)}): {c.advice}" for c in page.challenges] or [
        "- nothing unusual"
    ]
    lines += ["", "## Taken from existing TensorFlow files", ""]
    lines += [f"- {ours}: `{theirs}`" for ours, theirs in page.borrowed] or [
        "- nothing that is certain before the model has run"
    ]
    return lines


def _numbers(lines: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, lines[:_LINES_SHOWN]))
    return f"{shown} and {len(lines) - _LINES_SHOWN} more" if len(lines) > _LINES_SHOWN else shown


def _ongoing(pulls: tuple[PullRequest, ...] | None) -> list[str]:
    if pulls is None:
        return []
    return ["", "## Open pull requests", "", *([f"- {p.title}: {p.url}" for p in pulls] or ["- none found"])]


def _ask() -> list[str]:
    from scaffold.study.brief import ASK

    return ["", "## Where to ask", "", *(f"- {place}" for place in ASK)]
