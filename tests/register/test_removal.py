"""Taking a port away is the way back from registering it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.core.edits import Tree
from scaffold.locate import locate
from scaffold.ported import port_of
from scaffold.register import register, remove
from tests.register.cases import LAYOUTS, checkout, port, write


def texts(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}


def planned(root: Path, tree: Tree) -> dict[str, str]:
    found: dict[str, str | None] = {**texts(root), **{edit.path: edit.after for edit in tree.edits()}}
    return {path: text for path, text in found.items() if text is not None}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_registered_is_gone(tmp_path: Path, layout: str) -> None:
    located = checkout(tmp_path, layout)
    before = texts(located.root)
    del before[located.names.tf_path]
    tree = Tree(located.root)
    register(located, port(located), tree)
    write(tree)
    assert texts(located.root) != before
    located = locate(located.root, "brand_new", ported_ok=True)
    tree = Tree(located.root)
    # the miniature's file has no list of checkpoints, which it exports
    remove(located, replace(port_of(located), constants=port(located).constants), tree)
    after = planned(located.root, tree)
    # the credit of a contributor belongs to the page, not to the port, and stays
    pages = {path for path in before if "model_doc" in path}
    assert {p: t for p, t in after.items() if p not in pages} == {p: t for p, t in before.items() if p not in pages}
    for path in pages & after.keys():
        assert "TFBrandNew" not in after[path]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("stem", ["elder", "twin_vision"])
def test_what_people_wrote_is_taken_away(tmp_path: Path, layout: str, stem: str) -> None:
    located = checkout(tmp_path, layout, stem, stem if "_" in stem else None)
    tree = Tree(located.root)
    theirs = port_of(located)
    remove(located, theirs, tree)
    assert not tree.exists(located.names.tf_path)
    gone = planned(located.root, tree)
    for name in theirs.public:
        assert not [path for path, text in gone.items() if f'"{name}"' in text or f" {name}," in text]


def test_a_way_there_and_back_is_no_edit(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    tree = Tree(tmp_path)
    tree.plan("file", None, by="test", why="")
    assert [edit.path for edit in tree.edits()] == ["file"]
    tree.plan("file", "old", by="test", why="")
    assert tree.edits() == ()
    assert tree.read("file") == "old"
