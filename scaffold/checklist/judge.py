"""Judge every item on one port."""

from __future__ import annotations

from scaffold.checklist.item import Item
from scaffold.checklist.subject import Subject
from scaffold.core.checkout import Located
from scaffold.core.registry import collect
from scaffold.core.reports import CheckResult, VerificationReport


def all_items() -> tuple[Item, ...]:
    """The checklist's items, by code."""
    return tuple(collect("scaffold.checklist.items", "ITEMS", Item, lambda item: item.code).values())


def checklist(located: Located, *, report: VerificationReport | None = None) -> tuple[CheckResult, ...]:
    """One result for each item, in the order of their codes."""
    subject = Subject(located, report)
    return tuple(item.check(subject) for item in all_items())
