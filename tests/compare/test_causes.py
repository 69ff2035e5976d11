"""Every cause is recognised in arrays that were spoilt that way, and none in unrelated noise."""

from __future__ import annotations

import numpy as np
import pytest
from compare_causes import ACTIVATIONS, try_all
from compare_finding import Context
from numpy.typing import NDArray

from scaffold.compare.causes import CAUSES
from tests.frameworks import tensorflow

rng = np.random.default_rng(1)
Array = NDArray[np.float64]
X = rng.normal(size=(2, 5, 8))
Y = rng.normal(size=(2, 5, 8))
SCORES = rng.normal(size=(2, 4, 5, 5))
HIDE = np.where(np.tril(np.ones((5, 5))) > 0, 0.0, np.finfo("f").min)
PART = X[:, :, :5]
FACTORS = np.arange(1.0, 9.0)
KNOWN = Context([("x", X), ("y", Y), ("scores", SCORES), ("part", PART), ("layer_scale", FACTORS)])


def softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis, keepdims=True))
    result: Array = e / e.sum(axis, keepdims=True)
    return result


def norm(x: Array, epsilon: float) -> Array:
    result: Array = x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon)
    return result


SPOILT: dict[str, tuple[str, Array, Array]] = {
    "scale": ("scale", X, X * 8**0.5),
    "temperature": ("scale", softmax(SCORES), softmax(SCORES * 2.5)),
    "layer scale": ("scale", X * FACTORS, X),
    "sign": ("sign", X, -X),
    "half a sign": ("sign", X, np.concatenate([-X[..., :4], X[..., 4:]], -1)),
    "variance": ("biased_variance", X, X * (8 / 7) ** 0.5),
    "positions": ("off_by_one", np.arange(2, 9), np.arange(1, 8)),
    "rows": ("off_by_one", X, np.roll(X, 1, 1)),
    "pooled token": ("off_by_one", X[:, 0], X[:, 1]),
    "residual": ("missing_term", X + Y, X),
    "twice": ("extra_term", X + Y, X + 2 * Y),
    "constant": ("constant", X, X + 0.5),
    "mask value": ("mask_value", SCORES + HIDE, SCORES + np.maximum(HIDE, -10.0)),
    "no mask": ("mask_value", softmax(SCORES + HIDE), softmax(SCORES)),
    "inverted": ("mask_inverted", np.tril(np.ones((5, 5))), 1 - np.tril(np.ones((5, 5)))),
    "softmax axis": ("axis", softmax(SCORES), softmax(SCORES, 2)),
    "mean axis": ("axis", PART.mean(1), PART.mean(2)),
    "transpose": ("axes", X.reshape(2, 5, 2, 4).transpose(0, 2, 1, 3), X.reshape(2, 2, 5, 4)),
    "halves": ("concatenation", np.concatenate([X, Y], -1), np.concatenate([Y, X], -1)),
    "other": ("other_value", X, Y),
    "activation": ("activation", ACTIVATIONS["gelu"](X), ACTIVATIONS["gelu (tanh)"](X)),
    "no activation": ("activation", ACTIVATIONS["silu"](X), X),
    "epsilon": ("epsilon", norm(X, 1e-6), norm(X, 1e-2)),
}


@pytest.fixture(autouse=True)
def frameworks() -> None:
    """Interpolations are recognised by running both frameworks' own."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    tensorflow()


@pytest.mark.parametrize("name", SPOILT)
def test_a_cause_is_recognised(name: str) -> None:
    cause, pt, tf = SPOILT[name]
    found = [finding.cause for finding in try_all(pt, tf, KNOWN)]
    assert cause in found[:3], found


def test_dropout_is_recognised() -> None:
    keep = rng.random(X.shape) > 0.3
    assert try_all(X, np.where(keep, X / 0.7, 0.0), Context())[0].cause == "dropout"


@pytest.mark.parametrize("seed", range(10, 18))
def test_noise_has_no_cause(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=X.shape)
    assert not try_all(X, X + noise, Context([("y", Y)]))


def test_every_cause_is_explained() -> None:
    import re
    from pathlib import Path

    folder = Path(__file__).parents[2] / "scaffold" / "workers"
    used: set[str] = set()
    for path in folder.glob("compare_*.py"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'Finding\(\s*"(\w+)"', text)) | set(
            re.findall(r'return "(\w+_weight|weight_\w+)"', text)
        )
    assert used and used <= set(CAUSES)
