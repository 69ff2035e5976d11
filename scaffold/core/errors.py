"""The one exception type that reaches the user, with its exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes (documented in docs/reference/commands.md)."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    CHECKLIST_FAILED = 3
    AUTHENTICATION = 4
    CONFLICT = 5
    NETWORK = 6
    UNSUPPORTED_SOURCE = 7
    INTERRUPTED = 130


class ScaffoldError(Exception):
    """An expected failure: `message` states a fact, `help` says in the imperative what to do.

    `code` is a key of `scaffold.core.codes.CODES`, `exit_code` the process's exit status.
    """

    def __init__(self, code: str, message: str, help: str = "", *, exit_code: ExitCode = ExitCode.FAILURE) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.exit_code = exit_code

    def __str__(self) -> str:
        text = f"error[{self.code}]: {self.message}"
        return f"{text}\n  help: {self.help}" if self.help else text
