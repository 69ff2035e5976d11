"""Write a demo of a port: a Gradio app, a notebook, the community page's row, an example run and a text to share."""

from __future__ import annotations

import argparse
from pathlib import Path

from scaffold.cli.checkouts import add_repo, given_port, saved_report
from scaffold.cli.console import Console
from scaffold.core.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model: its folder (roc_bert) or model type (data2vec-text)")
    add_repo(parser)
    parser.add_argument("--into", type=Path, metavar="DIR", help="the folder to write (default: demo-MODEL)")
    parser.add_argument("--task", metavar="NAME", help="what the demo does (default: what the port's heads suggest)")
    parser.add_argument(
        "--checkpoint", metavar="REPO", help="the checkpoint to load (default: the one that the file documents)"
    )
    parser.add_argument("--author", default="your name", metavar="NAME", help="for the community page")
    parser.add_argument("--author-url", default="https://huggingface.co/your-name", metavar="URL", help="the same")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the files; those that are there with the same contents stay as they are."""
    from scaffold.demo import make, write
    from scaffold.ported import port_of

    located = given_port(arguments, "demo")
    demo = make(
        located,
        port_of(located).models,
        saved_report(located),
        task=arguments.task,
        checkpoint=arguments.checkpoint,
        author=arguments.author,
        url=arguments.author_url,
    )
    into = (arguments.into or Path(f"demo-{located.names.stem}")).absolute()
    files = write(demo, into)
    console.data(
        {
            "task": demo.task.name,
            "class": demo.tf_class,
            "checkpoint": demo.checkpoint,
            "into": str(into),
            "files": files,
        }
    )
    console.say(f"{demo.task.name} with {demo.tf_class} and {demo.checkpoint}, in {into}:")
    for name in files:
        console.say(f"  {name}")
    console.say(f"Try it: pip install -r {into / 'requirements.txt'} && python {into / 'app.py'}")
    return ExitCode.OK
