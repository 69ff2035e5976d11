"""Say what an error code means, or how a torch function, method or layer is translated."""

from __future__ import annotations

import argparse
import difflib
from typing import Any

from scaffold.cli.console import Console
from scaffold.cli.questions import missing
from scaffold.core.errors import ExitCode, ScaffoldError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("subject", nargs="?", help="a code (TFP102) or a torch name (torch.cat, torch.Tensor.view)")


def _explain_code(name: str, console: Console) -> bool:
    from scaffold.core.codes import CODES

    code = CODES.get(name.upper())
    if code is None:
        return False
    console.data({"code": code.code, "title": code.title, "explanation": code.explanation})
    console.say(f"{code.code}: {code.title}\n\n{code.explanation}")
    return True


def rule_lines(rule: Any) -> list[str]:
    """A rule in a few lines of text."""
    lines = [rule.torch]
    if getattr(rule, "args", ()):
        lines[0] += f"({', '.join(rule.args)})"
    if rule.tf:
        lines.append(f"  → {rule.tf}")
    if getattr(rule, "safety", None) is not None:
        lines.append(f"  {rule.safety.value}")
    if rule.note:
        lines.append(f"  {rule.note}")
    for argument, why in dict(getattr(rule, "unsupported", {})).items():
        lines.append(f"  refused with `{argument}`: {why}")
    for example in getattr(rule, "examples", ()):
        lines.append(f"    {example.before}\n      → {example.after}")
    return lines


def first_example(rule: Any) -> str:
    """What the first example becomes, for rules that are a function and have no template."""
    return next((str(example.after) for example in getattr(rule, "examples", ())), "")


def _explain_rule(name: str, console: Console) -> bool:
    from scaffold.translate.registry import find

    rule = find(name) or find(f"torch.{name}") or find(f"torch.Tensor.{name}")
    if rule is None:
        return False
    lines = rule_lines(rule)
    console.data({"torch": rule.torch, "tf": rule.tf, "note": rule.note, "text": "\n".join(lines)})
    console.say("\n".join(lines))
    return True


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the entry."""
    subject = arguments.subject
    if not subject:
        raise missing("what to explain", "a code or a torch name, e.g. `scaffold explain torch.cat`")
    if _explain_code(subject, console) or _explain_rule(subject, console):
        return ExitCode.OK
    from scaffold.core.codes import CODES
    from scaffold.translate.registry import rules_by_name

    close = difflib.get_close_matches(subject, [*CODES, *rules_by_name()], n=3, cutoff=0.6)
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close
        else "docs/reference/codes.md lists the codes, `scaffold rules` the rules"
    )
    raise ScaffoldError("CLI104", f"{subject!r} is no code and has no rule", hint, exit_code=ExitCode.USAGE)
