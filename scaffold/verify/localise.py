"""Name the first tensor beyond tolerance: outputs are recorded in the order the model computes its hidden states.

Source of truth: guide.md G42 (compare inner variables top-down until the first difference).
"""

from __future__ import annotations

from dataclasses import dataclass

from scaffold.core.reports import Comparison, HeadReport

#: Hidden states come first in computing order, then what is made of them; a loss is the last thing computed.
_ORDER = ("hidden_states", "attentions", "past_key_values", "last_hidden_state", "logits", "loss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The earliest failing tensor of a class: in which case and mode, and what the comparison says."""

    tf_class: str
    case: str
    mode: str
    comparison: Comparison

    def render(self) -> str:
        """One line."""
        c = self.comparison
        return f"{self.tf_class} diverges first at {c.tensor} in {self.case} ({self.mode}): {c.note or c.max_scaled}"


def localise(head: HeadReport) -> Divergence | None:
    """The earliest failing tensor, from the case that shows most hidden states; None when all agree."""
    failing = [case for case in head.cases if any(not c.ok for c in case.comparisons)]
    if not failing:
        return None
    eager = [case for case in failing if case.mode == "eager"] or failing
    case = max(eager, key=lambda case: sum("hidden_states" in c.tensor for c in case.comparisons))
    bad = [c for c in case.comparisons if not c.ok]
    first = min(bad, key=lambda c: _rank(c.tensor))
    return Divergence(tf_class=head.tf_class, case=case.case, mode=case.mode, comparison=first)


def _rank(tensor: str) -> tuple[int, int, int]:
    """Encoders before decoders, hidden states before the rest, layers by number."""
    name, *rest = tensor.split("/")
    number = next((int(part) for part in rest if part.isdigit()), 0)
    kind = next((i for i, known in enumerate(_ORDER) if name.endswith(known)), len(_ORDER) - 2)
    return (int(not name.startswith("encoder")) if kind < 2 else 2, number if kind < 2 else 0, kind)
