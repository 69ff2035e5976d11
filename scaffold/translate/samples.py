"""Code samples in docstrings: the library builds them from a table by task, which lacks some tasks for TensorFlow.

Source: `add_code_sample_docstrings` in the library's `utils/doc.py`, whose order of questions this repeats.
"""

from __future__ import annotations

import ast
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
