"""The guide and the README say what exists: commands parse, links resolve, every requirement and code is there."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold.cli.main import COMMANDS, build_parser
from scaffold.core.codes import CODES
from scaffold.core.errors import ScaffoldError

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "guide"
PAGES = [ROOT / "README.md", *sorted(GUIDE.glob("*.md"))]
LINKED = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
REQUIREMENTS = [f"G{number}" for number in range(1, 45)]

_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_ROW = re.compile(r"^\| (G\d+) \|.*\]\(([\w.-]+\.md)(?:#[\w-]+)?\) \|$", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(text: str) -> str:
    return _FENCE.sub("", text)


def block_lines(block: str) -> Iterator[str]:
    """The command lines of a fenced block: all of them, or those behind `$` where output stands between them."""
    lines = block.replace("\\\n", " ").splitlines()
    transcript = any(line.startswith("$ ") for line in lines)
    for line in lines:
        if line.startswith("$ ") or not transcript:
            yield line.removeprefix("$ ").strip()


def commands_in(text: str) -> list[list[str]]:
    """Every `scaffold …` of the text as an argument vector without `scaffold`."""
    lines = [line for block in _FENCE.findall(text) for line in block_lines(block)]
    lines += _INLINE.findall(prose(text))
    found = []
    for line in lines:
        if re.match(r"scaffold [a-z-]", line):
            words = shlex.split(line, comments=True)
            ends = [i for i, word in enumerate(words) if word in ("|", ">", "&&", ";", "2>&1")]
            found.append(words[1 : min(ends, default=len(words))])
    return found


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of the page's headings."""
    found: set[str] = set()
    for title in re.findall(r"^#{1,6} (.+)$", prose(path.read_text(encoding="utf-8")), re.MULTILINE):
        found.add(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))
    return found


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings}


def check_link(page: Path, target: str) -> str | None:
    """What is wrong with a link, None when nothing is; addresses on the web are not looked up."""
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not path.exists():
        return f"{target}: no such file"
    if anchor and anchor not in anchors(path):
        return f"{target}: no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_line_parses(page: Path) -> None:
    for words in commands_in(page.read_text(encoding="utf-8")):
        if words[0] in ("--help", "--version", "COMMAND"):
            continue
        assert words[0] in COMMANDS, f"scaffold {shlex.join(words)}"
        if "--help" in words:
            continue
        try:
            build_parser(words[0]).parse_args(words[1:])
        except ScaffoldError as error:
            pytest.fail(f"scaffold {shlex.join(words)}: {error.message}")


def test_command_lines_are_found() -> None:
    text = "Run `scaffold rules conv`.\n\n```\n$ scaffold explain X \\\n  --json  # why\nscaffold no command\n```\n"
    assert commands_in(text) == [["explain", "X", "--json"], ["rules", "conv"]]


@pytest.mark.parametrize("page", LINKED, ids=name_of)
def test_links_resolve(page: Path) -> None:
    targets = _LINK.findall(prose(page.read_text(encoding="utf-8")))
    assert not [problem for problem in (check_link(page, target) for target in targets) if problem]


@pytest.mark.parametrize("target", ["nowhere.md", "README.md#no-such-heading"])
def test_broken_links_are_seen(target: str) -> None:
    assert check_link(GUIDE / "README.md", target)


def test_the_index_has_every_requirement_in_order() -> None:
    rows = _ROW.findall((GUIDE / "README.md").read_text(encoding="utf-8"))
    assert [requirement for requirement, _ in rows] == REQUIREMENTS


def test_the_page_of_a_requirement_has_a_heading_for_it() -> None:
    for requirement, page in _ROW.findall((GUIDE / "README.md").read_text(encoding="utf-8")):
        titles = re.findall(r"^## (.+)$", (GUIDE / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert [t for t in titles if re.search(rf"\b{requirement}\b", t)], f"{requirement} has no heading in {page}"


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=name_of)
def test_codes_are_in_the_catalogue(page: Path) -> None:
    used = set(re.findall(r"\b[A-Z]{3}\d{3}\b", page.read_text(encoding="utf-8")))
    assert not used - set(CODES)


def test_options_named_alone_exist() -> None:
    """An option in the prose belongs to some command; those of other programs stand in a whole command line."""
    known = {"--help", "--version"}.union(*(options_of(build_parser(name)) for name in COMMANDS))
    for page in PAGES:
        for code in _INLINE.findall(prose(page.read_text(encoding="utf-8"))):
            if code.startswith("--"):
                assert set(_OPTION.findall(code)) <= known, f"{name_of(page)}: {code}"
