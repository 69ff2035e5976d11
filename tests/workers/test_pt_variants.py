"""Branches that hang on the configuration are found in the conditions of the source."""

from __future__ import annotations

from typing import Any

import pytest

from scaffold.workers.pt_variants import Flag, find_flags, flags_of_others

VALUES: dict[str, Any] = {
    "kind": "absolute",
    "problem_type": None,
    "use_mlp": False,
    "drop_rate": 0.0,
    "scale": True,
    "landmarks": 64,
    "segment": 64,
    "num_labels": 3,
    "pad_token_id": 1,
    "is_decoder": False,
    "hidden_size": 32,
}


def flags(body: str) -> list[Flag]:
    return find_flags("class A:\n    def f(self, config):\n" + body, VALUES)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("        if config.kind == 'relative': pass", [("kind", "relative")]),
        ("        if self.kind in ('absolute', 'x', 'y'): pass", [("kind", "x"), ("kind", "y")]),
        ("        return getattr(config, 'kind', None) == 'relative'", [("kind", "relative")]),
        ("        if self.config.problem_type == 'regression': pass", [("problem_type", "regression")]),
        ("        x = 1 if config.use_mlp else 2", [("use_mlp", True)]),
        ("        if not self.scale and True: pass", [("scale", False)]),
        ("        if config.drop_rate > 0.0: pass", [("drop_rate", 0.1)]),
        ("        if self.num_labels == 1: pass", [("num_labels", 1)]),
        ("        if config.num_labels > 0: pass", []),
        ("        if self.config.pad_token_id is None: pass", [("pad_token_id", None)]),
        ("        if config.is_decoder: pass", []),
        ("        if config.unknown: pass", []),
        ("        if self.hidden_size: pass", []),
        ("        self.seq = config.segment\n        if self.landmarks == self.seq: pass", [("landmarks", 32)]),
    ],
)
def test_conditions(body: str, expected: list[tuple[str, Any]]) -> None:
    assert [(flag.name, flag.value) for flag in flags(body)] == expected


def test_owner_and_length() -> None:
    (flag,) = flags("        if self.landmarks == self.segment: pass")
    assert (flag.owner, flag.length) == ("A", 64)


def test_variant_is_a_folder_name() -> None:
    assert Flag("kind", "a/b c", "A").variant == "flag-kind=a_b_c"


def test_each_change_once() -> None:
    assert len(flags("        if config.scale: pass\n        if self.scale: pass")) == 1


def test_a_switch_is_turned_for_each_class_that_asks_for_it() -> None:
    source = "".join(
        f"class {name}:\n    def f(self, config):\n        if config.{asked}: pass\n"
        for name, asked in (("A", "scale"), ("B", "kind == 'x'"), ("C", "scale and config.scale"), ("D", "kind == 'x'"))
    )
    assert [flag.owner for flag in find_flags(source, VALUES)] == ["A", "B"]
    assert flags_of_others(source, VALUES) == [Flag("scale", False, "C")]
