"""Format the generated file as the repository does: its ruff settings, unused imports and variables removed."""

from __future__ import annotations

import ast
import json
import subprocess

from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.formatting import Unformattable, formatted, ruff


def tidy(text: str, located: Located | None = None) -> str:
    """Formatted text. ScaffoldError TFP002 when the text does not parse, which is a defect of the translator."""
    del located
    try:
        return formatted(text)
    except Unformattable as error:
        raise unparsable(str(error)) from None


def unparsable(why: str) -> ScaffoldError:
    """The refusal of a file whose translation is no Python: what it says, it says in a form that is not understood."""
    return ScaffoldError(
        "TFP002",
        f"the generated file does not parse: {why}",
        "report this, with the PyTorch file",
        exit_code=ExitCode.UNSUPPORTED_SOURCE,
    )


def undefined_names(text: str) -> list[tuple[int, str]]:
    """(first line of the statement, name) of every undefined name."""
    command = [
        ruff(),
        "check",
        "--isolated",
        "--quiet",
        "--exit-zero",
        "--select=F821",
        "--output-format=json",
        "--target-version=py310",
        "-",
    ]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    found = {(d["location"]["row"], d["message"].split("`")[1]) for d in json.loads(result.stdout or "[]")}
    if not found:
        return []
    starts: dict[int, int] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            last = node.body[0].lineno - 1 if hasattr(node, "body") and node.body else node.end_lineno or node.lineno
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            for line in range(first, last + 1):
                starts[line] = max(starts.get(line, 0), first)
    return sorted({(starts.get(line, line), name) for line, name in found})
