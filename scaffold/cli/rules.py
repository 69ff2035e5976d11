"""List the translator's rules: which torch names it knows and what they become."""

from __future__ import annotations

import argparse

from scaffold.cli.console import Console
from scaffold.cli.explain import first_example
from scaffold.core.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("pattern", nargs="?", default="", help="only names that contain this")
    parser.add_argument("--family", help="only rules of this family (shaping, linear, layers, …)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print one line a rule."""
    from scaffold.translate.registry import all_rules

    chosen = [
        (family, rule)
        for family, rule in all_rules()
        if arguments.pattern in rule.torch and arguments.family in (None, family)
    ]
    console.data([{"torch": rule.torch, "family": family, "tf": rule.tf, "note": rule.note} for family, rule in chosen])
    width = max((len(rule.torch) for _, rule in chosen), default=0)
    for family, rule in chosen:
        console.say(f"{rule.torch:<{width}}  {family:<12} {rule.tf or first_example(rule) or rule.note}")
    console.talk(f"{len(chosen)} rules")
    return ExitCode.OK
