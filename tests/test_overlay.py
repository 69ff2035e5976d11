"""The overlay shows the planned tree and never writes through a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.edits import Tree
from scaffold.overlay import overlay
from tests.layouts import miniature

INIT = "src/transformers/models/brand_new/__init__.py"
GONE = "src/transformers/models/mute/tokenization_mute.py"
NEW = "tests/models/brand_new/new/test_x.py"


@pytest.mark.parametrize("near", [True, False])
def test_edits_are_laid_over(tmp_path: Path, near: bool) -> None:
    root = miniature(tmp_path)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    tree = Tree(root)
    tree.plan(INIT, "changed\n", by="t", why="w")
    tree.plan(GONE, None, by="t", why="w")
    tree.plan(NEW, "new\n", by="t", why="w")
    with overlay(root, tree.edits(), within=tmp_path if near else None) as folder:
        assert (folder / INIT).read_text() == "changed\n"
        assert (folder / NEW).read_text() == "new\n"
        assert not (folder / GONE).exists()
        same = "src/transformers/models/elder/modeling_elder.py"
        assert (folder / same).read_bytes() == (root / same).read_bytes()
        assert not (folder / "docs").exists()
    assert not folder.exists()
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_it_disappears_after_an_error(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    with pytest.raises(RuntimeError), overlay(root, [], within=tmp_path) as folder:
        raise RuntimeError
    assert not folder.exists()
