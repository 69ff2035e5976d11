"""Write docs/reference/ from the code: commands, codes, checklist, registrars, rules, layout facets; and from its page of ports
what `scaffold candidates` knows.

`python -m scaffold.docgen` writes, `--check` says which pages are out of date (exit status 1).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
_NOTE = "<!-- Written by `python -m scaffold.docgen` from the code. Do not edit. -->\n"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def _code(text: str) -> str:
    """Inline code in a table cell; backticks and pipes inside need care."""
    text = re.sub(r"\s+", " ", text).replace("|", "\\|").strip()
    return (f"`` {text} ``" if "`" in text else f"`{text}`") if text else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join(' --- ' for _ in head)}|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def commands() -> str:
    """The commands with their arguments, as `--help` shows them."""
    import argparse

    from scaffold.cli.main import COMMANDS, Parser, build_parser, overview
    from scaffold.cli.options import EXITS, add_common

    # argparse wraps to the terminal and prints this run's interpreter as a default
    os.environ["COLUMNS"] = "100"
    os.environ["NO_COLOR"] = "1"
    every = Parser(usage=argparse.SUPPRESS, add_help=False)
    add_common(every)
    parts = [
        "# Commands\n",
        f"```text\n{overview()}```\n",
        f"## Every command\n\n```text\n{every.format_help().strip()}\n```\n",
        "With `--json`, standard output holds exactly one document, for an error "
        '`{"error": {"code", "message", "help", "exit_code", …}}`. No command asks a question where there is no terminal: '
        "it ends with status 2 and names the flag that answers it. What looks like a token is replaced by `•••` wherever "
        "it would be shown, logged or stored.\n",
    ]
    for name in COMMANDS:
        parser = build_parser(name, common=False)
        parser.epilog = None
        parser.formatter_class = lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100)
        usage = parser.format_help().replace(sys.executable, "this one").rstrip()
        parts.append(f"## scaffold {name}\n\n```text\n{usage}\n```\n")
    rows = [(str(int(code)), few, sentence) for code, (few, sentence) in EXITS.items()]
    parts.append("## Exit status\n\n" + _table(("status", "meaning", "when"), rows))
    return "\n".join(parts)


def codes() -> str:
    """Every error and diagnostic code."""
    from scaffold.core.codes import CODES

    parts = ["# Codes\n\n`scaffold explain CODE` prints an entry.\n"]
    parts += [f"## {code.code}: {code.title}\n\n{code.explanation}\n" for code in CODES.values()]
    return "\n".join(parts)


def checklist() -> str:
    """Every checklist item."""
    from scaffold.checklist import all_items

    rows = [(item.code, _cell(item.title), " ".join(item.requirements)) for item in all_items()]
    return (
        "# Checklist\n\n`scaffold checklist MODEL` judges these; `scaffold explain CODE` says more. The requirements are "
        "those of the porting guide.\n\n" + _table(("code", "item", "requirements"), rows)
    )


def registrars() -> str:
    """Every registration place."""
    from scaffold.register import all_registrars

    rows = []
    for registrar in sorted(all_registrars(), key=lambda r: r.name):
        where = ", ".join(f"{facet} = {value}" for facet, value in sorted(registrar.where.items()))
        rows.append((_code(registrar.name), _cell(registrar.title), where or "always", _cell(registrar.doc)))
    return "# Registration places\n\n" + _table(("registrar", "place", "where", "what it writes"), rows)


def rules() -> str:
    """Every rule of the translator, by family."""
    from scaffold.cli.explain import first_example
    from scaffold.translate.registry import all_rules

    families: dict[str, list[tuple[str, ...]]] = {}
    for family, rule in all_rules():
        becomes = rule.tf or first_example(rule)
        safety = getattr(rule, "safety", None)
        row = (_code(rule.torch), _code(becomes), safety.value if safety else "", _cell(rule.note))
        families.setdefault(family, []).append(row)
    total = sum(len(rows) for rows in families.values())
    parts = [
        f"# Rules\n\n{total} torch names in {len(families)} families. exact: the same numbers; close: the same to rounding; "
        "review: the same under the condition noted; manual: advice only.\n"
    ]
    for family in sorted(families):
        parts.append(f"## {family}\n\n" + _table(("torch", "TensorFlow", "safety", "note"), families[family]))
    return "\n".join(parts)


def layout() -> str:
    """Every layout facet with its values."""
    from scaffold.locate import facets

    rows = []
    for facet in facets().values():
        values = "; ".join(f"`{value}`: {meaning}" for value, meaning in facet.values.items())
        rows.append((_code(facet.name), _cell(facet.title), _cell(values)))
    return (
        "# Layout facets\n\nHow a checkout spells the places a port touches. Every facet is read from the files' content; a "
        "place that the checkout lacks is `absent`.\n\n" + _table(("facet", "about", "values"), rows)
    )


PAGES: dict[str, Callable[[], str]] = {
    "checklist.md": checklist,
    "codes.md": codes,
    "commands.md": commands,
    "layout.md": layout,
    "registrars.md": registrars,
    "rules.md": rules,
}


def outcomes() -> str:
    """What `scaffold candidates` knows offline: the outcomes of the published table of ports, which `scaffold sweep` writes."""
    table = (FOLDER / "ports.md").read_text(encoding="utf-8")
    release = re.search(r"Transformers (\d+\.\d+)|files of (\d+\.\d+)", table)
    models = dict(re.findall(r"^\| (\w+) \| [A-D] \| (\w+) \|", table, re.MULTILINE))
    known = next(filter(None, release.groups())) if release else "unknown"
    return json.dumps({"transformers": known, "models": dict(sorted(models.items()))}, indent=1) + "\n"


def _files() -> Iterator[tuple[Path, str]]:
    """Every generated file with its text."""
    for name, page in PAGES.items():
        yield FOLDER / name, _NOTE + "\n" + page()
    if (FOLDER / "ports.md").is_file():
        yield Path(__file__).parent / "study" / "outcomes.json", outcomes()


def main(argv: list[str]) -> int:
    """Write the files, or name those that are out of date."""
    stale = []
    for path, text in _files():
        name = path.name
        if (path.read_text(encoding="utf-8") if path.is_file() else None) != text:
            stale.append(name)
            if "--check" not in argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if "--check" in argv and stale:
        print(f"out of date: {', '.join(stale)}; run `python -m scaffold.docgen`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
