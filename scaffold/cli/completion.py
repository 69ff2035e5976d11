"""Print the script that completes commands, options and model names in a shell.

bash: eval "$(scaffold completion bash)" in ~/.bashrc; zsh: the same with zsh in ~/.zshrc;
fish: scaffold completion fish > ~/.config/fish/completions/scaffold.fish
"""

from __future__ import annotations

import argparse

from scaffold.cli.console import Console
from scaffold.cli.questions import missing
from scaffold.core.errors import ExitCode

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.description = __doc__  # with the lines that say where the script goes
    parser.add_argument("shell", nargs="?", choices=SHELLS, help="the shell that the script is for")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the script."""
    from scaffold.core.resources import template

    if not arguments.shell:
        raise missing("the shell", "bash, zsh or fish, e.g. `scaffold completion bash`")
    script = template(f"completion/scaffold.{arguments.shell}")
    console.raw(script)
    console.data({"shell": arguments.shell, "script": script})
    return ExitCode.OK
