"""Code samples in docstrings: those that the library lacks for TensorFlow, and those that speak PyTorch."""

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


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sizes = torch.tensor([image.size[::-1]])", "sizes = tf.constant([image.size[::-1]])"),
        ("x = torch.randn(20, 512, 2)", "x = tf.random.normal((20, 512, 2))"),
        ("n = logits.argmax(-1).item()", "n = int(tf.math.argmax(logits, axis=-1)[0])"),
        (
            "n = logits.argmax(-1).squeeze().tolist()",
            "n = tf.squeeze(tf.math.argmax(logits, axis=-1)).numpy().tolist()",
        ),
        ("p = out.logits[0, 1].softmax(dim=1)", "p = tf.nn.softmax(out.logits[0, 1], axis=1)"),
        ("start = outputs.start_logits.argmax()", "start = int(tf.math.argmax(outputs.start_logits, axis=-1)[0])"),
        ("ids = torch.tensor(t.encode('a')).unsqueeze(0)", "ids = tf.constant(t.encode('a'))[None]"),
        ('x = p(a, return_tensors="tf").to(device, tf.float16)', 'x = p(a, return_tensors="tf")'),
        ("x = torch.zeros((1, 2), dtype=torch.long, device=device)", "x = tf.zeros((1, 2), dtype=tf.int32)"),
        ("round(loss.item(), 4)", "round(loss.numpy().item(), 4)"),
        ("box.numpy().tolist()", "box.numpy().tolist()"),
        ("batch = torch.load(file)", "batch = {name: value.numpy() for name, value in torch.load(file).items()}"),
        ('m = M.from_pretrained("a", torch_dtype=torch.bfloat16, device_map="auto")', 'm = M.from_pretrained("a")'),
        (
            "mask = torch.randint(low=0, high=2, size=(1, n)).bool()",
            "mask = tf.cast(tf.random.uniform((1, n), maxval=2, dtype=tf.int32), tf.bool)",
        ),
    ],
)
def test_samples_call_what_tensorflow_has(before: str, after: str) -> None:
    assert samples.in_tensorflow(f"    >>> {before}") == f"    >>> {after}"
    assert samples.in_tensorflow(before) == before  # prose


def test_a_sample_ends_where_a_processor_takes_tensors_of_pytorch() -> None:
    text = (
        "```python\n>>> a = 1\n\n>>> # convert\n>>> r = p.post_process_x(a)[\n...     0\n... ]\n\n>>> r\n1\n```\nMore."
    )
    assert samples.in_tensorflow(text) == "```python\n>>> a = 1\n```\nMore."


def test_a_file_of_pytorch_is_read_by_it() -> None:
    text = ">>> import tensorflow as tf\n>>> batch = torch.load(file)"
    assert samples.in_tensorflow(text).startswith(">>> import torch\n")


def test_nothing_is_moved_to_a_device() -> None:
    text = '>>> m = a\n>>> device = "cuda" if torch.cuda.is_available() else "cpu"\n>>> m.to(device)  # moved\n>>> m(1)'
    assert samples.in_tensorflow(text) == ">>> m = a\n>>> m(1)"
