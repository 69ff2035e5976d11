"""The digest changes with what decides a port's text, and with nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scaffold import generator
from scaffold.core.resources import templates


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package and its templates that may be edited."""
    package = Path(generator.__file__).parent
    shutil.copytree(package, tmp_path / "scaffold", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("model", "tests"):
        shutil.copytree(templates(name), tmp_path / "templates" / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(generator, "__file__", str(tmp_path / "scaffold" / "generator.py"))
    monkeypatch.setattr(generator, "templates", lambda name: tmp_path / "templates" / name)
    return tmp_path


def test_the_place_does_not_matter(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = generator.fingerprint()
    monkeypatch.undo()
    assert generator.fingerprint() == here


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("scaffold/translate/engine.py", True),
        ("scaffold/core/names.py", True),
        ("scaffold/translate/rules/new.py", True),
        ("templates/model/copier.yml", True),
        ("scaffold/cli/main.py", False),
        ("scaffold/core/publishing_codes.py", False),
        ("scaffold/translate/notes.txt", False),
    ],
)
def test_what_decides_a_port_changes_the_digest(copy: Path, path: str, matters: bool) -> None:
    before = generator.fingerprint()
    with open(copy / path, "a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    assert (generator.fingerprint() != before) is matters
