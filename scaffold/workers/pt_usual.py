"""What a model computes with the attention that PyTorch takes by itself, where that is not what its eager attention computes.

Both should give the same numbers, and the eager one is translated. In some models they do not: a bias that eager code adds
twice, a mask that only `scaled_dot_product_attention` is given (`is_causal`). Users load the usual one.
"""

from __future__ import annotations

import copy
from typing import Any

from pt_cases import flatten, portable_outputs
from pt_subject import Subject

_ROUNDING = 1e-3  # of the largest element: far above what the order of additions changes


def difference(subject: Subject) -> float | None:
    """How far the two answers to a call without masks are apart; None where it is what rounding does, or nothing is known."""
    inputs = {name: value for name, value in subject.done.get("default", {}).items() if not name.endswith("mask")}
    inputs = subject.done.get("minimal") or inputs
    if not inputs or not getattr(type(subject.model), "_supports_sdpa", False):
        return None
    config = copy.deepcopy(subject.model.config)
    for part in (config, *vars(config).values()):
        if hasattr(part, "_attn_implementation_internal"):
            part._attn_implementation_internal = None
            part._attn_implementation_autoset = False
    usual = type(subject.model)(config).eval()
    usual.load_state_dict(subject.model.state_dict())
    other = Subject(usual, inputs, {}, deadline=subject.deadline)
    flags = subject.taken(return_dict=True)
    answers = [
        other.run("usual", inputs, flags, save=False),
        subject.run("eager", inputs, flags, save=False, note=False),
    ]
    return None if None in answers else _apart(*answers)


def _apart(usual: Any, eager: Any) -> float | None:
    first, second = (dict(flatten("out", portable_outputs(answer)[0])) for answer in (usual, eager))
    both = [name for name in first if name in second and first[name].shape == second[name].shape and first[name].size]
    relative = [
        float(abs(first[name] - second[name]).max()) / max(1.0, float(abs(second[name]).max()))
        for name in both
        if first[name].dtype.kind == "f"
    ]
    worst = max(relative, default=0.0)
    return worst if worst > _ROUNDING else None
