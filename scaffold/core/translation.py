"""What the translator hands on: the file's parts as data for the frames in templates/model/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scaffold.core.diagnostics import Diagnostic, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """One translated modelling file.

    `text` is the whole TensorFlow module, formatted; `classes` maps PyTorch class → TF class for every translated
    top-level class; `public` lists TF classes to register, in file order; `withheld` PyTorch classes left out with a reason;
    `borrowed` maps a TF class to the dotted TF class it was taken from; `statistics` counts calls by how they were mapped;
    `constants` are lists of checkpoints to export with the classes.
    """

    text: str
    classes: Mapping[str, str]
    public: tuple[str, ...]
    models: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...] = ()
    borrowed: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    statistics: Mapping[str, int] = field(default_factory=dict)
    constants: tuple[str, ...] = ()

    @property
    def markers(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that left a marker in the text."""
        return tuple(d for d in self.diagnostics if d.severity is Severity.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteTranslation:
    """A test file made from the PyTorch one.

    `text` is the whole module, formatted; `kept` names the functions that were translated (`Class.method`), `dropped` those
    left out, each with the reason.
    """

    text: str
    kept: tuple[str, ...]
    dropped: tuple[tuple[str, str], ...] = ()
