"""How long-running code tells what it is doing without printing: the console implements this, tests use the silent one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """One step at a time; `note` adds a detail to the step that is running."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """A step with its own line and time."""
        ...

    def note(self, text: str) -> None:
        """Something worth a word about the step that is running."""
        ...


class Silent:
    """Progress that nobody watches."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Nothing is shown."""
        yield

    def note(self, text: str) -> None:
        """Nothing is shown."""
