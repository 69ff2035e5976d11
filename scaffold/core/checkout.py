"""A located model inside a checkout: what every later stage takes as its first input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """One modelling file of one model in one checkout. Paths are relative to `root`; None where the tree lacks the file.

    `config_class` is the configuration class's name, `config_module` its module in the model's folder. `joined` is the file's
    text together with the parts of other files that it is made of (`locate/parts.py`); None for a file that stands alone.
    """

    root: Path
    names: ModelNames
    layout: Layout
    config_class: str
    config_module: str
    pt_test: str | None = None
    doc_page: str | None = None
    joined: str | None = None

    @property
    def source(self) -> str:
        """The PyTorch file's text, with the parts it is made of."""
        return self.joined if self.joined is not None else self.own_source

    @property
    def own_source(self) -> str:
        """The PyTorch file's text as it lies in the checkout."""
        return (self.root / self.names.pt_path).read_bytes().decode("utf-8")
