"""A rebase that is known to work before anything moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish import git as git_module
from scaffold.publish.git import Clone
from scaffold.publish.rebase import _rewritten, rebase
from tests.publish.history import described, git, make_upstream
from tests.publish.test_switch import folder, state

PORT = "add_tf_m1"


def commit_all(root: Path, message: str) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message, "--date=2020-02-02T02:02:02+0500", "--author=Ä <ae@example.com>")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A port of two commits on the first commit of main, which has gone on since (branch `new`)."""
    root = tmp_path / "clone"
    git(tmp_path, "init", "-q", "-b", "main", "clone")
    for key, value in (("user.name", "A Porter"), ("user.email", "porter@example.com")):
        git(root, "config", key, value)
    (root / "init").write_text("a\nb\nc\nd\ne\nf\n")
    (root / "other").write_text("1\n")
    commit_all(root, "base")
    git(root, "switch", "-q", "-c", PORT)
    (root / "init").write_text("a\nb\nc\nd\ne\nf\nport\n")
    commit_all(root, "port: registered")
    (root / "model").write_text("tf\n")
    commit_all(root, "port: model\n\nWith a body — and “quotes”.")
    git(root, "switch", "-q", "-c", "new", "main")
    (root / "init").write_text("new\na\nb\nc\nd\ne\nf\n")
    (root / "other").write_text("2\n")
    commit_all(root, "upstream goes on")
    git(root, "switch", "-q", PORT)
    return Clone(root)


def by_git(clone: Clone, onto: str) -> str:
    """The tree that `git rebase` makes of it."""
    git(clone.root, "worktree", "add", "-q", "--detach", "../judge", PORT)
    git(clone.root.parent / "judge", "rebase", "-q", onto)
    return git(clone.root.parent / "judge", "rev-parse", "HEAD^{tree}")


def test_the_result_is_what_git_rebase_makes(clone: Clone) -> None:
    judged, old = by_git(clone, "new"), clone.head()
    tip = rebase(clone, PORT, "new", folder(clone))
    assert (clone.branch(), clone.head()) == (PORT, tip)
    assert git(clone.root, "rev-parse", "HEAD^{tree}") == judged
    assert git(clone.root, "status", "--porcelain") == ""
    assert git(clone.root, "rev-parse", "HEAD~2") == git(clone.root, "rev-parse", "new")
    kept = "--format=%an|%ae|%aI|%cn|%cI|%B"
    assert git(clone.root, "log", "-2", kept) == git(clone.root, "log", "-2", kept, old)
    assert (clone.root / "init").read_text() == "new\na\nb\nc\nd\ne\nf\nport\n"
    assert git(clone.root, "rev-parse", f"{PORT}@{{1}}") == old
    assert git(clone.root, "fsck", "--strict", "--no-dangling") == ""


def test_a_second_time_there_is_nothing_to_do(clone: Clone) -> None:
    rebase(clone, PORT, "new", folder(clone))
    before = state(clone)
    assert rebase(clone, PORT, "new", folder(clone)) is None
    assert state(clone) == before


def test_the_same_rebase_gives_the_same_commit(clone: Clone) -> None:
    old = clone.head()
    first = rebase(clone, PORT, "new", folder(clone))
    git(clone.root, "reset", "-q", "--hard", old)
    assert rebase(clone, PORT, "new", folder(clone)) == first


def test_a_branch_that_is_not_checked_out(clone: Clone) -> None:
    git(clone.root, "switch", "-q", "main")
    (clone.root / "other").write_text("mine\n")
    before = state(clone)[:3]
    tip = rebase(clone, PORT, "new", folder(clone))
    assert clone.tip(PORT) == tip
    assert state(clone)[:3] == before


def test_conflicts_are_named_and_nothing_changes(clone: Clone) -> None:
    git(clone.root, "switch", "-q", "new")
    (clone.root / "init").write_text("a\nb\nc\nd\ne\nf\nanother port\n")
    (clone.root / "model").write_text("another\n")
    commit_all(clone.root, "in the way")
    git(clone.root, "switch", "-q", PORT)
    before = state(clone)
    with pytest.raises(
        ScaffoldError, match=r"port: registered cannot be replayed on \w+: both changed init\n"
    ) as caught:
        rebase(clone, PORT, "new", folder(clone))
    assert (caught.value.code, caught.value.exit_code) == ("GIT122", ExitCode.CONFLICT)
    assert state(clone) == before


