"""The work tree moves between any two commits: all or nothing, nothing of the user's overwritten, resumable."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish import switch as module
from scaffold.publish.git import Clone
from scaffold.publish.switch import check_out, move_branch, on_disk, read_pending, resume
from tests.publish.history import git


def write(root: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """`main`, and `other` with every kind of change, seen from main."""
    root = tmp_path / "clone"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "A Porter")
    git(root, "config", "user.email", "porter@example.com")
    write(
        root,
        {"same": "1", "changed": "1", "gone/deep/file": "1", "folder/a": "1", "file": "1", "mode": "1", "ä b": "1"},
    )
    (root / "link").symlink_to("same")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    git(root, "switch", "-q", "-c", "other")
    write(
        root, {"changed": "2", "gone/deep/file": None, "folder/a": None, "file": None, "new/deep/file": "2", "ä b": "2"}
    )
    (root / "folder").rmdir()
    write(root, {"folder": "now a file", "file/a": "now in a folder"})
    (root / "mode").chmod(0o755)
    (root / "link").unlink()
    (root / "link").symlink_to("changed")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "two")
    git(root, "switch", "-q", "main")
    return Clone(root)


def folder(clone: Clone) -> Path:
    return clone.git_path("scaffold") / "m1"


def state(clone: Clone) -> tuple[object, ...]:
    files = sorted(path for path in clone.root.rglob("*") if ".git" not in path.parts)
    content = [(str(p), os.readlink(p) if p.is_symlink() else p.read_bytes() if p.is_file() else "") for p in files]
    return content, git(clone.root, "status", "--porcelain"), clone.branch(), git(clone.root, "for-each-ref")


def at(clone: Clone, branch: str, commit: str) -> None:
    assert (clone.branch(), clone.head()) == (branch, git(clone.root, "rev-parse", commit))
    assert git(clone.root, "status", "--porcelain") == ""
    assert git(clone.root, "diff", "--raw", "HEAD") == ""
    assert not list(folder(clone).iterdir())


def test_every_kind_of_change_both_ways(clone: Clone) -> None:
    check_out(clone, "third", clone.git("rev-parse", "other"), folder=folder(clone))
    at(clone, "third", "other")
    assert (clone.root / "folder").read_text() == "now a file"
    assert not (clone.root / "gone").exists()
    assert os.access(clone.root / "mode", os.X_OK)
    assert os.readlink(clone.root / "link") == "changed"
    check_out(clone, "main", clone.git("rev-parse", "main"), folder=folder(clone))
    at(clone, "main", "main")
    assert git(clone.root, "reflog", "-1", "--format=%gs") == "scaffold: moving to main"


def test_where_we_are_already(clone: Clone) -> None:
    (clone.root / "changed").write_text("mine")
    before = state(clone)
    check_out(clone, "main", clone.head(), folder=folder(clone))
    assert state(clone) == before


def test_the_branch_that_is_checked_out_moves_with_its_tree(clone: Clone) -> None:
    other = clone.git("rev-parse", "other")
    move_branch(clone, "main", other, folder=folder(clone), reason="a reason")
    at(clone, "main", "other")
    assert git(clone.root, "reflog", "-1", "--format=%gs") == "a reason"


def test_another_branch_moves_alone(clone: Clone) -> None:
    before = state(clone)[:3]
    move_branch(clone, "other", clone.head(), folder=folder(clone), reason="a reason")
    assert git(clone.root, "rev-parse", "other") == clone.head()
    assert state(clone)[:3] == before


REFUSED: dict[str, Callable[[Clone], object]] = {
    "changed": lambda clone: (clone.root / "changed").write_text("mine"),
    "untracked in the way": lambda clone: write(clone.root, {"new/deep/file": "mine"}),
    "untracked in a folder that goes": lambda clone: write(clone.root, {"folder/mine": "mine"}),
    "staged": lambda clone: (write(clone.root, {"x": "mine"}), git(clone.root, "add", "x")),
    "index.lock": lambda clone: (clone.root / ".git/index.lock").touch(),
    "another work tree": lambda clone: git(clone.root, "worktree", "add", "-q", "../second", "other"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_change_nothing(clone: Clone, kind: str) -> None:
    REFUSED[kind](clone)
    before = state(clone)
    with pytest.raises(ScaffoldError) as caught:
        check_out(clone, "other", clone.git("rev-parse", "other"), folder=folder(clone))
    assert caught.value.exit_code is ExitCode.CONFLICT
    assert caught.value.help
    assert state(clone) == before
    assert read_pending(folder(clone)) is None


def test_an_untracked_file_with_the_new_content_is_no_obstacle(clone: Clone) -> None:
    write(clone.root, {"new/deep/file": "2"})
    check_out(clone, "other", clone.git("rev-parse", "other"), folder=folder(clone))
    at(clone, "other", "other")


@pytest.mark.parametrize("branch", ["other", "main"])
@pytest.mark.parametrize("renames", range(0, 12, 2))
def test_after_a_kill_among_the_renames_the_next_run_finishes(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, branch: str, renames: int
) -> None:
    left = [renames]

    def counted(real: Callable[..., None]) -> Callable[..., None]:
        def one(*arguments: object) -> None:
            if not left[0]:  # what a kill at this moment would leave on the disk
                shutil.copytree(clone.root, tmp_path / "killed", symlinks=True)
            left[0] -= 1
            real(*arguments)

        return one

    for name in ("_remove", "_place", "_point_head"):
        monkeypatch.setattr(module, name, counted(getattr(module, name)))
    check_out(clone, branch, clone.git("rev-parse", "other"), folder=folder(clone))
    killed = Clone(tmp_path / "killed")
    assert read_pending(folder(killed)) is not None
    assert resume(killed, folder(killed))
    at(killed, branch, "other")


def test_user_bytes_written_after_a_kill_are_kept(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "_place", dies)
        check_out(clone, "main", clone.git("rev-parse", "other"), folder=folder(clone))
    (clone.root / "changed").write_text("mine")
    with pytest.raises(ScaffoldError) as caught:
        resume(clone, folder(clone))
    assert caught.value.code == "GIT108"
    assert (clone.root / "changed").read_text() == "mine"
    (clone.root / "changed").write_text("2")
    assert resume(clone, folder(clone))
    at(clone, "main", "other")


def test_line_endings_and_filters_count_as_git_counts_them(clone: Clone) -> None:
    git(clone.root, "config", "core.autocrlf", "true")
    write(clone.root, {"lines": "a\r\nb\r\n"})
    assert on_disk(clone, ["lines", "nothing"]) == {
        "lines": git(clone.root, "hash-object", "--no-filters", "--stdin", stdin="a\nb\n"),
        "nothing": "0" * 40,
    }


def test_what_a_kill_after_the_last_step_left_is_removed(clone: Clone) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    place = folder(clone)
    (place / f"stage.{ended.pid}" / "deep").mkdir(parents=True)
    (place / f"stage.{ended.pid}" / "deep" / "file").write_text("staged")
    for name in (f"index.{ended.pid}", f"index.{ended.pid}.lock", "index.1", "stage.1"):
        (place / name).write_text("")
    assert resume(clone, place) is False
    assert sorted(path.name for path in place.iterdir()) == ["index.1", "stage.1"]  # of a process that is at work
