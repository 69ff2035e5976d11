"""What the rules leave that does nothing is not in a port."""

from __future__ import annotations

import textwrap

import pytest

from scaffold.translate.leftovers import removed


def shortened(body: str) -> str:
    """The body of a function without what does nothing."""
    text = "def f(self, x, y, c):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n    return x\n"
    return textwrap.dedent(removed(text).partition("\n")[2]).removesuffix("return x\n").rstrip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = y + 1\nif c.flag:\n    pass", "x = y + 1"),
        ("if c.flag:\n    pass\nelse:\n    # why\n    x = y", "if not c.flag:\n    # why\n    x = y"),
        ("if c is None:\n    pass\nelse:\n    x = y", "if c is not None:\n    x = y"),
        ("if not c:\n    pass\nelse:\n    x = y", "if c:\n    x = y"),
        (
            "if c == 1:\n    x = y\nelif c == 2:\n    x = x\nelse:\n    raise y",
            "if c == 1:\n    x = y\nelif c != 2:\n    raise y",
        ),
        ("if c:\n    x = y\nelif y:\n    x = x", "if c:\n    x = y"),
        ("x = x\nself.layers = self.layers", ""),
        ("if c:\n    x = x", ""),  # what becomes empty
        ("for x in y:\n    x = x", "for x in y:\n    pass"),
        ("if x.dtype != y.dtype or None != None:\n    x = y", "if x.dtype != y.dtype:\n    x = y"),
        ("if c and None == None and x is y:\n    x = y", "if c and x is y:\n    x = y"),
        ("if None != None:\n    x = g(y)", ""),
        ("if len(c) > 1 and 0 > 1:\n    g(c)", ""),
        ("tf.zeros([2, 3], dtype=c)\nself.width * 2 // y", ""),
        ("x = tf.cast(tf.cast(y, x.dtype), x.dtype)", "x = tf.cast(y, x.dtype)"),
        ("x = tf.transpose(tf.transpose(y, perm=(0, 2, 1)), perm=(0, 2, 1))", "x = y"),
        ("x = 2 * tf.transpose(tf.transpose(y + c, perm=(1, 0)), perm=(1, 0))", "x = 2 * (y + c)"),
        (
            "x = tf.transpose(tf.transpose(y, perm=(0, 3, 1, 2)), perm=(0, 2, 1, 3))",
            "x = tf.transpose(y, perm=(0, 1, 3, 2))",
        ),
        ("x = y\n\n# only for PyTorch\nif c.flag:\n    pass\n\ny = c", "x = y\n\n\ny = c"),
        ("# of both\nif c.flag:\n    pass\ny = c", "# of both\ny = c"),
    ],
)
def test_what_does_nothing_goes(before: str, after: str) -> None:
    assert shortened(before) == after


@pytest.mark.parametrize(
    "kept",
    [
        '"""What it does."""',
        "if g(c):\n    pass",  # may do something
        "tf.debugging.assert_equal(x, y)",
        "tf.Assert(x, [y])",
        "x = tf.cast(tf.cast(y, tf.bool), x.dtype)",
        "x = tf.transpose(tf.transpose(y, perm=order), perm=(1, 0))",
        "if c:\n    pass\nelif y:\n    x = y",
        "if None is None:\n    x = y\nelse:\n    x = c",
        "# TODO(port) TFP101 nn.Bilinear: no rule\nx = x",  # a person has to look at it
        "if c: x = x",
    ],
)
def test_what_does_something_stays(kept: str) -> None:
    assert shortened(kept) == kept
