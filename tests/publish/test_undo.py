"""Undo brings back what was there and loses nothing of the user's, whenever it is cut off."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from scaffold.cli.main import main
from scaffold.core.errors import ScaffoldError
from scaffold.publish.commit import commit_edits
from scaffold.publish.git import Clone, open_clone
from scaffold.publish.undo import plan_undo, undo
from tests.layouts import git, miniature
from tests.publish.test_commit import INIT, MODEL, TEST, folder_of, planned

BRANCH = "add_tf_brand_new"
UNDONE = "refs/scaffold/brand_new/undone"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = miniature(tmp_path, git=True)
    clone = open_clone(root)
    commit_edits(clone, planned(root).edits(), branch=BRANCH, folder=folder_of(clone))
    return root


def take_back(root: Path) -> tuple[str, ...]:
    clone = open_clone(root)
    plan = plan_undo(clone, BRANCH, folder_of(clone))
    assert plan is not None
    undo(clone, plan, folder_of(clone))
    return plan.kept


def test_the_tree_is_as_it_was(root: Path) -> None:
    tip = git(root, "rev-parse", BRANCH)
    assert take_back(root) == ()
    assert git(root, "branch", "--show-current") == "main"
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "branch", "--list", BRANCH) == ""
    assert git(root, "rev-parse", UNDONE) == tip
    assert not (root / TEST).parent.exists()
    assert not folder_of(Clone(root)).exists()
    assert plan_undo(open_clone(root), BRANCH, folder_of(open_clone(root))) is None
    git(root, "switch", "-q", "-c", BRANCH, UNDONE)
    assert (root / MODEL).read_text() == "import tensorflow as tf\n"


def test_a_detached_head_is_detached_again(tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    git(root, "switch", "-q", "--detach")
    base = git(root, "rev-parse", "HEAD")
    clone = open_clone(root)
    commit_edits(clone, planned(root).edits(), branch=BRANCH, folder=folder_of(clone))
    take_back(root)
    assert clone.branch() is None
    assert clone.head() == base
    assert git(root, "status", "--porcelain") == ""


def test_edits_are_kept_and_listed_committed_or_not(root: Path) -> None:
    (root / TEST).write_text("import unittest\n# mine\n")
    git(root, "commit", "-q", "-am", "mine")
    (root / "notes.txt").write_text("a thought\n")
    git(root, "add", "notes.txt")
    (root / MODEL).write_text("import tensorflow as tf\n# half done\n")
    (root / "untracked.txt").write_text("x")
    tip = git(root, "rev-parse", "HEAD")
    assert set(take_back(root)) == {TEST, MODEL}
    assert (root / TEST).read_text() == "import unittest\n# mine\n"
    assert (root / MODEL).read_text() == "import tensorflow as tf\n# half done\n"
    assert (root / "notes.txt").read_text() == "a thought\n"
    assert (root / "untracked.txt").exists()
    assert not (root / INIT).read_text().endswith("# more\n")
    assert git(root, "rev-parse", UNDONE) == tip
    assert git(root, "diff", "--name-only") == ""


def test_a_staged_version_that_no_file_holds_is_refused(root: Path) -> None:
    (root / MODEL).write_text("staged\n")
    git(root, "add", MODEL)
    (root / MODEL).write_text("on disk\n")
    before = git(root, "diff", "--cached")
    with pytest.raises(ScaffoldError, match="GIT141"):
        take_back(root)
    assert git(root, "diff", "--cached") == before
    assert git(root, "branch", "--show-current") == BRANCH


def test_from_another_branch_only_the_branch_goes(root: Path) -> None:
    git(root, "switch", "-q", "main")
    (root / INIT).write_text("dirty\n")
    take_back(root)
    assert (root / INIT).read_text() == "dirty\n"
    assert git(root, "branch", "--list", BRANCH) == ""


def test_a_branch_of_somebody_elses_is_left(tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    git(root, "branch", BRANCH)
    clone = open_clone(root)
    with pytest.raises(ScaffoldError, match="GIT140"):
        plan_undo(clone, BRANCH, folder_of(clone))


def test_the_command(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / TEST).write_text("mine\n")
    assert main(["undo", "--repo", str(root), "--dry-run"]) == 0
    assert "kept, since it was edited: " + TEST in capsys.readouterr().out
    assert git(root, "branch", "--show-current") == BRANCH
    assert main(["undo", "--repo", str(root)]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["undo", "--repo", str(root), "--yes"]) == 0
    assert UNDONE in capsys.readouterr().out
    assert main(["undo", "brand_new", "--repo", str(root), "--yes"]) == 0
    assert "nothing to undo" in capsys.readouterr().out
    assert not (root / ".git/scaffold/journal").exists()


def wait_for_group(group: int) -> None:
    """A killed git ends when its system call does, which is later on a busy machine; a process nobody waits for stays a while."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)


def test_a_kill_at_any_moment_can_be_gone_on_from(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from scaffold.publish.git import open_clone
        from scaffold.publish.undo import plan_undo, undo
        clone = open_clone(Path(sys.argv[1]))
        folder = clone.git_path("scaffold") / "brand_new"
        plan = plan_undo(clone, "add_tf_brand_new", folder)
        print("go", flush=True)
        if plan is not None:
            undo(clone, plan, folder)
        """
    )
    chance = random.Random(7)
    for number in range(8):
        root = miniature(tmp_path / str(number), git=True)
        clone = open_clone(root)
        commit_edits(clone, planned(root).edits(), branch=BRANCH, folder=folder_of(clone))
        (root / TEST).write_text("mine\n")
        tip = clone.head()
        command = [sys.executable, "-c", script, str(root)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.12))
        os.killpg(child.pid, signal.SIGKILL)  # and the git it may have started, which would go on for a moment
        child.communicate()
        wait_for_group(child.pid)
        if clone.tip(BRANCH) is not None:
            take_back(root)
        assert git(root, "branch", "--show-current") == "main"
        assert git(root, "rev-parse", UNDONE) == tip
        assert (root / TEST).read_text() == "mine\n"
        assert git(root, "status", "--porcelain").split() == ["??", "tests/models/new_folder/"]
