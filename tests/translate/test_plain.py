"""Classes that are neither layers nor models, torch's distributions among them."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaffold.core.resources import templates
from scaffold.translate import markers
from tests.frameworks import tensorflow
from tests.translate.checkouts import class_text, port

BODY = """
from torch.distributions import Distribution, Independent, Normal


class Projection(nn.Module):
    def __init__(self, width, sizes):
        super().__init__()
        self.proj = nn.ModuleList([nn.Linear(width, size) for size in sizes.values()])

    def forward(self, x: torch.Tensor):
        return [proj(x) for proj in self.proj]


class Output:
    sizes: dict
    kind: type

    def __init__(self, dim: int = 1):
        self.dim = dim

    def distribution(self, arguments) -> Distribution:
        return Independent(self.kind(*arguments), 1)

    def get_projection(self, width: int) -> nn.Module:
        return Projection(width, self.sizes)

    @classmethod
    def narrowed(cls, x: torch.Tensor):
        return x.squeeze(-1)


class NormalOutput(Output):
    sizes: dict = {"loc": 1, "scale": 1}
    kind: type = Normal


class QuokkaForecast(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.chance = NormalOutput(dim=2)
        self.projection = self.chance.get_projection(config.hidden_size)

    def forward(self, x: torch.Tensor):
        return self.chance.distribution(self.projection(x)).mean
"""


def test_plain_classes_stay_what_they_are(tmp_path: Path) -> None:
    text = port(tmp_path, BODY).text
    assert not list(markers.parse(text))
    assert class_text(text, "NormalOutput").startswith("class NormalOutput(Output):")
    assert "kind: type = _Normal" in text and "return _Independent(self.kind(*arguments), 1)" in text
    assert "class _Normal:" in text


def test_a_method_that_makes_a_layer_is_told_its_name(tmp_path: Path) -> None:
    text = port(tmp_path, BODY).text
    assert "def get_projection(self, width: int, name: str | None = None)" in text
    assert "return TFProjection(width, self.sizes, name=name)" in text
    forecast = class_text(text, "TFQuokkaForecast")
    assert 'self.chance.get_projection(config.hidden_size, name="projection")' in forecast
    assert "self.projection.build(None)" in forecast and "self.chance.build" not in forecast


def test_a_class_method_serves_any_size(tmp_path: Path) -> None:
    assert "tf.squeeze(x, axis=-1) if x.shape[-1] == 1 else x" in class_text(port(tmp_path, BODY).text, "Output")


def emitted(name: str = "distributions") -> dict[str, Any]:
    names: dict[str, Any] = {"tf": tensorflow(), "math": math, "shape_list": lambda x: list(x.shape)}
    path = templates("model") / f"functions/{name}.py"
    exec("from __future__ import annotations\n" + path.read_text(encoding="utf-8"), names)
    return names


@pytest.mark.e2e
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_the_emitted_distributions_are_those_of_torch() -> None:
    import torch
    import torch.distributions as D

    tf, names = tensorflow(), emitted()
    rng = np.random.default_rng(0)
    a, b, c, value = (rng.random((3, 4)).astype("float32") + 0.5 for _ in range(4))
    count, scale = rng.integers(0, 9, (3, 4)).astype("float32"), c[:, :1]
    # df over 2, where the variance is finite
    for name, given, at in (("Normal", (a, b), value), ("StudentT", (2 + a, b, c), value)):
        theirs = getattr(D, name)(*map(torch.from_numpy, given))
        ours = names[f"_{name}"](*map(tf.constant, given))
        for wanted, found in (
            (theirs.log_prob(torch.from_numpy(at)), ours.log_prob(tf.constant(at))),
            (theirs.mean, ours.mean),
            (theirs.variance, ours.variance),
        ):
            np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-5, atol=1e-6)
        moved = D.TransformedDistribution(
            D.Independent(theirs, 1), [D.AffineTransform(torch.tensor(0.5), torch.from_numpy(scale), event_dim=1)]
        )
        transform = names["_AffineTransform"](0.5, tf.constant(scale), event_dim=1)
        twin = names["_TransformedDistribution"](names["_Independent"](ours, 1), [transform])
        wanted = moved.log_prob(torch.from_numpy(at)).numpy()
        np.testing.assert_allclose(twin.log_prob(tf.constant(at)).numpy(), wanted, rtol=1e-5, atol=1e-5)
        assert twin.sample().shape == (3, 4)
    negative = D.NegativeBinomial(torch.from_numpy(a), logits=torch.from_numpy(b))
    ours = names["_NegativeBinomial"](tf.constant(a), tf.constant(b))
    wanted = negative.log_prob(torch.from_numpy(count)).numpy()
    np.testing.assert_allclose(ours.log_prob(tf.constant(count)).numpy(), wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.variance.numpy(), negative.variance.numpy(), rtol=1e-5)
    assert (ours.sample().numpy() % 1 == 0).all()


@pytest.mark.e2e
def test_samples_have_the_mean_that_is_said() -> None:
    tf, names = tensorflow(), emitted()
    tf.random.set_seed(0)
    many = tf.ones([20000])
    for made in (
        names["_Normal"](3 * many, many),
        names["_StudentT"](9 * many, 3 * many, many),
        names["_NegativeBinomial"](3 * many, 0 * many),
    ):
        sample = made.sample().numpy()
        assert abs(sample.mean() - 3) < 0.1 and abs(sample.var() / made.variance.numpy()[0] - 1) < 0.15


@pytest.mark.e2e
def test_emitted_noise_has_the_moments_of_its_distribution() -> None:
    tf, names = tensorflow(), emitted("gumbel")
    tf.random.set_seed(0)
    noise = names["_Gumbel"](tf.constant(1.0), 2.0).sample([20000, 2]).numpy()
    assert noise.shape == (20000, 2)
    np.testing.assert_allclose(noise.mean(axis=0), 1 + 2 * 0.577216, atol=0.06)
    np.testing.assert_allclose(noise.std(axis=0), 2 * math.pi / math.sqrt(6), atol=0.06)


def test_noise_of_a_distribution_is_emitted(tmp_path: Path) -> None:
    text = port(tmp_path, NOISE).text
    assert "class _Gumbel:" in text and "noise = dist.sample(shape_list(x))" in text and "TODO(port)" not in text


NOISE = """
class QuokkaNoise(nn.Module):
    def forward(self, x: torch.Tensor):
        dist = torch.distributions.gumbel.Gumbel(torch.tensor(0.0, dtype=x.dtype), torch.tensor(1.0, dtype=x.dtype))
        noise = dist.sample(x.shape)
        return x + noise
"""
