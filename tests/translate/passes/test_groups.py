"""Rows that go through the sub-module whose number they carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translate.checkouts import method_text, port, statements

LAYER = """

class QuokkaAdapter(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x):
        return self.dense(x)


class QuokkaAdapters(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.members = nn.ModuleDict({})
        for name in config.languages:
            self.members[str(name)] = QuokkaAdapter(config)

    def forward(self, ids: torch.Tensor, x: torch.Tensor):
        ids, lengths = torch.unique_consecutive(ids, return_counts=True)
        parts = torch.split(x, lengths.tolist(), 0)
        results = []
        for i, (number, part) in enumerate(zip(ids, parts)):
            key = list(self.members.keys())[int(number.item())]
            results.append(self.members[key](part)MORE)
        x = torch.cat(results, 0)
        return x
"""


def test_each_module_gets_its_rows(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, LAYER.replace("MORE", "")).text, "TFQuokkaAdapters", "call")
    assert "unique" not in call
    assert "for number, layer in enumerate(self.members.values()):" in call
    assert "places = tf.cast(tf.where(tf.cast(ids, tf.int32) == number), tf.int32)" in call
    assert "results = tf.tensor_scatter_nd_update(results, places, layer(tf.gather(x, places[:, 0])))" in call
    assert call.rstrip().endswith("x = results\n    return x")


def test_groups_that_are_used_otherwise_stay(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, LAYER.replace("MORE", " * 2")).text, "TFQuokkaAdapters", "call")
    assert "unique_consecutive" in call


EXPERTS = """
parts = x.split(sizes, dim=0)
results = []
for i in range(self.experts):
    results.append(F.linear(parts[i], w[i]))
y = torch.cat(results, dim=0)
return y
"""
TYPES = {"x": "float32[2]", "w": "float32[3]", "sizes": "list"}


def test_parts_of_sizes_that_are_data_are_partitions() -> None:
    text = statements(EXPERTS, **TYPES)
    assert 'part = tf.searchsorted(tf.cumsum(sizes), tf.range(shape_list(x)[0]), side="right")' in text
    assert "parts = tf.dynamic_partition(x, part, self.experts)" in text
    assert "y = tf.concat(results, axis=0)[: shape_list(x)[0]]" in text


@pytest.mark.parametrize(("before", "after"), [("dim=0)", "dim=1)"), ("return y", "return y, parts"), ("y =", "x =")])
def test_parts_that_are_used_otherwise_are_split(before: str, after: str) -> None:
    text = statements(EXPERTS.replace(before, after), **TYPES)
    assert "tf.split(x, sizes" in text and "dynamic_partition" not in text


def test_a_number_is_the_size_of_each_part() -> None:
    assert "dynamic_partition" not in statements(EXPERTS, **TYPES | {"sizes": "int"})
