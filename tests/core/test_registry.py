"""The folder registry: collects, sorts, refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scaffold.core.registry import collect


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "walked_folder"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("walked_folder")]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def test_sorted_whatever_the_file_order(package: Path) -> None:
    (package / "z.py").write_text("WORD = 'alpha'\n")
    (package / "a.py").write_text("WORD = ['omega', 'beta']\n")
    (package / "_private.py").write_text("raise RuntimeError\n")
    found = collect("walked_folder", "WORD", str, lambda word: word)
    assert list(found) == ["alpha", "beta", "omega"]


@pytest.mark.parametrize("second", ["WORD = 'alpha'\n", "WORD = 3\n", "OTHER = 1\n"])
def test_duplicates_and_empty_modules_raise(package: Path, second: str) -> None:
    (package / "a.py").write_text("WORD = 'alpha'\n")
    (package / "b.py").write_text(second)
    with pytest.raises(ValueError, match="b"):
        collect("walked_folder", "WORD", str, lambda word: word)
