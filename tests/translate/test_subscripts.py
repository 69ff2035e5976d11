"""Indices of one item, and tables of functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translate.checkouts import port, statements


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x[..., [-2], :]", "x[..., -2:-1, :]"),
        ("x[:, [-1]]", "x[:, -1:]"),
        ("x[[0], None]", "x[0:1, None]"),
        ("x[:, i, [1]]", None),
    ],
)
def test_a_list_of_one_index_keeps_the_axis(before: str, after: str | None) -> None:
    text = statements(f"y = {before}", x="float32[3]", i="int")
    assert text == f"y = {after}" if after else "-1:" not in text


def test_a_table_of_the_library_is_asked_by_its_key() -> None:
    text = "from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS\ny = ROPE_INIT_FUNCTIONS[kind]"
    assert statements(text, kind="str").endswith("y = functools.partial(rope_parameters, kind)")


@pytest.mark.parametrize(
    ("library", "table"),
    [
        ("expanded_max_position_embeddings = 1", "rope_parameters, kind"),
        ("expanded_max_position_embeddings = mscale = 1", 'checked_rope_parameters, ("yarn",), kind'),
        ("mscale = 1", 'checked_rope_parameters, ("yarn", "longrope"), kind'),
    ],
)
def test_frequencies_that_the_library_computes_otherwise_are_refused(tmp_path: Path, library: str, table: str) -> None:
    layer = """
from ...modeling_rope_utils import ROPE_INIT_FUNCTIONS


class QuokkaRotary(nn.Module):
    def __init__(self, config, kind):
        super().__init__()
        self.rope_init_fn = ROPE_INIT_FUNCTIONS[kind]

    def forward(self, x: torch.Tensor):
        return x
"""
    text = port(tmp_path, layer, **{"src/transformers/modeling_rope_utils.py": library}).text
    assert f"self.rope_init_fn = functools.partial({table})" in text
    assert ("def checked_rope_parameters(" in text) == ("checked" in table) and "def rope_parameters(" in text


def test_a_mask_at_one_place() -> None:
    types = {"x": "float32[3]", "n": "int", "m": "bool[1]"}
    assert statements("y = x[n, m]", **types) == "y = tf.boolean_mask(x[n], m)"
    assert statements("y = x[m, n]", **types) == "y = tf.boolean_mask(x[:, n], m)"


def test_one_item_a_row() -> None:
    types = {"x": "float32[2]", "n": "int", "i": "int64[1]"}
    for rows in ("torch.arange(n)", "range(n)"):
        assert statements(f"y = x[{rows}, i]", **types) == "y = tf.gather(x, i, batch_dims=1)"


def test_a_list_of_slices_is_an_index() -> None:
    text = statements(
        "places = [slice(None)] * axis + [slice(None, 1)]\ny = x[places]", x="float32[3]", axis="int", places="list"
    )
    assert text.endswith("y = x[places]")


def test_parts_of_one_tensor_are_joined_as_they_are() -> None:
    assert (
        statements("y = torch.cat([x[:1], x], dim=0)", x="float32[2] | bool[2]") == "y = tf.concat([x[:1], x], axis=0)"
    )


def test_a_range_of_whole_numbers_between_floats_is_cast() -> None:
    text = statements("y = torch.arange(a, b - 1, -2, dtype=torch.long)", a="float32[0]", b="float32[0]")
    assert text == "y = tf.cast(tf.range(a, b - 1, -2), tf.int32)"


def test_noise_is_a_function_of_a_shape() -> None:
    text = statements("draw = torch.distributions.gumbel.Gumbel(0, 1).rsample\ny = draw(x.shape)", x="float32[2]")
    assert text.endswith("y = draw(shape_list(x))")
    assert "tf.math.log(tf.random.uniform(shape" in text
