"""Casts to the dtype of what stands beside: a policy of mixed precision halves what layers compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scaffold.translate.promotion import named
from tests.frameworks import tensorflow
from tests.translate.checkouts import method_text, port, statements

FUNCTIONS = Path(__file__).resolve().parents[2] / "templates" / "model" / "functions"


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("x", "x.dtype"),
        ("x[:, None]", "x.dtype"),
        ("x[..., 0] * 2.0", "x.dtype"),
        ("1.0 - x", "x.dtype"),
        ("tf.transpose(tf.expand_dims(x, axis=1), perm=(0, 2, 1))", "x.dtype"),
        ("tf.cast(i, x.dtype)", "x.dtype"),
        ("outputs.logits", "outputs.logits.dtype"),
        ("outputs[0]", None),  # perhaps of a tuple
        ("self.weight", None),  # kept in another dtype than it is read in
        ("self.dense(x)", None),
        ("n * x", None),  # perhaps a number
        ("x[", None),
    ],
)
def test_tensors_that_tell_their_dtype(text: str, dtype: str | None) -> None:
    assert named(text) == dtype


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y = x[:, None] * m", "y = x[:, None] * tf.cast(m, x.dtype)"),
        ("y = torch.where(m > 0, x, m)", "y = tf.where(m > 0, x, tf.cast(m, x.dtype))"),
        ("x *= m", "x *= tf.cast(m, x.dtype)"),
        (
            "y = (1.0 - m) * torch.finfo(x.dtype).min",
            "y = (1.0 - tf.cast(m, x.dtype)) * x.dtype.min",
        ),
        ("k *= b", "k *= tf.cast(b, tf.int32)"),
    ],
)
def test_casts(before: str, after: str) -> None:
    assert statements(before, x="float32[2]", m="int64[2]", k="int64[2]", b="bool[2]") == after


BODY = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(5, 8)
        self.dense = nn.Linear(8, 8)

    def get_input_embeddings(self):
        return self.words

    def forward(self, x: torch.Tensor, attention_mask: torch.LongTensor = None, head_mask=None):
        extended = self.get_extended_attention_mask(attention_mask, x.shape)
        inverted = self.invert_attention_mask(attention_mask)
        head_mask = self.get_head_mask(head_mask, self.config.num_layers)
        causal = _prepare_4d_causal_attention_mask(attention_mask, x.shape, x, 0)
        expanded = _prepare_4d_attention_mask(attention_mask, x.dtype, tgt_len=3)
        mask = (1.0 - attention_mask.to(self.dtype)) * torch.finfo(self.dtype).min
        target = self.dense.weight.dtype
        x = helper(x.to(target), self.dtype)
        return self.dense(x @ self.words.weight.T), self.words.weight.shape[0], mask
"""


def test_masks_and_tables_are_of_the_dtype_that_the_model_computes_in(tmp_path: Path) -> None:
    module = "from ...modeling_attn_mask_utils import _prepare_4d_attention_mask, _prepare_4d_causal_attention_mask\n"
    text = port(tmp_path, module + BODY, exported=("QuokkaModel",)).text
    call = " ".join(method_text(text, "TFQuokkaMainLayer", "call").split()).replace("( ", "(").replace(" )", ")")
    assert "shape_list(x), self.compute_dtype, is_decoder=self.config.is_decoder)" in call
    assert "invert_attention_mask(tf.cast(attention_mask, self.compute_dtype))" in call
    assert "prepare_head_mask(head_mask, self.config.num_layers, self.compute_dtype)" in call
    assert "prepare_causal_attention_mask(attention_mask, shape_list(x), x.dtype, 0)" in call
    assert "expand_attention_mask(attention_mask, x.dtype, 3)" in call
    assert "(1.0 - tf.cast(attention_mask, self.compute_dtype)) * tf.as_dtype(self.compute_dtype).min" in call
    assert "target = self.compute_dtype" in call
    assert "x = helper(tf.cast(x, target), tf.as_dtype(self.compute_dtype))" in call, "it may ask for its bounds"
    assert "tf.cast(self.words.embeddings, self.compute_dtype)" in call
    assert "shape_list(self.words.embeddings)[0]" in call


@pytest.mark.e2e
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_emitted_masks_have_the_dtype_that_is_asked_for(dtype: str) -> None:
    tf = tensorflow()
    found: dict[str, Any] = {"tf": tf, "shape_list": lambda tensor: list(tensor.shape)}
    names = ("expand_attention_mask", "extend_attention_mask", "prepare_causal_attention_mask", "prepare_head_mask")
    for name in names:
        exec(f"from __future__ import annotations\n{(FUNCTIONS / f'{name}.py').read_text(encoding='utf-8')}", found)
    mask = tf.constant([[1, 1, 0]])
    for given in (dtype, tf.as_dtype(dtype)):
        masks = [
            found["expand_attention_mask"](mask, given, 3),
            found["extend_attention_mask"](mask, [1, 3], given),
            found["extend_attention_mask"](mask, [1, 3], given, is_decoder=True),
            found["prepare_causal_attention_mask"](mask, [1, 3], given),
            found["prepare_causal_attention_mask"](mask[:, None, None, :], [1, 3], given),
        ]
        for additive in masks:
            assert additive.dtype == dtype and float(additive[0, 0, 0, 0]) == 0.0
            assert float(additive[0, 0, 0, 2]) == float(tf.as_dtype(dtype).min)
        assert found["prepare_head_mask"](tf.constant([1, 0]), 2, given)[1].dtype == dtype
