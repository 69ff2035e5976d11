"""All rules by qualified torch name, collected from the files in `rules/`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from scaffold.translate import rules as rules_package
from scaffold.translate.rule import AnyRule, AttributeRule, LayerRule, Rule


@cache
def all_rules() -> tuple[tuple[str, AnyRule], ...]:
    """(family, rule) of every rule, sorted by name. Two rules for one name raise ValueError."""
    found: dict[str, tuple[str, AnyRule]] = {}
    for info in sorted(pkgutil.iter_modules(rules_package.__path__), key=lambda m: m.name):
        module = importlib.import_module(f"{rules_package.__name__}.{info.name}")
        rows: list[AnyRule] = []
        for name, value in vars(module).items():
            if isinstance(value, (Rule, LayerRule, AttributeRule)) and not name.startswith("__"):
                rows.append(value)
            elif name.isupper() and isinstance(value, (list, tuple)):
                rows += [row for row in value if isinstance(row, (Rule, LayerRule, AttributeRule))]
        for row in rows:
            if row.torch in found and found[row.torch][1] is not row:
                raise ValueError(f"two rules for {row.torch}: {found[row.torch][0]} and {info.name}")
            found[row.torch] = (info.name, row)
    return tuple(found[name] for name in sorted(found))


@cache
def rules_by_name() -> dict[str, AnyRule]:
    """Qualified torch name → rule."""
    return {rule.torch: rule for _, rule in all_rules()}


#: Spellings of one and the same thing: prefix → canonical prefix.
CANONICAL = (
    ("torch.nn.modules.activation.", "torch.nn."),
    ("torch.functional.", "torch."),
)


def find(qualname: str) -> AnyRule | None:
    """The rule for a qualified name, whatever its spelling."""
    table = rules_by_name()
    if qualname in table:
        return table[qualname]
    if qualname.startswith("transformers."):
        return _library().get(qualname.rpartition(".")[2])
    for prefix, canonical in CANONICAL:
        if qualname.startswith(prefix):
            return table.get(canonical + qualname.removeprefix(prefix))
    return None


@cache
def _library() -> dict[str, AnyRule]:
    """Rules of the library's own functions by bare name: several modules re-export them."""
    return {rule.torch.rpartition(".")[2]: rule for _, rule in all_rules() if rule.torch.startswith("transformers.")}


@cache
def tensor_methods() -> frozenset[str]:
    """Names of tensor methods that have a rule."""
    return frozenset(name.removeprefix("torch.Tensor.") for name in rules_by_name() if name.startswith("torch.Tensor."))
