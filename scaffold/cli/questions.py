"""Ask for what is missing when somebody can answer; otherwise name the flag and stop."""

from __future__ import annotations

from collections.abc import Sequence

from scaffold.cli.console import Console
from scaffold.core.errors import ExitCode, ScaffoldError


def missing(what: str, flag: str) -> ScaffoldError:
    """The refusal without a terminal."""
    return ScaffoldError("CLI102", f"{what} is missing", f"give {flag}", exit_code=ExitCode.USAGE)


def ask(
    console: Console, question: str, *, what: str, flag: str, choices: Sequence[str] = (), yes: bool = False
) -> str:
    """An answer from the terminal: free text, or one of the choices. `yes` and no terminal never ask."""
    if yes or not console.interactive:
        raise missing(what, flag)
    # 0.25 s to import, so only when a question is put
    import questionary

    if len(choices) > 12:
        prompt = questionary.autocomplete(question, choices=list(choices), validate=lambda text: text in choices)
    elif choices:
        prompt = questionary.select(question, choices=list(choices))
    else:
        prompt = questionary.text(question, validate=lambda text: bool(text.strip()))
    with console.paused():
        answer = prompt.ask()
    if answer is None:  # Ctrl-C in the prompt
        raise KeyboardInterrupt
    return str(answer).strip()


def confirm(console: Console, question: str, *, what: str = "the confirmation", flag: str = "--yes", yes: bool) -> bool:
    """Yes or no from the terminal, no being the default; `yes` answers, no terminal is a refusal that names the flag."""
    if yes:
        return True
    if not console.interactive:
        raise missing(what, flag)
    import questionary

    with console.paused():
        answer = questionary.confirm(question, default=False).ask()
    if answer is None:  # Ctrl-C in the prompt
        raise KeyboardInterrupt
    return bool(answer)
