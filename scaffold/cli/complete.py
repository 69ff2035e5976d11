"""Answer a shell's question what may come next: commands, options, their values, models of the surrounding clone.

Asked on every press of the tabulator key, so it starts no process and reads little but folders: a fraction of a second.
The shells' halves are the scripts of `templates/completion/`, printed by `scaffold completion`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from scaffold.cli.console import Console

#: Instead of candidates: let the shell complete names of files or of folders, as it does everywhere.
FILES, FOLDERS = ":files", ":folders"

Candidate = tuple[str, str]


def answer(words: Sequence[str]) -> int:
    """Print the candidates, one `value<TAB>description` a line; nothing, and status 0, whatever goes wrong.

    `words` is the command line after the program's name, up to the word at the cursor, which may be empty.
    """
    console = Console()
    try:
        lines = ["\t".join(candidate) for candidate in candidates(words)]
    except Exception:  # a half-typed line may be anything, and a message would land in the middle of it
        return 0
    console.raw("".join(f"{line}\n" for line in lines))
    return 0


def candidates(words: Sequence[str]) -> list[Candidate]:
    """(value, description) of everything that may stand where the last word stands and begins like it."""
    before, current, prefix = _split(words)
    found = _possible(before, current)
    return [(prefix + value, text) for value, text in found if value.startswith(current) or value in (FILES, FOLDERS)]


def _split(words: Sequence[str]) -> tuple[list[str], str, str]:
    """(words before, the current word, what to put before each value).

    bash cuts `--color=al` into three words and wants the last one completed; the others leave it whole and want it whole.
    """
    words = list(words) or [""]
    if words[-1] == "=":
        words.append("")
    if len(words) > 2 and words[-2] == "=":
        return [*words[:-3], words[-3]], words[-1], ""
    last = words[-1]
    if last.startswith("--") and "=" in last:
        option, _, value = last.partition("=")
        return [*words[:-1], option], value, f"{option}="
    return words[:-1], last, ""


def _possible(before: Sequence[str], current: str) -> list[Candidate]:
    from scaffold.cli.main import COMMANDS, build_parser
    from scaffold.cli.options import COLOR, behind

    last, before = (before[-1] if before else ""), behind(before)
    if not before or before[0] not in COMMANDS:
        if last in ("--color", "--log-file"):
            return [(FILES, "")] if last == "--log-file" else [(when, "") for when in COLOR]
        own = [("--help", "the commands"), ("--version", "the version")]
        return own if current.startswith("-") else [(name, command.summary) for name, command in COMMANDS.items()]
    command, given = before[0], before[1:]
    parser = build_parser(command)
    options = {option: action for action in parser._actions for option in action.option_strings}
    expecting = options.get(given[-1]) if given else None
    if expecting is not None and expecting.nargs != 0:
        return _values(expecting, command, given)
    if current.startswith("-"):
        return [(option, _text(action)) for option, action in options.items() if option not in given]
    positionals = [action for action in parser._actions if not action.option_strings]
    at = _count_positionals(given, options)
    return _values(positionals[at], command, given) if at < len(positionals) else []


def _count_positionals(given: Sequence[str], options: dict[str, argparse.Action]) -> int:
    count, skip = 0, False
    for word in given:
        action = options.get(word)
        if not skip and not word.startswith("-"):
            count += 1
        skip = action is not None and action.nargs != 0
    return count


def _text(action: argparse.Action) -> str:
    return " ".join((action.help or "").split()).replace("%%", "%")


def _values(action: argparse.Action, command: str, given: Sequence[str]) -> list[Candidate]:
    """What an option or positional may be."""
    if action.choices is not None:
        return [(str(choice), "") for choice in action.choices]
    if action.dest == "model":
        return [(name, "") for name in models(command, _root(given))]
    if action.dest == "subject":
        from scaffold.core.codes import CODES

        return [(code.code, code.title) for code in CODES.values()]
    if action.dest in ("repo", "into"):
        return [(FOLDERS, "")]
    return [(FILES, "")] if action.type is Path or action.metavar in ("PATH", "FILE", "DIR") else []


def _root(given: Sequence[str]) -> Path | None:
    """The clone of --repo, else the one around the current directory."""
    from scaffold.cli.checkouts import surrounding

    for number, word in enumerate(given):
        if word.startswith("--repo="):
            return Path(word.partition("=")[2]).expanduser()
        if word == "--repo" and number + 1 < len(given):
            return Path(given[number + 1]).expanduser()
    return surrounding()


def models(command: str, root: Path | None) -> list[str]:
    """The models that the command can be about: those without TensorFlow for a new port, else those that were ported."""
    if root is None:
        return []
    from scaffold.locate.resolve import folders, has_tensorflow, portable, stems

    if command == "new-tf-model":
        return portable(root)
    found = set(_ported(root))
    if command == "checklist":  # hand-written ports are judged, too
        found |= {
            stem for folder in folders(root) for stem in stems(root, folder) if has_tensorflow(root, folder, stem)
        }
    return sorted(found)


def _ported(root: Path) -> Iterable[str]:
    """The models that have a branch `add_tf_…`, read as git stores branches: asking git would take longer than all else."""
    git = root / ".git"
    if git.is_file():  # a linked work tree: its branches are the main one's
        git = root / git.read_text(encoding="utf-8").partition(":")[2].strip()
        git = git / (git / "commondir").read_text(encoding="utf-8").strip()
    prefix = "refs/heads/add_tf_"
    for path in (git / "refs" / "heads").glob("add_tf_*"):
        yield path.name.removeprefix("add_tf_")
    packed = git / "packed-refs"
    if packed.is_file():
        for line in packed.read_text(encoding="utf-8").splitlines():
            name = line.partition(" ")[2]
            if name.startswith(prefix):
                yield name.removeprefix(prefix)
