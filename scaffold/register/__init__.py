"""Register: plan the entries of a finished port in every place that names models.

The places and their forms are those of the clone itself; each has its own module below `registrars/`.
"""

from __future__ import annotations

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.registrar import Registrar, all_registrars
from scaffold.register.removal import remove, unregister

__all__ = ["Registrar", "all_registrars", "register", "remove", "unregister"]


def register(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """Plan every registration of `port` on `tree`: an edit, already done, or absent for each place.

    Raises ScaffoldError (REG1nn) when a place is there but its anchor is missing or ambiguous.
    """
    outcomes: list[Outcome] = []
    absent: set[tuple[str, str]] = set()
    for registrar in all_registrars():
        if not registrar.serves(located.layout):
            continue
        for outcome in registrar.plan(located, port, tree):
            if isinstance(outcome, Absent):
                # Two styles of one place may both find the file missing; one report is enough.
                if (registrar.place, outcome.path) in absent:
                    continue
                absent.add((registrar.place, outcome.path))
            outcomes.append(outcome)
    return tuple(outcomes)
