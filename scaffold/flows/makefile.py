"""What `make fixup` of a checkout runs, read from its Makefile: plain commands, in make's order.

Source: the Makefiles of Transformers 4.8 to 4.57: tools and scripts, one a line, apart from one shell `if` around
the formatters. Lines that need a shell are named, not guessed at.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: The first words that recipes run; `python` stands for the interpreter of the target environment.
TOOLS = ("python", "python3", "ruff", "black", "isort", "flake8", "doc-builder")

#: The variable that holds the files changed on the branch.
CHANGED = "modified_py_files"

_RULE = re.compile(r"^([A-Za-z0-9_.-]+)\s*:(?!=)\s*([^=]*)$")
_VARIABLE = re.compile(r"^(?:export\s+)?([A-Za-z_]\w*)\s*[:?]?=\s*(.*)$")
_REFERENCE = re.compile(r"\$[({](\w+)[)}]")
_MAKE = re.compile(r"\$[({]MAKE[)}]\s+([\w-]+)")
_SHELL = re.compile(r"[|&<>`*]|\$\(|\$\{")
_SILENT = ("", "fi", "else", "true")


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the recipe, `tool` being one of TOOLS; `unread` is the text of a line that could not be read."""

    tool: str
    arguments: tuple[str, ...] = ()
    unread: str = ""

    @property
    def title(self) -> str:
        """A few words for the report: the script's name, or the tool with its sub-command."""
        if self.unread:
            return self.unread
        words = [word for word in self.arguments[:2] if not word.startswith("-")]
        if self.tool.startswith("python"):
            return words[0].rpartition("/")[2] if words else self.tool
        return " ".join([self.tool, *[w for w in words[:1] if w.isalpha()]])


class Makefile:
    """The rules and variables of a Makefile's text."""

    def __init__(self, text: str) -> None:
        self.variables: dict[str, str] = {}
        self.rules: dict[str, tuple[list[str], list[str]]] = {}
        recipe: list[str] = []
        for line in text.replace("\\\n", " ").split("\n"):
            if line.startswith("\t"):
                recipe.append(line.strip())
                continue
            line = line.split("#", 1)[0].rstrip()
            rule, variable = _RULE.match(line), _VARIABLE.match(line)
            if rule:
                recipe = []
                self.rules[rule[1]] = (rule[2].split(), recipe)
            elif variable:
                self.variables[variable[1]] = variable[2].strip()

    def steps(self, target: str, given: Mapping[str, str], seen: set[str] | None = None) -> Iterator[Step]:
        """The commands of a target and of what it depends on, each target once; `given` overrides variables."""
        seen = set() if seen is None else seen
        if target in seen or target not in self.rules:
            return
        seen.add(target)
        needed, recipe = self.rules[target]
        for name in needed:
            yield from self.steps(name, given, seen)
        for line in recipe:
            called = _MAKE.search(line)
            if called:
                yield from self.steps(called[1], given, seen)
            elif not line.lstrip("@").startswith(("$(eval", "#")):
                yield from self._commands(line.lstrip("@-+"), given)

    def _commands(self, line: str, given: Mapping[str, str]) -> Iterator[Step]:
        """The commands of one recipe line. The condition around the formatters is known: are there changed files?"""
        for part in line.split(";"):
            text = re.sub(r"^\s*(?:then|else)\b", "", part).strip()
            if text in _SILENT or text.startswith(("if ", "echo ", "rm ")):
                continue
            uses_changed = CHANGED in _REFERENCE.findall(text)
            if uses_changed and not given.get(CHANGED):
                continue
            step = self._command(text, given)
            if step is not None:
                yield step

    def _command(self, text: str, given: Mapping[str, str]) -> Step | None:
        expanded = self._expand(text, given)
        try:
            words = shlex.split(expanded)
        except ValueError:
            return Step("", unread=text)
        if not words:
            return None
        if words[0] not in TOOLS or _SHELL.search(_REFERENCE.sub("", text)):
            return Step("", unread=text)
        return Step(words[0], tuple(words[1:]))

    def _expand(self, text: str, given: Mapping[str, str], depth: int = 0) -> str:
        """Variables replaced by their values; unknown ones are empty, as in make."""
        if depth > 5:
            return text
        known = {**self.variables, **given}
        expanded = _REFERENCE.sub(lambda found: known.get(found[1], ""), text)
        return self._expand(expanded, given, depth + 1) if _REFERENCE.search(expanded) else expanded


def fixup(text: str, changed: list[str]) -> list[Step]:
    """The commands of `make fixup` for the changed files; empty when the Makefile has no such target."""
    makefile = Makefile(text)
    folders = tuple(f"{folder}/" for folder in makefile.variables.get("check_dirs", "").split())
    files = [path for path in changed if path.endswith(".py") and path.startswith(folders or ("",))]
    return list(makefile.steps("fixup", {CHANGED: " ".join(shlex.quote(path) for path in files)}))
