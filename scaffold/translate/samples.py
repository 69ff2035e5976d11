"""Code samples in docstrings: the library's, from a table by task that lacks some tasks for TensorFlow, and the models' own.

Source: `add_code_sample_docstrings` in the library's `utils/doc.py`, whose order of questions `lacks` repeats. What else a
sample says is translated by patterns: nothing is known of the types of what it names.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

#: Part of a class's name, the modality it needs (None: any) → key of the table; the first that fits counts.
_KEYS = (
    ("SequenceClassification", "audio", "AudioClassification"),
    ("AudioClassification", "audio", "AudioClassification"),
    ("SequenceClassification", None, "SequenceClassification"),
    ("QuestionAnswering", None, "QuestionAnswering"),
    ("TokenClassification", None, "TokenClassification"),
    ("MultipleChoice", None, "MultipleChoice"),
    ("MaskedLM", None, "MaskedLM"),
    ("LMHead", None, "LMHead"),
    ("CausalLM", None, "LMHead"),
    ("CTC", None, "CTC"),
    ("AudioFrameClassification", None, "AudioFrameClassification"),
    ("XVector", "audio", "AudioXVector"),
    ("Model", "audio", "SpeechBaseModel"),
    ("Model", "vision", "VisionBaseModel"),
    ("Model", None, "BaseModel"),
    ("Encoder", None, "BaseModel"),
    ("ImageClassification", None, "ImageClassification"),
)


def lacks(engine: Engine, class_name: str, decorator: ast.expr) -> bool:
    """True for a head whose task the checkout has no TensorFlow code sample for: importing the file would fail."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    modality = next((engine.constant(k.value) for k in keywords if k.arg == "modality"), None)
    key = next((key for part, needed, key in _KEYS if part in class_name and needed in (None, modality)), None)
    return bool(engine.sampled_tasks) and key not in engine.sampled_tasks


_OWNER = r"((?:\w|\.(?=\w)|\[[^\[\]]*\])+)"  # `outputs.logits[0, 1]`: what a method is called on

#: What a line of a sample says in PyTorch, and what it says in TensorFlow. In this order.
_CALLS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r",\s*torch_dtype=\w+\.\w+|,\s*device_map=\"\w+\"", ""),
        (r"\.to\((?:device=)?(?:\"cuda\"|(?:\w+\.)?device)\b[^()]*\)|,\s*device=(?:\w+\.)?device\b", ""),
        (r"torch\.(?:as_)?tensor\(", "tf.constant("),
        (r"torch\.(zeros|ones)\(\(", r"tf.\1(("),
        (r"\btorch\.(where|int32|float32)\b", r"tf.\1"),
        (r"\btorch\.long\b", "tf.int32"),
        (r"\btorch\.manual_seed\(", "tf.random.set_seed("),
        (r"torch\.from_numpy\(", "tf.convert_to_tensor("),
        (
            r"torch\.randint\((?:low=)?0, (?:high=)?(\w+), (?:size=)?(\([^()]*\))\)\.bool\(\)",
            r"tf.cast(tf.random.uniform(\2, maxval=\1, dtype=tf.int32), tf.bool)",
        ),
        (
            r"torch\.randint\((?:low=)?0, (?:high=)?(\w+), (?:size=)?(\([^()]*\))\)",
            r"tf.random.uniform(\2, maxval=\1, dtype=tf.int32)",
        ),
        (r"torch\.randn\(([\w, ]+)\)", r"tf.random.normal((\1))"),
        (r"torch\.rand\(([\w, ]+)\)", r"tf.random.uniform((\1))"),
        (rf"{_OWNER}\.argmax\((?:dim=|axis=)?(-?\d+)\)\.item\(\)", r"int(tf.math.argmax(\1, axis=\2)[0])"),
        (rf"{_OWNER}\.argmax\((?:dim=|axis=)?(-?\d+)\)\.squeeze\((\d*)\)", r"tf.squeeze(tf.math.argmax(\1, axis=\2))"),
        (rf"{_OWNER}\.argmax\((?:dim=|axis=)?(-?\d+)\)", r"tf.math.argmax(\1, axis=\2)"),
        (rf"{_OWNER}\.softmax\((?:dim=)?(-?\d+)\)", r"tf.nn.softmax(\1, axis=\2)"),
        (rf"{_OWNER}\.argmax\(\)(?:\.item\(\))?", r"int(tf.math.argmax(\1, axis=-1)[0])"),
        (rf"{_OWNER}\.mean\(dim=(-?\d+)\)", r"tf.reduce_mean(\1, axis=\2)"),
        (r"\.unsqueeze\(0\)", "[None]"),
        (r"\.unsqueeze\(1\)", "[:, None]"),
        (r"(?<!\.numpy\(\))\.(item|tolist)\(\)", r".numpy().\1()"),
    )
)
_LOADS = re.compile(r"\btorch\.load\((\w+)\)")


def in_tensorflow(text: str) -> str:
    """A docstring whose samples (`>>>`) call what TensorFlow's tensors have.

    The processors' `post_process_…` take PyTorch's tensors, so a sample ends in front of the paragraph that calls one.
    """
    if ">>>" not in text:
        return text
    text = re.sub(r"\n\n(?:(?!\n\n)[^`])*\.post_process_\w+\([^`]*(?=\n\s*```)", "", text)
    loads = _LOADS.search(text) is not None
    text = re.sub(r"\n *>>> (?:device = [^\n]*|\w+\.to\([^\n]*\)(?:  #[^\n]*)?)(?=\n)", "", text)
    lines = [_line(line) if re.match(r"\s*(?:>>>|\.\.\.)", line) else line for line in text.split("\n")]
    if loads:  # what PyTorch has saved is read by PyTorch
        lines = [re.sub(r">>> import tensorflow as tf$", ">>> import torch", line) for line in lines]
    return "\n".join(re.sub(r"^(\s*)torch\.Size\(", r"\1TensorShape(", line) for line in lines)


def _line(line: str) -> str:
    for pattern, replacement in _CALLS:
        line = pattern.sub(replacement, line)
    return _LOADS.sub(r"{name: value.numpy() for name, value in torch.load(\1).items()}", line)
