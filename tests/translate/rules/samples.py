"""Seeded inputs of rule examples: `a: f32[2,3], m: bool[2], i: i64(0,3)[4], j: i64perm[2,4], b: f32sorted[5], n: 3`.

Parentheses give the range (floats default to a unit normal, integers to 0 and 1); `perm` permutes each row's positions,
`sorted` sorts.
"""

from __future__ import annotations

import ast
import re
import zlib
from dataclasses import dataclass
from typing import Any

from scaffold.core.typedb import Observation, TypeInfo

DTYPES = {
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    "c64": "complex64",
    "i64": "int64",
    "i32": "int32",
    "bool": "bool",
}
_TENSOR = re.compile(r"(f16|f32|f64|c64|i64|i32|bool)(perm|sorted)?(?:\(([^)]*)\))?\[([^\]]*)\]$")


@dataclass(frozen=True, slots=True)
class Sample:
    """One input: a tensor description, or a plain Python value."""

    name: str
    dtype: str | None = None
    form: str = ""
    bounds: tuple[float, float] | None = None
    shape: tuple[int, ...] = ()
    value: Any = None

    @property
    def info(self) -> TypeInfo:
        """What a probe would have recorded."""
        if self.dtype is not None:
            return TypeInfo((Observation("tensor", self.dtype, len(self.shape), None, self.shape),))
        if isinstance(self.value, tuple | list):
            return TypeInfo((Observation(type(self.value).__name__, rank=len(self.value)),))
        kind = "none" if self.value is None else type(self.value).__name__
        return TypeInfo((Observation(kind, detail=repr(self.value)),))

    def array(self) -> Any:
        """The tensor's values as a NumPy array, the same in every run."""
        import numpy as np

        random = np.random.default_rng(zlib.crc32(f"{self.name}{self.shape}".encode()))
        if self.form == "perm":
            values = np.argsort(random.random(self.shape), axis=-1)
        elif self.dtype == "bool":
            values = random.random(self.shape) < 0.5
        elif self.dtype.startswith("int"):
            low, high = self.bounds or (0, 2)
            values = random.integers(int(low), int(high) + (low == high), self.shape)
        elif self.dtype.startswith("complex"):
            values = random.standard_normal(self.shape) + 1j * random.standard_normal(self.shape)
        else:
            values = random.uniform(*self.bounds, self.shape) if self.bounds else random.standard_normal(self.shape)
        return (
            np.sort(values, axis=-1).astype(self.dtype)
            if self.form == "sorted"
            else np.asarray(values).astype(self.dtype)
        )


def parse(inputs: str) -> list[Sample]:
    """Read an example's `inputs`."""
    found = []
    for part in re.split(r",\s*(?=\w+:)", inputs) if inputs.strip() else []:
        name, _, text = (piece.strip() for piece in part.partition(":"))
        match = _TENSOR.match(text)
        if match is None:
            found.append(Sample(name, value=ast.literal_eval(text)))
            continue
        dtype, form, bounds, shape = match.groups()
        limits = tuple(float(b) for b in bounds.split(",")) if bounds else None
        sizes = tuple(int(s) for s in shape.split(",")) if shape else ()
        found.append(Sample(name, DTYPES[dtype], form or "", limits, sizes))
    return found
