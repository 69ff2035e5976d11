"""Dtypes that a branch names."""

from __future__ import annotations

from tests.translate.checkouts import statements

BRANCH = "if m is not None and m.shape[1] > 1:\n    dtype = x.dtype\n    x = (x * m).to(dtype)\n"
TYPES = {"x": "float32[2]", "m": "float32[2]"}


def test_a_dtype_is_named_above_a_branch_that_a_length_decides_on() -> None:
    text = statements(BRANCH, **TYPES)
    assert text.startswith("dtype = x.dtype\nif m is not None and shape_list(m)[1] > 1:\n    x = ")
    assert text.count("dtype = ") == 1


def test_a_branch_that_is_settled_while_tracing_keeps_it() -> None:
    assert "    dtype = x.dtype" in statements(BRANCH.replace("m.shape[1] > 1", "self.scaled"), **TYPES)
    assert "    dtype = x.dtype" in statements(BRANCH + "else:\n    x = m\n", **TYPES)
