"""Look for a model in a commit whose files are not here, before anything is forked or cloned for it.

Names are enough for nearly all: the commit's tree is laid out as empty files below a temporary folder, beside the one file that
has the model types, and the stage *locate* looks at that.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.names import spellings
from scaffold.flows.ported import PREFIX
from scaffold.locate.naming import AUTO, MODELS, AutoTables, auto_tables
from scaffold.locate.resolve import choose_name, find

if TYPE_CHECKING:
    from scaffold.publish.git import Clone

_NEEDED = re.compile(rf"{re.escape(MODELS)}/(?:deprecated/)?[a-z0-9_]+/(?:__init__|modeling_[a-z0-9_]+)\.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """A model that was seen from afar: the stem of its file, and how people may write its name."""

    stem: str
    spellings: tuple[str, ...]

    @property
    def branch(self) -> str:
        """The port's branch."""
        return f"{PREFIX}{self.stem}"


def look_ahead(store: Clone, commit: str, model: str, *, ported_ok: bool, env: Mapping[str, str]) -> Sighted | None:
    """The file that `model` names in the commit; None where its missing files could not be had.

    `store` has the commit's trees; git may fetch single files into it with `env`. Raises what *locate* does: LOC102 (with what
    was meant, perhaps), LOC103 (it has TensorFlow already), LOC105, LOC106, LOC109.
    """
    listed = store.git("ls-tree", "-r", "-z", "--name-only", commit, operands=[MODELS]).split("\0")
    paths = [path for path in listed if _NEEDED.fullmatch(path)]
    with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
        root = Path(name)
        for path in paths:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
        if AUTO in listed and not _fill(store, commit, root, [AUTO], env):
            return None
        tables = auto_tables(root)
        folder, stem = find(root, model, tables)
        if stem is None and folder != model:  # a model type: which of the folder's files is in them
            own = [path for path in paths if path.startswith(f"{MODELS}/{folder}/modeling_")]
            if not _fill(store, commit, root, own, env):
                return None
            folder, stem = find(root, model, tables)
        stem = choose_name(root, folder, stem, ported_ok=ported_ok)
        return Sighted(stem=stem, spellings=_spellings(model, folder, stem, tables))


def _spellings(model: str, folder: str, stem: str, tables: AutoTables) -> tuple[str, ...]:
    kind = next((key for key in tables.configs if key.replace("-", "_") in (stem, folder)), "")
    camel = tables.configs.get(kind, "").removesuffix("Config")
    known = (camel, f"TF{camel}") if camel else ()
    return spellings(model, stem, *known, *filter(None, [tables.titles.get(kind)]))


def _fill(store: Clone, commit: str, root: Path, paths: Iterable[str], env: Mapping[str, str]) -> bool:
    """Put the files' content into the outline; False where git could not get one."""
    for path in paths:
        text = store.asks("cat-file", "blob", f"{commit}:{path}", env=env)
        if text is None:
            return False
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return True