def test_what_upstream_took_is_left_out(clone: Clone) -> None:
    git(clone.root, "switch", "-q", "new")
    git(clone.root, "cherry-pick", f"{PORT}~")
    git(clone.root, "switch", "-q", PORT)
    rebase(clone, PORT, "new", folder(clone))
    assert git(clone.root, "log", "--format=%s", "new..HEAD") == "port: model"


def test_a_branch_without_commits_of_its_own_goes_forward(clone: Clone) -> None:
    git(clone.root, "switch", "-q", "main")
    assert rebase(clone, "main", "new", folder(clone)) == clone.tip("new")
    assert git(clone.root, "status", "--porcelain") == ""


def test_a_dirty_tree_is_left_alone(clone: Clone) -> None:
    (clone.root / "other").write_text("mine\n")
    before = state(clone)
    with pytest.raises(ScaffoldError) as caught:
        rebase(clone, PORT, "new", folder(clone))
    assert (caught.value.code, caught.value.exit_code) == ("GIT102", ExitCode.CONFLICT)
    assert state(clone) == before


def test_merges_and_strangers_are_refused(clone: Clone) -> None:
    git(clone.root, "merge", "-q", "--no-edit", "new")
    git(clone.root, "switch", "-q", "new")
    git(clone.root, "commit", "-q", "--allow-empty", "-m", "more")
    git(clone.root, "switch", "-q", "--orphan", "stranger")
    git(clone.root, "commit", "-q", "--allow-empty", "-m", "alone")
    for branch, onto, said in (
        (PORT, "new", "merge commits"),
        ("stranger", "new", "no common history"),
        ("nothing", "new", "there is no nothing"),
        (PORT, "nowhere", "there is no nowhere"),
    ):
        with pytest.raises(ScaffoldError, match=said) as caught:
            rebase(clone, branch, onto, folder(clone))
        assert (caught.value.code, caught.value.exit_code) == ("GIT123", ExitCode.CONFLICT)


def test_an_old_git_is_told_so(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "git_version", lambda: (2, 37))
    before = state(clone)
    with pytest.raises(ScaffoldError, match=r"needs git 2\.38; here is 2\.37") as caught:
        rebase(clone, PORT, "new", folder(clone))
    assert caught.value.code == "GIT111"
    assert "git rebase new" in caught.value.help
    assert state(clone) == before


def test_a_signature_is_dropped_and_the_rest_kept() -> None:
    raw = (
        b"tree 1111\nparent 2222\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\nencoding ISO-8859-1\n"
        b"gpgsig -----BEGIN\n \n abc\n -----END\n\nsubject \xe4\n\ntree 9999\ngpgsig in the text\n"
    )
    assert _rewritten(raw, tree="aaaa", parent="bbbb") == (
        b"tree aaaa\nparent bbbb\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\nencoding ISO-8859-1\n"
        b"\nsubject \xe4\n\ntree 9999\ngpgsig in the text\n"
    )


def test_a_partial_clone_fetches_what_the_rebase_needs(tmp_path: Path) -> None:
    from scaffold.publish.base import Base
    from scaffold.publish.fork_clone import connect

    source = make_upstream(tmp_path / "source.git")
    here = described("some/transformers", source.as_uri())
    base = Base(ref="refs/tags/v4.45.0", branch="old", commit=git(source, "rev-parse", "v4.45.0"))
    clone = connect(tmp_path / "clone", fork=here, upstream=here, base=base, token=None)
    for key, value in (("user.name", "A Porter"), ("user.email", "porter@example.com")):
        git(clone.root, "config", key, value)
    git(clone.root, "switch", "-q", "-c", PORT)
    (clone.root / "model").write_text("tf\n")
    commit_all(clone.root, "port")
    git(clone.root, "fetch", "-q", "upstream", "refs/heads/v4.47-release:new")
    rebase(clone, PORT, "new", folder(clone))
    assert (clone.root / "README.md").read_text() == "fixed\n"
    assert git(clone.root, "status", "--porcelain") == ""
