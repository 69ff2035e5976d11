"""Compare a port with PyTorch on configurations and inputs drawn at random, and cut the first that differs to its smallest form.

Runs in the clone's work tree as it is; nothing is written to it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.cli.checkouts import add_repo, given_port
from scaffold.cli.console import Console
from scaffold.core.errors import ExitCode, ScaffoldError

if TYPE_CHECKING:
    from scaffold.core.checkout import Located
    from scaffold.fuzz import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model: its folder (roc_bert) or model type (data2vec-text)")
    add_repo(parser)
    parser.add_argument("--cases", type=int, default=200, metavar="N", help="how many cases (default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other cases with another number (default: 0)")
    parser.add_argument("--class", dest="classes", action="append", default=[], metavar="TFX", help="only this class")
    parser.add_argument("--replay", metavar="JSON", help="run one case again, as a failure prints it")
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="the Python that has the frameworks")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when every case agrees, 1 when one does not."""
    from scaffold.environment import check_environment, read_environment
    from scaffold.fuzz import Judge, fuzz, pairs_of
    from scaffold.ported import port_of

    if arguments.cases < 1:
        raise ScaffoldError("CLI103", "--cases is not positive", "give e.g. 200", exit_code=ExitCode.USAGE)
    located = given_port(arguments, "fuzz")
    case = _replayed(arguments.replay)
    check_environment(read_environment(arguments.python, located.root), tensorflow=True)
    pairs = pairs_of(port_of(located))
    if arguments.classes:
        pairs = [pair for pair in pairs if pair[1] in arguments.classes]
    if not pairs:
        raise ScaffoldError(
            "CLI103", "the port has no such class", "the checklist lists its classes", exit_code=ExitCode.USAGE
        )
    with console.step("fuzz"), Judge(located, pairs, _recorded(located), arguments.python) as judge:
        if case is not None:
            verdict = judge.ask(case)
            console.data({"case": case, "verdict": verdict})
            console.say(
                f"{verdict['status']}: {verdict.get('error') or verdict.get('where')} {verdict.get('worst', '')}"
            )
            return ExitCode.OK if verdict["status"] == "ok" else ExitCode.FAILURE
        outcome = fuzz(judge, pairs, count=arguments.cases, seed=arguments.seed)
        console.note(", ".join(f"{count} {what}" for what, count in outcome.counts.items()))
    console.data(_as_json(outcome))
    _show(console, outcome, located)
    return ExitCode.OK if outcome.failure is None else ExitCode.FAILURE


def _replayed(text: str | None) -> dict[str, Any] | None:
    """The case of --replay; CLI103 for anything that is none."""
    if text is None:
        return None
    try:
        case = json.loads(text)
        if not {"pt", "tf", "changes", "batch", "length", "mask", "integers", "seed", "limit"} <= set(case):
            raise ValueError("keys are missing")
    except (ValueError, TypeError) as error:
        raise ScaffoldError(
            "CLI103", f"--replay: {error}", "give the JSON that a failure printed", exit_code=ExitCode.USAGE
        ) from error
    return dict(case)


def _recorded(located: Located) -> dict[str, Any] | None:
    """The configuration that the port's own probe used, None for a port without one."""
    from scaffold.pipeline import state_folder
    from scaffold.publish.git import open_clone

    try:
        folder = state_folder(open_clone(located.root), located.names.stem)
        found: list[Path] = sorted((folder / "probe" / "classes").glob("*/base/config.json"))
        return dict(json.loads(found[0].read_text(encoding="utf-8"))) if found else None
    except (ScaffoldError, OSError, ValueError):
        return None


def _as_json(outcome: Outcome) -> dict[str, Any]:
    from scaffold.fuzz import question

    failure = outcome.failure
    return {
        "counts": dict(outcome.counts),
        "classes": dict(outcome.by_class),
        "worst": outcome.worst,
        "refusals": dict(outcome.refusals.most_common(10)),
        "failure": None
        if failure is None
        else {"case": question(failure.case, 1e-5), "verdict": dict(failure.verdict)},
    }


def _show(console: Console, outcome: Outcome, located: Located) -> None:
    from scaffold.fuzz import question

    agree = outcome.counts["ok"]
    console.say(
        f"{agree} cases agree, worst |tf − pt| / max(1, |pt|) {outcome.worst:.1e}; "
        f"{outcome.counts['refused']} that PyTorch does not take"
    )
    for name, count in sorted(outcome.by_class.items()):
        console.say(f"  {count:4d}  {name}")
    failure = outcome.failure
    if failure is None:
        return
    verdict, case = failure.verdict, failure.case
    console.say(f"\n{console.paint('FAIL', 'red')} {case['pair'][1]}, the smallest case found:")
    changes = ", ".join(f"{name}={value!r}" for name, value in case["changes"].items()) or "nothing changed"
    console.say(f"  configuration: {changes}")
    console.say(f"  inputs: batch {case['batch']}, length {case['length']}, mask {case['mask']}, {case['integers']}")
    console.say(f"  {verdict.get('error') or 'differs by {:.1e} at {}'.format(verdict['worst'], verdict['where'])}")
    replay = json.dumps(question(case, 1e-5))
    console.say(f"  again: scaffold fuzz {located.names.stem} --replay '{replay}'")
