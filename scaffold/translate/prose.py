"""Docstrings and documentation constants in TensorFlow's terms."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scaffold.translate import samples

_REPLACEMENTS = (
    (re.compile(r"`torch\.(?:Float|Long|Bool|Int)?Tensor`"), "`tf.Tensor`"),
    (re.compile(r"torch\.(?:Float|Long|Bool|Int)?Tensor"), "tf.Tensor"),
    (re.compile(r"\btorch\.float(?:32)?\b"), "tf.float32"),
    (re.compile(r'return_tensors="pt"'), 'return_tensors="tf"'),
    (re.compile(r"\bimport torch\b"), "import tensorflow as tf"),
    (re.compile(r"`nn\.Module`"), "`keras.layers.Layer`"),
    (re.compile(r"`torch\.nn\.Embeddings?`"), "`keras.layers.Embedding`"),
    (re.compile(r"\bPy[Tt]orch\b(?! model)"), "TensorFlow"),
    (re.compile(r"\btorch\.cat\b"), "tf.concat"),
    (re.compile(r"\btorch\.tensor\b(?!\()"), "tf.Tensor"),
    (re.compile(r"\btorch\.dtype\b"), "tf.DType"),
    (re.compile(r"\btorch\.((?:b?float|u?int)\d+|bool)\b"), r"tf.\1"),
    (re.compile(r"\btorch\.(ones|zeros)\(([^()]*)\)"), r"tf.\1((\2))"),
    (re.compile(r"\btorch\.jit tracing\b"), "tracing"),
    # a port's functions take no device
    (re.compile(r"\n( *)device \(`torch\.device`[^\n]*(?:\n\1 +[^\n]*)*"), ""),
)


def translate(text: str, renames: Mapping[str, str]) -> str:
    """A docstring with tensor types, example code and class references in TensorFlow's terms.

    A class's name is another one's behind a hyphen: of a repository, `org/tiny-random-QuokkaModel`.
    """
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    for before, after in renames.items():
        text = re.sub(rf"(?<![\w.-]){re.escape(before)}\b", after, text)
    text = re.sub(r"\b(AutoModel\w*)\b", r"TF\1", text) if ">>>" in text else text
    return samples.in_tensorflow(_examples(text))


def comment(text: str) -> str:
    """A comment with tensor types in TensorFlow's terms."""
    return re.sub(r"\btorch\.(?:Float|Long|Bool|Int)?Tensor\b", "tf.Tensor", text)


def _examples(text: str) -> str:
    """Inside `>>>` examples: no torch contexts, tuples of ints for shapes."""
    lines = []
    dedent = False
    for line in text.split("\n"):
        if re.match(r"\s*>>> with torch\.no_grad\(\):", line):
            dedent = True
            continue
        inside = re.match(r"(\s*)\.\.\. {5}(.*)", line) if dedent else None
        if inside is None:
            dedent = False
        else:
            continued = inside[2][:1] in (" ", ")", "]", "}")
            line = f"{inside[1]}{'...' if continued else '>>>'} {inside[2]}"
        lines.append(line)
    return "\n".join(lines)
