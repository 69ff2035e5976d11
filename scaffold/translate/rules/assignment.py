"""Functions of SciPy that losses call between two operations of torch.

Source: scipy.optimize's documentation. There is no gradient through an assignment in either framework.
"""

from __future__ import annotations

from scaffold.translate.callsite import CallSite
from scaffold.translate.rule import rewrite


@rewrite(
    "scipy.optimize.linear_sum_assignment",
    args=("cost_matrix",),
    result="tuple",
    note="the assignment of least total cost",
)
def linear_sum_assignment(call: CallSite) -> str:
    """The assignment of least total cost: SciPy's own function, called when the graph runs."""
    call.emits("linear_sum_assignment")
    return f"_linear_sum_assignment({call.text('cost_matrix')})"
