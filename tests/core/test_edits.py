"""A tree of planned changes never leads out of its checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.edits import AlreadyDone, Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.overlay import overlay


@pytest.mark.parametrize("link", ["src", "src/models", "src/models/x.py"])
def test_nothing_is_planned_through_a_link(tmp_path: Path, link: str) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "root"
    path = "src/models/x.py"
    for top in (elsewhere, root):
        (top / path).parent.mkdir(parents=True)
        (top / path).write_text("theirs\n")
    (root / link).rename(root / "aside")
    (root / link).symlink_to(elsewhere / link)
    tree = Tree(root)
    assert isinstance(tree.plan(path, "theirs\n", by="t", why="w"), AlreadyDone)
    with pytest.raises(ScaffoldError, match="symbolic link") as caught:
        tree.plan(path, "ours\n", by="t", why="w")
    assert (caught.value.code, caught.value.exit_code) == ("CLI106", ExitCode.CONFLICT)
    assert tree.edits() == ()


def test_an_overlay_does_not_follow_a_link_that_came_later(tmp_path: Path) -> None:
    elsewhere, root, path = tmp_path / "elsewhere", tmp_path / "root", "src/models/x.py"
    for top in (elsewhere, root):
        (top / path).parent.mkdir(parents=True)
        (top / path).write_text("theirs\n")
    tree = Tree(root)
    tree.plan(path, "ours\n", by="t", why="w")
    (root / "src/models").rename(root / "aside")
    (root / "src/models").symlink_to(elsewhere / "src/models")
    with pytest.raises(ScaffoldError, match="symbolic link"), overlay(root, tree.edits()):
        pass
    assert (elsewhere / path).read_text() == "theirs\n"
