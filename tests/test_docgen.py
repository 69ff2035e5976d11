"""The reference pages are written from the code and are up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold import docgen


@pytest.mark.parametrize("name", docgen.PAGES)
def test_the_page_is_current(name: str) -> None:
    page = docgen.FOLDER / name
    assert page.is_file()
    assert page.read_text(encoding="utf-8").endswith(docgen.PAGES[name]()), "run `python -m scaffold.docgen`"


def test_check_names_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docgen, "FOLDER", tmp_path / "reference")
    monkeypatch.setattr(docgen, "PAGES", {"codes.md": docgen.codes})
    assert docgen.main(["--check"]) == 1
    assert "codes.md" in capsys.readouterr().err
    assert docgen.main([]) == 0
    assert docgen.main(["--check"]) == 0
