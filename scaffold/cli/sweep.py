"""Port and verify many models, each in a process of its own, and render what came of them; the checkout is not written to.

Every model's result is kept as a line of rows.jsonl below --out as soon as it is known. At the end ports.md and ports.html,
a page that can be sorted and filtered, show all rows.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scaffold.cli.checkouts import add_modes, add_repo, repo_or_upstream
from scaffold.cli.console import Console
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.reports import MODES

_OUT = Path("sweep")


def _number(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


_number.__name__ = "whole number above 0"  # what argparse calls it in its refusal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.description = __doc__
    add_repo(parser)
    parser.add_argument(
        "--upstream",
        metavar="SOURCE",
        help="fetch the clone first: a folder, a git address (…@TAG for a tag), or pypi:transformers==VERSION",
    )
    parser.add_argument("--into", type=Path, metavar="DIR", help="with --upstream: clone into DIR/transformers")
    parser.add_argument(
        "--models",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="only these: folder, file or folder/file (default: all without TensorFlow)",
    )
    parser.add_argument(
        "--group", nargs="+", default=[], metavar="LETTER", help="only models of these groups (A to D, see ports.md)"
    )
    parser.add_argument("--jobs", type=_number, metavar="N", help="processes at a time (default: half the processors)")
    parser.add_argument(
        "--resume", action="store_true", help="leave out what rows.jsonl has of the same file and rules"
    )
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help="where everything is kept (default: sweep)"
    )
    parser.add_argument(
        "--seconds", type=_number, default=1800, metavar="S", help="wall time of a model (default: 1800)"
    )
    parser.add_argument("--memory", type=_number, default=12, metavar="GIB", help="memory of a process (default: 12)")
    parser.add_argument(
        "--graph-seconds", type=_number, default=12, metavar="S", help="processor time for graph mode (default: 12)"
    )
    add_modes(parser)
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on the Dask cluster at ADDRESS ([cluster])")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page here instead of ports.md")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the page here instead of ports.html")
    parser.add_argument(
        "--render",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="run nothing; render these rows (files, or folders of them)",
    )
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the Python that has torch and tensorflow (default: this one)",
    )
    parser.set_defaults(yes=False)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Sweep, or only render; exit status 0 when every model was tried, whatever came of it."""
    if arguments.render:
        return _show(arguments.render, arguments, console)
    root = repo_or_upstream(arguments, console)
    tasks = _tasks(root, arguments)
    rows = _known(arguments.out)
    if arguments.resume:
        from scaffold.sweep.driver import pending

        count, tasks = len(tasks), pending(tasks, rows)
        console.talk(f"{count - len(tasks)} of {count} models are done")
    if tasks:
        _run(tasks, arguments, console)
    return _show([arguments.out], arguments, console)


def _known(out: Path) -> list[dict[str, Any]]:
    from scaffold.sweep.driver import ROWS
    from scaffold.sweep.rows import read_rows

    return read_rows([out / ROWS]) if (out / ROWS).is_file() and (out / ROWS).stat().st_size else []


def _tasks(root: Path, arguments: argparse.Namespace) -> list[Any]:
    from scaffold.sweep.catalogue import chosen
    from scaffold.sweep.spec import Task

    models = chosen(root, arguments.models, arguments.group)
    if not models:
        raise ScaffoldError(
            "CLI103", "no model is left to sweep", "check --models and --group", exit_code=ExitCode.USAGE
        )
    folder = arguments.out.absolute() / "models"
    return [
        Task(
            root=root,
            model=model,
            out=folder / model.replace("/", "."),
            python=arguments.python,
            seconds=arguments.seconds,
            memory_gib=arguments.memory,
            graph_seconds=arguments.graph_seconds,
            modes=(*MODES, *arguments.modes),
        )
        for model in models
    ]


def _run(tasks: list[Any], arguments: argparse.Namespace, console: Console) -> None:
    from scaffold.environment import check_environment, read_environment
    from scaffold.sweep.driver import ROWS, append, sweep

    if arguments.scheduler is None:
        check_environment(read_environment(arguments.python, tasks[0].root), tensorflow=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    jobs = arguments.jobs or max(1, (os.cpu_count() or 2) // 2)
    done = 0
    try:
        for row in sweep(tasks, jobs=jobs, scheduler=arguments.scheduler):
            append(arguments.out / ROWS, row)
            done += 1
            console.talk(_told(row, done, len(tasks)))
    except KeyboardInterrupt:
        console.talk(f"{done} of {len(tasks)} models are kept; the same command with --resume goes on")
        raise


def _told(row: dict[str, Any], done: int, count: int) -> str:
    good = sum(head["ok"] for head in row["heads"])
    seconds = sum(row["seconds"].values())
    why = f"  {row['cause']}" if row["cause"] else ""
    return f"[{done}/{count}] {row['model']:<40} {row['outcome']:<8} {good}/{len(row['heads'])} {seconds:5.0f} s{why}"


def _show(paths: Iterable[Path], arguments: argparse.Namespace, console: Console) -> int:
    from scaffold.sweep.pages import context, html, markdown
    from scaffold.sweep.rows import read_rows

    rows = read_rows(paths)
    pages = {
        arguments.markdown or arguments.out / "ports.md": markdown(rows),
        arguments.html or arguments.out / "ports.html": html(rows),
    }
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = context(rows)
    totals, causes = dict(found["totals"]), found["causes"]
    console.data({"models": len(rows), "totals": totals, "pages": [str(path) for path in pages], "rows": rows})
    console.say(f"{len(rows)} models: {', '.join(f'{count} {outcome}' for outcome, count in totals.items())}")
    for cause, models in causes[:10]:
        console.say(f"{len(models):4}  {cause}")
    for path in pages:
        console.talk(f"wrote {path}")
    return ExitCode.OK
