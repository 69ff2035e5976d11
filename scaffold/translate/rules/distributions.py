"""Classes of torch.distributions: emitted ones with what models ask of them (mean, variance, `log_prob`, `sample`).

Source: torch's documentation, "Probability distributions"; the densities are those of its source.
"""

from __future__ import annotations

from scaffold.translate.rule import AttributeRule

_GUMBEL = ("torch.distributions.Gumbel", "torch.distributions.gumbel.Gumbel")

_KNOWN = (
    "AffineTransform",
    "Independent",
    "NegativeBinomial",
    "Normal",
    "StudentT",
    "TransformedDistribution",
)

RULES = [
    *(AttributeRule(torch=name, tf="_Gumbel", result="type", emit="gumbel") for name in _GUMBEL),
    *(
        AttributeRule(torch=f"torch.distributions.{name}", tf=f"_{name}", result="type", emit="distributions")
        for name in _KNOWN
    ),
]
