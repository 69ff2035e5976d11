"""The probe's recorded cases as a TensorFlow worker reads them: numpy inputs, PyTorch's outputs, and an order of worth.

Contract: docs/architecture.md, "The probe's files".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tf_compare import flatten, unflatten


@dataclass
class Case:
    """One recorded case of one variant: numpy inputs as nested as PyTorch took them, and PyTorch's outputs by path."""

    name: str
    mode: str
    flags: Mapping[str, Any]
    kwargs: Mapping[str, Any]
    inputs: dict[str, Any]
    expected: dict[str, Any]
    passed: bool = False
    traced: dict[str, Any] | None = None  # outputs of a tf.function that a check has run already


@dataclass
class Variant:
    """A folder with one configuration, its weights and its cases."""

    folder: Path
    cases: list[Case] = field(default_factory=list)
    model: Any = None
    functions: dict[str, Any] = field(default_factory=dict)  # compiled ones by mode, flags and keywords

    @property
    def suffix(self) -> str:
        """What tells this variant's checks from those of `base`."""
        return "" if self.folder.name == "base" else f"[{self.folder.name}]"


def read_variants(folder: Path) -> list[Variant]:
    """The variants of one class, `base` first."""
    folders = sorted(
        (f for f in folder.iterdir() if (f / "cases.json").is_file()), key=lambda f: (f.name != "base", f.name)
    )
    return [Variant(f, list(_read_cases(f))) for f in folders]


def _read_cases(folder: Path) -> Iterator[Case]:
    for entry in json.loads((folder / "cases.json").read_text(encoding="utf-8")):
        with np.load(folder / f"{entry['name']}.npz", allow_pickle=False) as data:
            table = {key: data[key] for key in data.files}
        yield Case(
            f"{folder.name}/{entry['name']}",
            entry.get("mode", "forward"),
            entry.get("flags") or {},
            entry.get("kwargs") or {},
            unflatten({k.removeprefix("in/"): v for k, v in table.items() if k.startswith("in/")}),
            {k.removeprefix("out/"): v for k, v in table.items() if k.startswith("out/") or k == "out"},
        )


def simplicity(pair: tuple[Variant, Case]) -> tuple[bool, bool, int, int]:
    """A key to sort by: what agreed in eager mode, the base configuration, few inputs and few flags come first."""
    variant, case = pair
    return (not case.passed, bool(variant.suffix), len(case.inputs), len(case.flags))


def by_worth(variants: list[Variant]) -> list[tuple[Variant, Case]]:
    """Each variant's simplest case first, then each one's second, so that every configuration gets its turn."""
    ranked = []
    for variant in variants:
        pairs = sorted(((variant, c) for c in variant.cases if c.mode == "forward"), key=simplicity)
        ranked += [(number, simplicity(pair), pair) for number, pair in enumerate(pairs)]
    return [pair for *_, pair in sorted(ranked, key=lambda item: item[:2])]


def call_key(case: Case) -> str:
    """Equal for cases that are called with the same options."""
    return json.dumps([case.flags, case.kwargs], sort_keys=True)


def trace_key(case: Case) -> str:
    """Equal for cases that one trace serves: same options, same names, shapes and types of inputs."""
    inputs = sorted((path, str(array.dtype), array.shape) for path, array in flatten(case.inputs).items())
    return f"{call_key(case)} {inputs}"
