"""What a layout facet is: one question about a checkout, answered from file content with the place it was read at.

Source of truth for the facets: the modules in scaffold/locate/probes/, one facet a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.core.layout import Finding
from scaffold.core.names import ModelNames

#: How many hand-written TensorFlow files are looked at to learn a convention; a convention is the habit of the majority.
SAMPLE = 12


@dataclass(slots=True)
class Sight:
    """What a facet may look at: the checkout, the model's names and its doc page. Files are read once."""

    root: Path
    names: ModelNames
    doc_page: str | None = None
    _texts: dict[str, str | None] = field(default_factory=dict)
    _sample: list[str] | None = None

    def read(self, path: str) -> str | None:
        """The file's text, None when there is none or it is not UTF-8 (a facet is not the place to fail)."""
        if path not in self._texts:
            try:
                self._texts[path] = (self.root / path).read_bytes().decode("utf-8")
            except (OSError, UnicodeDecodeError):
                self._texts[path] = None
        return self._texts[path]

    def find(self, path: str, pattern: str, value: str, why: str = "") -> Finding | None:
        """A finding with `value` at the first line that matches the pattern, None when the file has no such line."""
        text = self.read(path)
        match = re.search(pattern, text, re.MULTILINE) if text is not None else None
        if text is None or match is None:
            return None
        return Finding(value=value, path=path, line=text.count("\n", 0, match.start()) + 1, why=why)

    def tensorflow_files(self) -> list[str]:
        """A sample of the checkout's TensorFlow modelling files."""
        if self._sample is None:
            paths = sorted(self.root.glob("src/transformers/models/*/modeling_tf_*.py"))
            # The auto file is a table, not a model.
            others = [path for path in paths if path.parent.name not in ("auto", self.names.folder)]
            step = max(1, len(others) // SAMPLE)
            self._sample = [path.relative_to(self.root).as_posix() for path in others[::step]]
        return self._sample

    def majority(self, patterns: Mapping[str, str]) -> Finding | None:
        """The value whose pattern more than half of the sampled TensorFlow files have, if there is one."""
        hits: dict[str, list[Finding]] = {value: [] for value in patterns}
        files = self.tensorflow_files()
        for path in files:
            for value, pattern in patterns.items():
                finding = self.find(path, pattern, value)
                if finding is not None:
                    hits[value].append(finding)
                    break
        value, found = max(hits.items(), key=lambda item: len(item[1]))
        if 2 * len(found) <= len(files):
            return None
        why = f"{len(found)} of {len(files)} TensorFlow files looked at"
        return Finding(value=value, path=found[0].path, line=found[0].line, why=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One facet. `values` maps each value to what it means; `detect` answers None where the place is absent."""

    name: str
    title: str
    values: Mapping[str, str]
    detect: Callable[[Sight], Finding | None]
