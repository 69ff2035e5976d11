"""A further commit on the branch that is checked out."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.edits import Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.follow_up import commit_onto
from scaffold.publish.git import Clone, open_clone
from scaffold.publish.switch import resume
from tests.layouts import git, make_repository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "clone"
    root.mkdir()
    for name in ("kept.txt", "gone.txt", "tool.sh"):
        (root / name).write_text(f"{name}\n")
    (root / "tool.sh").chmod(0o755)
    make_repository(root)
    git(root, "switch", "-q", "-c", "work")
    return root


def commit(root: Path, folder: Path) -> str:
    tree = Tree(root)
    tree.plan("kept.txt", "new\n", by="t", why="w")
    tree.plan("gone.txt", None, by="t", why="w")
    tree.plan("tool.sh", "#!/bin/sh\n", by="t", why="w")
    tree.plan("a/b.txt", "made\n", by="t", why="w")
    return commit_onto(open_clone(root), tree.edits(), branch="work", folder=folder, message="More")


def test_edits_become_one_commit(root: Path, tmp_path: Path) -> None:
    base = git(root, "rev-parse", "HEAD")
    (root / "mine.txt").write_text("untracked")
    made = commit(root, tmp_path / "state")
    assert git(root, "rev-parse", "work", "HEAD") == f"{made}\n{made}"
    assert git(root, "rev-parse", "main") == base
    assert git(root, "log", "-1", "--format=%s %P") == f"More {base}"
    assert git(root, "ls-tree", "-r", "--name-only", "HEAD").split() == ["a/b.txt", "kept.txt", "tool.sh"]
    assert git(root, "status", "--porcelain") == "?? mine.txt"
    assert (root / "a/b.txt").read_text() == "made\n"
    assert not (root / "gone.txt").exists()
    assert (root / "tool.sh").stat().st_mode & 0o111
    assert not list((tmp_path / "state").glob("index.*"))


@pytest.mark.parametrize("how", ["changed", "staged", "in the way"])
def test_nothing_of_the_users_is_overwritten(root: Path, tmp_path: Path, how: str) -> None:
    if how == "in the way":
        (root / "a").mkdir()
        (root / "a/b.txt").write_text("mine")
    else:
        (root / "kept.txt").write_text("mine")
        if how == "staged":
            git(root, "add", "kept.txt")
    tip, status = git(root, "rev-parse", "HEAD"), git(root, "status", "--porcelain")
    with pytest.raises(ScaffoldError) as caught:
        commit(root, tmp_path / "state")
    assert caught.value.exit_code is ExitCode.CONFLICT
    assert git(root, "rev-parse", "HEAD") == tip
    assert git(root, "status", "--porcelain") == status


def test_a_kill_after_the_ref_update_is_finished(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("scaffold.publish.switch.place_all", killed)
        commit(root, tmp_path / "state")
    clone = Clone(root)
    assert git(root, "status", "--porcelain") != ""
    assert resume(clone, tmp_path / "state")
    assert git(root, "status", "--porcelain") == ""
    assert (root / "kept.txt").read_text() == "new\n"
