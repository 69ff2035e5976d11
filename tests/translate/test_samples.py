"""Code samples of tasks that the library has none for in TensorFlow."""

from __future__ import annotations

import ast

import pytest

from scaffold.translate import samples
from scaffold.translate.engine import Engine
from scaffold.translate.sources import Source


@pytest.mark.parametrize(
    ("name", "decorator", "lacks"),
    [
        ("TFQuokkaForSequenceClassification", 'd(modality="audio")', True),
        ("TFQuokkaForSequenceClassification", "d()", False),
        ("TFQuokkaForXVector", 'd(modality="audio")', True),
        ("TFQuokkaModel", 'd(modality="audio")', False),
        ("TFQuokkaDecoder", "d()", True),
    ],
)
def test_a_sample_is_asked_for_as_the_library_does(name: str, decorator: str, lacks: bool) -> None:
    engine = Engine(Source("import torch\n"))
    engine.sampled_tasks = frozenset({"SequenceClassification", "SpeechBaseModel"})
    assert samples.lacks(engine, name, ast.parse(decorator, mode="eval").body) is lacks
    engine.sampled_tasks = frozenset()
    assert not samples.lacks(engine, name, ast.parse(decorator, mode="eval").body)
