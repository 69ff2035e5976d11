"""Seconds that are counted instead of slept.

Imported with the package, before scaffold: its functions take `time.sleep` as a default argument when they are made.
"""

from __future__ import annotations

import time

#: The longest pause of `subprocess` between two looks at a child; waiting for a program is no waiting for GitHub.
_POLL = 0.05
_really_sleep = time.sleep


class Waiting:
    """`counting` is switched on in the processes that run a command; `slept` is what they would have slept."""

    def __init__(self) -> None:
        self.counting = False
        self.slept = 0.0

    def sleep(self, seconds: float, /) -> None:
        """What stands in `time`."""
        if self.counting and seconds > _POLL:
            self.slept += seconds
        else:
            _really_sleep(seconds)


WAITING = Waiting()
time.sleep = WAITING.sleep  # type: ignore[assignment]
