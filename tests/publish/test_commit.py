"""The commit is all or nothing, whatever happens on the way."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scaffold.core.edits import Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.commit import Pending, commit_edits, read_pending, resume
from scaffold.publish.git import Clone, check_clean, check_identity, find_top, open_clone
from scaffold.publish.pristine import Before, load_before
from tests.layouts import git, miniature

INIT = "src/transformers/models/brand_new/__init__.py"
MODEL = "src/transformers/models/brand_new/modeling_tf_brand_new.py"
TEST = "tests/models/new_folder/test_modeling_tf_brand_new.py"


def planned(root: Path) -> Tree:
    tree = Tree(root)
    tree.plan(INIT, (root / INIT).read_text() + "# more\n", by="t", why="w")
    tree.plan(MODEL, "import tensorflow as tf\n", by="t", why="w")
    tree.plan(TEST, "import unittest\n", by="t", why="w")
    return tree


def folder_of(clone: Clone) -> Path:
    return clone.git_path("scaffold") / "brand_new"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return miniature(tmp_path, git=True)


def test_commit_appears_on_a_new_branch(root: Path) -> None:
    clone = open_clone(root)
    base = clone.head()
    commit = commit_edits(clone, planned(root).edits(), branch="add_tf_brand_new", folder=folder_of(clone))
    assert clone.head() == commit != base
    assert clone.branch() == "add_tf_brand_new"
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "log", "-1", "--format=%s|%an|%P") == f"initial commit|A Porter|{base}"
    assert git(root, "diff", "--name-only", base, commit).splitlines() == sorted([INIT, MODEL, TEST])
    assert git(root, "rev-parse", "main") == base
    assert git(root, "fsck", "--strict", "--no-dangling") == ""
    assert not [path for path in folder_of(clone).iterdir() if path.name != "before.json"]
    assert git(root, "rev-parse", "refs/scaffold/brand_new/base") == commit
    assert load_before(folder_of(clone)) == Before(branch="main", commit=base)


def test_the_executable_bit_survives(root: Path) -> None:
    (root / INIT).chmod(0o755)
    git(root, "commit", "-qam", "mode")
    clone = open_clone(root)
    commit_edits(clone, planned(root).edits(), branch="b", folder=folder_of(clone))
    assert git(root, "ls-files", "-s", INIT).startswith("100755")
    assert os.access(root / INIT, os.X_OK)


def test_a_deletion_is_committed(root: Path) -> None:
    tree = Tree(root)
    tree.plan(INIT, None, by="t", why="w")
    clone = open_clone(root)
    commit_edits(clone, tree.edits(), branch="b", folder=folder_of(clone))
    assert not (root / INIT).exists()
    assert git(root, "status", "--porcelain") == ""


def snapshot(root: Path) -> tuple[str, str, str, bytes]:
    files = sorted(path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    content = b"".join(str(path).encode() + path.read_bytes() for path in files)
    return git(root, "for-each-ref"), git(root, "rev-parse", "HEAD"), git(root, "status", "--porcelain"), content


@pytest.mark.parametrize("kind", ["modified", "staged", "untracked in the way", "branch", "index.lock"])
def test_refusals_change_nothing(root: Path, kind: str) -> None:
    clone = open_clone(root)
    edits = planned(root).edits()
    if kind == "modified":
        (root / INIT).write_text("# mine\n")
    elif kind == "staged":
        (root / "other.py").write_text("x = 1\n")
        git(root, "add", "other.py")
    elif kind == "untracked in the way":
        (root / MODEL).write_text("# mine\n")
    elif kind == "branch":
        git(root, "branch", "b")
    else:
        (root / ".git/index.lock").touch()
    before = snapshot(root)
    with pytest.raises(ScaffoldError) as caught:
        commit_edits(clone, edits, branch="b", folder=folder_of(clone))
    assert caught.value.exit_code is ExitCode.CONFLICT
    assert snapshot(root) == before
    assert read_pending(folder_of(clone)) is None


def test_dirty_tree_and_missing_author_are_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = open_clone(root)
    check_clean(clone)
    check_identity(clone)
    (root / "untracked").touch()
    check_clean(clone)
    (root / INIT).write_text("# mine\n")
    with pytest.raises(ScaffoldError, match="uncommitted changes") as caught:
        check_clean(clone)
    assert caught.value.code == "GIT102"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    git(root, "config", "--unset", "user.email")
    with pytest.raises(ScaffoldError, match=r"user\.email is not set") as missing:
        check_identity(clone)
    assert missing.value.code == "GIT104"
    git(root, "config", "--unset", "user.name")
    with pytest.raises(ScaffoldError, match=r"user\.name and user\.email are not set"):
        check_identity(clone)


def test_no_repository(tmp_path: Path, root: Path) -> None:
    with pytest.raises(ScaffoldError) as caught:
        open_clone(tmp_path)
    assert caught.value.code == "GIT101"
    with pytest.raises(ScaffoldError, match="not the top"):
        open_clone(root / "src")
    assert find_top(root / "src") == root.resolve()


def test_resume_finishes_an_interrupted_switch(root: Path) -> None:
    clone = open_clone(root)
    folder = folder_of(clone)
    base = clone.head()
    commit = commit_edits(clone, planned(root).edits(), branch="b", folder=folder)
    git(root, "switch", "-q", "main")
    (root / MODEL).write_text("import tensorflow as tf\n")  # one file was renamed into place before the kill
    (folder / "pending.json").write_text(f'{{"branch": "b", "base": "{base}", "commit": "{commit}"}}')
    assert read_pending(folder) == Pending(branch="b", base=base, commit=commit)
    assert resume(clone, folder)
    assert (clone.branch(), git(root, "status", "--porcelain")) == ("b", "")
    assert not resume(clone, folder)


def test_resume_keeps_what_the_user_wrote(root: Path) -> None:
    clone = open_clone(root)
    folder = folder_of(clone)
    base = clone.head()
    commit = commit_edits(clone, planned(root).edits(), branch="b", folder=folder)
    git(root, "switch", "-q", "main")
    (root / INIT).write_text("# mine\n")
    (folder / "pending.json").write_text(f'{{"branch": "b", "base": "{base}", "commit": "{commit}"}}')
    with pytest.raises(ScaffoldError) as caught:
        resume(clone, folder)
    assert caught.value.code == "GIT108"
    assert (root / INIT).read_text() == "# mine\n"


CHILD = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from tests.publish.test_commit import commit_edits, folder_of, open_clone, planned
clone = open_clone(Path(sys.argv[1]))
edits = planned(clone.root).edits()
print("ready", flush=True)
commit_edits(clone, edits, branch="b", folder=folder_of(clone))
"""


def test_killed_at_random_the_clone_is_old_or_resumable(root: Path) -> None:
    clone = open_clone(root)
    base, project = clone.head(), Path(__file__).parents[2]
    dice = random.Random(7)
    command = [sys.executable, "-c", CHILD, str(root), str(project)]
    for _ in range(6):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0, 0.12))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert not (root / ".git/index.lock").exists()
        if clone.tip("b") is None:
            assert (clone.head(), git(root, "status", "--porcelain")) == (base, "")
            continue
        resume(clone, folder_of(clone))
        assert (clone.branch(), git(root, "status", "--porcelain")) == ("b", "")
        assert git(root, "rev-parse", "b^") == base
        git(root, "switch", "-q", "main")
        git(root, "branch", "-qD", "b")
