"""Docstrings and comments in TensorFlow's terms."""

from __future__ import annotations

import pytest

from scaffold.translate import prose

RENAMES = {"QuokkaModel": "TFQuokkaModel"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x (`torch.FloatTensor` of shape `(1,)`)", "x (`tf.Tensor` of shape `(1,)`)"),
        ("tuple(torch.LongTensor)", "tuple(tf.Tensor)"),
        ("A PyTorch layer", "A TensorFlow layer"),
        ("[`QuokkaModel`] and QuokkaModelOutput", "[`TFQuokkaModel`] and QuokkaModelOutput"),
        ("~models.QuokkaModel", "~models.QuokkaModel"),
        ("See AutoModel", "See AutoModel"),
        ('"org/tiny-random-QuokkaModel"', '"org/tiny-random-QuokkaModel"'),
        ("QuokkaModel/QuokkaModel", "TFQuokkaModel/TFQuokkaModel"),
        ("x (`torch.tensor`): a\nReturns:\n  torch.tensor: b", "x (`tf.Tensor`): a\nReturns:\n  tf.Tensor: b"),
        ("dtype (`torch.dtype`, default=`torch.bfloat16`)", "dtype (`tf.DType`, default=`tf.bfloat16`)"),
        ("Args:\n    device (`torch.device`):\n        Where.\n    x: a", "Args:\n    x: a"),
        ("set `mask = torch.ones(a,\n b)`", "set `mask = tf.ones((a,\n b))`"),
        (">>> m = AutoModelForMaskedLM()", ">>> m = TFAutoModelForMaskedLM()"),
        ('>>> t("a", return_tensors="pt")', '>>> t("a", return_tensors="tf")'),
    ],
)
def test_words(before: str, after: str) -> None:
    assert prose.translate(before, RENAMES) == after


def test_no_gradient_context_in_examples() -> None:
    text = "    >>> a = 1\n    >>> with torch.no_grad():\n    ...     b = m(a)\n    ...     c = m(b)\n    >>> c"
    assert prose.translate(text, {}) == "    >>> a = 1\n    >>> b = m(a)\n    >>> c = m(b)\n    >>> c"


def test_templates_in_text_are_left_alone() -> None:
    text = "uses {{ x }} and {% if y %} {0}"
    assert prose.translate(text, RENAMES) == text


def test_comments_keep_everything_but_tensor_types() -> None:
    assert prose.comment("# a torch.Tensor for PyTorch") == "# a tf.Tensor for PyTorch"


def test_calls_over_several_lines_stay_one_statement() -> None:
    text = ">>> with torch.no_grad():\n...     b = m(\n...         a,\n...     )\n>>> d = (\n...     1)"
    assert prose.translate(text, {}) == ">>> b = m(\n...     a,\n... )\n>>> d = (\n...     1)"
