"""Labels of the right shape and range for a head, from its outputs.

Source of truth: the losses of Transformers' heads: classes for rank-2 logits, tokens for rank 3, pixels for rank 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from pt_subject import Subject

_LABEL = re.compile(r"(^|_)labels?($|_)|^(start|end)_positions$")
_IGNORED = -100


def _names(subject: Subject) -> list[str]:
    return [name for name in subject.accepts if _LABEL.search(name)]


def _outputs(subject: Subject) -> Any:
    flags = subject.taken(return_dict=True)
    return subject.run("for_labels", subject.inputs, flags, save=False, note=False)


def _logits(outputs: Any) -> list[Any]:
    """The scores of a named output, the main ones first."""
    if not hasattr(outputs, "items"):
        return []
    found = [v for name, v in outputs.items() if "logits" in name and isinstance(v, torch.Tensor)]
    return found or [v for v in outputs.values() if isinstance(v, torch.Tensor)][:1]


def _derived(subject: Subject, name: str, logits: list[Any]) -> Any:
    """One label by its name and the scores it is compared with; None when unclear."""
    batch, length = subject.dims.batch, subject.dims.length
    if name.endswith("_positions"):
        return torch.randint(length, (batch,))
    if name.startswith("labels_"):
        return None  # a second set of inputs, see _companions
    if name in ("next_sentence_label", "sentence_order_label"):
        return torch.randint(2, (batch,))
    if not logits:
        return None
    scores = logits[0]
    kind = getattr(subject.config, "problem_type", None)
    if scores.dim() == 2 and kind == "regression":
        return torch.randn_like(scores[:, 0] if scores.shape[1] == 1 else scores)
    if scores.dim() == 2 and kind == "multi_label_classification":
        return torch.randint(2, tuple(scores.shape)).float()
    if scores.dim() == 2:
        return torch.randint(scores.shape[1], (scores.shape[0],))
    if scores.dim() == 3:
        labels = torch.randint(scores.shape[2], (batch, scores.shape[1]))
        labels[0, 0] = _IGNORED
        return labels
    pixels = subject.inputs.get("pixel_values")
    if scores.dim() == 4 and pixels is not None:
        return torch.randint(scores.shape[1], (batch, *pixels.shape[-2:]))
    return None


def _companions(subject: Subject) -> dict[str, Any]:
    """Further copies of the inputs that a head takes under prefixed names, with the rows in another order."""
    result: dict[str, Any] = {}
    for name in subject.accepts:
        twin = next((known for known in subject.inputs if name.endswith(f"_{known}") and name != known), None)
        value = subject.inputs.get(twin or "")
        if isinstance(value, torch.Tensor) and name not in subject.inputs:
            result[name] = value.roll(1, 0)
    return result


def _varied(given: dict[str, Any], logits: list[Any]) -> dict[str, Any]:
    """The tests' labels with other numbers: all zeros would hide a wrong axis."""
    limit = int(logits[0].shape[-1]) if logits else 2
    result: dict[str, Any] = {}
    for name, value in given.items():
        plain = isinstance(value, torch.Tensor) and value.dtype == torch.long and _LABEL.search(name)
        bound = 2 if name in ("next_sentence_label", "sentence_order_label") else max(2, limit)
        result[name] = torch.randint(bound, tuple(value.shape)) if plain else value
    return result


def _candidates(subject: Subject) -> Iterator[dict[str, Any]]:
    names = _names(subject)
    if not names:
        return
    outputs = _outputs(subject)
    logits = _logits(outputs) if outputs is not None else []
    torch.manual_seed(6)
    derived = {name: value for name in names if (value := _derived(subject, name, logits)) is not None}
    special = getattr(subject.config, "problem_type", None) is not None
    given = {name: value for name, value in subject.labels.items() if name in subject.accepts}
    if given and not special:
        yield _varied(given, logits)
        yield given
    if derived:
        yield derived
    if any(name.startswith("labels_") for name in names):
        yield {**derived, **_companions(subject)}
    if logits and logits[0].dim() == 2 and logits[0].shape[1] == 1:
        yield {**derived, "labels": torch.randn(logits[0].shape[0])}
    for name, value in derived.items():
        yield {name: value}
    if any(name.endswith("_positions") for name in derived):  # the first token, which no mask hides
        yield {name: torch.zeros_like(value) for name, value in derived.items()}
    pixels = subject.inputs.get("pixel_values")
    if logits and logits[0].dim() == 4 and isinstance(pixels, torch.Tensor):  # an image to be made of an image
        yield {"labels": torch.randn_like(pixels)}


def first_working(subject: Subject, train: bool = False) -> dict[str, Any] | None:
    """Labels the model takes, without keeping a case."""
    for labels in _candidates(subject):
        if subject.run("try_labels", {**subject.inputs, **labels}, save=False, train=train, note=False) is not None:
            return labels
    return None


def _with_a_loss(subject: Subject, labels: dict[str, Any], flags: dict[str, Any]) -> dict[str, Any]:
    """The labels whose case was kept last; shorter ones take its place where the loss is infinite: too long to be aligned.

    They are without the blank, which stands for padding in the configuration: torch's documentation of `CTCLoss` excludes it,
    and the frameworks' gradients are not the same with it.
    """
    before = list(subject.cases)
    loss = before[-1].arrays.get("out/loss") if before and before[-1].name == "labels" else None
    if loss is None or np.isfinite(loss).all():
        return labels
    blank = getattr(subject.config, "pad_token_id", None)
    spoken = {n: torch.where(v == blank, v + 1, v) if isinstance(blank, int) else v for n, v in labels.items()}
    for part in (4, 16):
        shorter = {n: v[:, : max(1, v.shape[1] // part)] if v.dim() == 2 else v for n, v in spoken.items()}
        subject.cases[:] = before[:-1]
        outputs = subject.run("labels", {**subject.inputs, **shorter}, flags, note=False)
        if outputs is not None and np.isfinite(subject.cases[-1].arrays["out/loss"]).all():
            return shorter
    subject.cases[:] = before
    return labels


def _is_finite(outputs: Any) -> bool:
    """False where the loss is infinite: a label may be a token that a mask hides."""
    loss = outputs.get("loss") if hasattr(outputs, "get") else outputs[0] if isinstance(outputs, tuple) else None
    return not isinstance(loss, torch.Tensor) or bool(torch.isfinite(loss).all())


def run(subject: Subject) -> None:
    """Save a case with a loss, a finite one if any kind of labels gives that; the reason when no kind works."""
    flags = subject.taken(return_dict=True)
    chosen: dict[str, Any] | None = None
    tried = False
    for labels in _candidates(subject):
        tried = True
        outputs = subject.run("labels", {**subject.inputs, **labels}, flags, save=False, note=False)
        if outputs is not None and (chosen is None or _is_finite(outputs)):
            chosen = labels
            if _is_finite(outputs):
                break
    if chosen is not None and subject.run("labels", {**subject.inputs, **chosen}, flags, note=False) is not None:
        chosen = _with_a_loss(subject, chosen, flags)
        if "return_dict" in subject.accepts:
            off = {"return_dict": False}
            subject.run("labels_tuple", {**subject.inputs, **chosen}, off, save=False, note=False)
        columns = {n: v[:, None] for n, v in chosen.items() if n.endswith("_positions")}
        if columns:
            subject.run("labels_column", {**subject.inputs, **chosen, **columns}, flags, save=False, note=False)
    elif tried:
        subject.dropped["labels"] = subject.failure
