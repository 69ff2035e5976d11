"""What the checklist judges: the port's files, parsed, and the rest of the clone read on demand.

Nothing is imported from the clone; every judgement comes from text and `ast` trees.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scaffold.checklist.classes import ClassTable
from scaffold.core.checkout import Located
from scaffold.core.names import ModelNames
from scaffold.core.reports import VerificationReport


@dataclass(frozen=True)
class SourceFile:
    """One parsed Python file; `path` is relative to the clone."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def lines(self) -> list[str]:
        """The text cut into lines, for evidence."""
        return self.text.splitlines()

    @cached_property
    def classes(self) -> ClassTable:
        """The file's top-level classes."""
        return ClassTable(self.tree)

    def at(self, line: int, note: str = "") -> str:
        """Evidence `path:line note`, the line's own text when there is no note."""
        return f"{self.path}:{line} {note or self.lines[line - 1].strip()}"

    @classmethod
    def parse(cls, path: str, text: str) -> SourceFile:
        """Parse a file's text; raises SyntaxError as `ast.parse` does."""
        return cls(path, text, ast.parse(text))


@dataclass
class Subject:
    """One port in one clone, with the report of its verification where there is one."""

    located: Located
    report: VerificationReport | None = None
    _files: dict[str, SourceFile | None] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The clone."""
        return self.located.root

    @property
    def names(self) -> ModelNames:
        """Every spelling of the model's name."""
        return self.located.names

    def read(self, path: str) -> str | None:
        """A file's text, None when it is missing or not UTF-8."""
        try:
            return (self.root / path).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def parsed(self, path: str) -> SourceFile | None:
        """A parsed file, None when it is missing or does not parse."""
        if path not in self._files:
            text = self.read(path)
            try:
                self._files[path] = SourceFile.parse(path, text) if text is not None else None
            except (SyntaxError, ValueError, RecursionError):
                self._files[path] = None
        return self._files[path]

    @property
    def tf(self) -> SourceFile | None:
        """The TensorFlow modelling file."""
        return self.parsed(self.names.tf_path)

    @property
    def pt(self) -> SourceFile | None:
        """The PyTorch modelling file."""
        return self.parsed(self.names.pt_path)

    @property
    def port(self) -> SourceFile:
        """The TensorFlow file where its presence is certain (items with `needs_tf`)."""
        file = self.tf
        if file is None:
            raise LookupError(self.names.tf_path)
        return file

    @cached_property
    def tf_files(self) -> tuple[str, ...]:
        """Every TensorFlow modelling file of the clone, sorted."""
        found = (self.root / "src/transformers/models").glob("*/modeling_tf_*.py")
        return tuple(sorted(path.relative_to(self.root).as_posix() for path in found))

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The port's model classes: those that inherit from a pretrained base class, base classes left out."""
        return tuple(name for name in self.port.classes if self.port.classes.is_model(name))

    @cached_property
    def composite(self) -> str | None:
        """A model class that is put together from whole models by an Auto class (encoder-decoder pairs)."""
        table = self.port.classes
        parts = ((name, child) for name in self.models for child in table.children(name))
        return next((name for name, child in parts if child.layer.startswith("TFAuto")), None)
