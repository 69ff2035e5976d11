"""What a registrar is, and how all of them are found: one module per place and style below `registrars/`.

A registrar plans; it never writes. Source of the places: the releases of Transformers named in each module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from scaffold.core.checkout import Located
from scaffold.core.edits import Outcome, Tree
from scaffold.core.layout import Layout
from scaffold.core.port import Port
from scaffold.core.registry import collect

Plan = Callable[[Located, Port, Tree], "tuple[Outcome, ...]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """One place in one style.

    `place` groups the styles of one place; `where` lists the layout facets and values it serves; `plan` returns the
    outcomes, or nothing when the file turns out to have another style. `after` names places whose edits it reads.
    """

    name: str
    place: str
    title: str
    doc: str
    plan: Plan
    where: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    def serves(self, layout: Layout) -> bool:
        """True unless the layout says otherwise; a facet that no probe reported is left to `plan` to detect."""
        return all(layout.value(facet) == value for facet, value in self.where.items() if facet in layout.facets)


def all_registrars() -> tuple[Registrar, ...]:
    """All registrars, each after the places it reads, otherwise by name."""
    return _in_order(collect("scaffold.register.registrars", "REGISTRAR", Registrar, key=lambda r: r.name))


def _in_order(found: Mapping[str, Registrar]) -> tuple[Registrar, ...]:
    by_place: dict[str, list[str]] = {}
    for registrar in found.values():
        by_place.setdefault(registrar.place, []).append(registrar.name)
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted(found):
        sorter.add(name, *(n for place in found[name].after for n in sorted(by_place.get(place, []))))
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(f"registrars wait for each other: {error.args[1]}") from error
    order: list[Registrar] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += [found[name] for name in ready]
        sorter.done(*ready)
    return tuple(order)
