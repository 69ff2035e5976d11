"""Answers given at once: `--answers FILE`, `--data KEY=VALUE` and `--defaults`, as Copier has them, and those of the last run.

An answer becomes the default of the option that it is named after, so whatever stands on the command line wins, then --data,
then --answers, then what the last run of this model was told.
"""

from __future__ import annotations

import argparse
import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scaffold.core.errors import ExitCode, ScaffoldError

_FILE = "answers.json"

#: What a second run of the same model need not be told again.
_KEPT = ("contributor", "contributor_url")

#: Options that an answer cannot stand for: they ask for something else, or say where the answers are.
_NO_ANSWERS = ("help", "defaults", "data", "answers")

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def add_answers(parser: argparse.ArgumentParser) -> None:
    """The arguments --answers, --data and --defaults."""
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="take answers from a YAML or JSON file; its keys are long option names",
    )
    parser.add_argument(
        "--data", action="append", default=[], metavar="KEY=VALUE", help="one answer, e.g. contributor=Jo (repeatable)"
    )
    parser.add_argument(
        "--defaults", action="store_true", help="ask nothing; what has no default has to be given as an option"
    )


def parse(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
    """The command's arguments with the given answers in the place of defaults.

    CLI107 for a key that is no option, CLI108 for a file that cannot be read, both with exit status 2.
    """
    arguments = parser.parse_args(argv)
    given: dict[str, Any] = {}
    if getattr(arguments, "answers", None) is not None:
        given |= _read(arguments.answers)
    given |= dict(_split(pair) for pair in getattr(arguments, "data", []))
    if not given:
        return arguments
    parser.set_defaults(**_by_option(parser, given))
    return parser.parse_args(argv)


def _bad(message: str, help: str) -> ScaffoldError:
    return ScaffoldError("CLI108", message, help, exit_code=ExitCode.USAGE)


def _split(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not key or not equals:
        raise _bad(f"--data {pair!r} is not KEY=VALUE", "write e.g. --data contributor=Jo")
    return key, value


def _read(path: Path) -> dict[str, Any]:
    """The file's answers; Copier's own entries, which begin with an underscore, are left out. JSON is YAML, too."""
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        what = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise _bad(f"{path} cannot be read: {what}", "check --answers") from error
    if not isinstance(document, dict):
        raise _bad(f"{path} holds no answers", "write `option: value` lines, e.g. `contributor: Jo`")
    entries = {str(key): value for key, value in document.items()}
    return {key: value for key, value in entries.items() if not key.startswith("_") and value is not None}


def _by_option(parser: argparse.ArgumentParser, given: Mapping[str, Any]) -> dict[str, Any]:
    """Destination → value, each as argparse would have made it of the option."""
    actions = {_key(action): action for action in parser._actions}
    known = {key: action for key, action in actions.items() if key not in _NO_ANSWERS}
    found = {}
    for key, value in given.items():
        action = known.get(key.replace("_", "-"))
        if action is None:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
            raise ScaffoldError(
                "CLI107",
                f"there is no option for the answer {key!r}",
                f"did you mean {close[0]}?" if close else f"`{parser.prog} --help` shows the options",
                exit_code=ExitCode.USAGE,
            )
        found[action.dest] = _value(key, action, value)
    return found


def _key(action: argparse.Action) -> str:
    """The long option without its dashes; a positional goes by its name."""
    longest = max(action.option_strings, key=len, default=action.dest)
    return longest.lstrip("-").replace("_", "-")


def _value(key: str, action: argparse.Action, value: Any) -> Any:
    if action.nargs == 0:
        truth = value if isinstance(value, bool) else _WORDS.get(str(value).lower())
        if truth is None:
            raise _bad(f"the answer {key}={value!r} is neither true nor false", f"give true or false for {key}")
        return action.const if truth else action.default
    if isinstance(value, list):
        if not isinstance(action.default, list):
            raise _bad(f"the answer {key} is a list", f"give one value for {key}")
        return [str(entry) for entry in value]
    if isinstance(value, dict | bool):
        raise _bad(f"the answer {key}={value!r} is no text", f"give a text for {key}, in quotation marks")
    if action.choices is not None and str(value) not in action.choices:
        choices = ", ".join(str(choice) for choice in action.choices)
        raise _bad(f"the answer {key}={value!r} is not one of {choices}", f"choose one of them for {key}")
    return [str(value)] if isinstance(action.default, list) else str(value)


def keep(arguments: argparse.Namespace, folder: Path) -> None:
    """Note the answers below the port's private folder, for the next run of the same model."""
    from scaffold.publish.journal import write_json

    answers = {key: value for key in _KEPT if (value := getattr(arguments, key, None))}
    if answers:
        write_json(folder / _FILE, answers)


def recall(arguments: argparse.Namespace, folder: Path) -> bool:
    """Fill in what the last run was told, unless this one is told anything of it; True when something was."""
    if any(getattr(arguments, key, None) for key in _KEPT):
        return False
    try:
        noted = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # nothing that could not be asked again
        return False
    answers = {key: noted[key] for key in _KEPT if isinstance(noted, dict) and isinstance(noted.get(key), str)}
    vars(arguments).update(answers)
    return bool(answers)
