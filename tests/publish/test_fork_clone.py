"""A clone of a fork: made, finished after a kill at any instant, reused; checked against what git says of it."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.base import Base, find_base
from scaffold.publish.fork_clone import connect, remote_of
from scaffold.publish.git import Clone
from tests.publish.history import described, git, make_upstream


class Place:
    """An upstream, a fork of it, and where the clone goes."""

    def __init__(self, folder: Path) -> None:
        self.source = make_upstream(folder / "some" / "transformers.git")
        forked = folder / "porter" / "transformers.git"
        git(folder, "clone", "-q", "--bare", str(self.source), str(forked))
        git(forked, "config", "uploadpack.allowFilter", "true")
        self.forked = forked
        self.upstream = described("some/transformers", self.source.as_uri())
        self.fork = described("porter/transformers", forked.as_uri(), parent="some/transformers", can_push=True)
        self.target = folder / "work" / "transformers"

    def base(self, ref: str = "refs/heads/v4.47-release", branch: str = "v4.47-release") -> Base:
        return Base(ref=ref, branch=branch, commit=git(self.source, "rev-parse", f"{ref}^{{commit}}"), version=(4, 47))

    def connect(self, *, fast: bool = False, reference: Path | None = None, base: Base | None = None) -> Clone:
        return connect(
            self.target,
            fork=self.fork,
            upstream=self.upstream,
            base=base or self.base(),
            token=None,
            fast=fast,
            reference=reference,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def missing(clone: Clone) -> int:
    """How many objects of the history were not fetched."""
    listed = clone.git("rev-list", "--objects", "--missing=print", "HEAD").splitlines()
    return sum(line.startswith("?") for line in listed)


def complete(clone: Clone, base: Base) -> None:
    assert (clone.branch(), clone.head()) == (base.branch, base.commit)
    assert git(clone.root, "status", "--porcelain") == ""
    assert git(clone.root, "fsck", "--no-dangling") == ""
    assert sorted(path.name for path in (clone.root / ".git/scaffold").iterdir()) == ["setup.lock"]
    assert not list(clone.root.rglob(".git/**/*.lock"))[1:]


def test_a_new_clone(place: Place) -> None:
    clone = place.connect()
    complete(clone, place.base())
    assert git(clone.root, "remote", "get-url", "origin") == place.fork.clone_url
    assert git(clone.root, "remote", "get-url", "upstream") == place.upstream.clone_url
    assert git(clone.root, "remote", "get-url", "--push", "upstream") == "no_push"
    assert git(clone.root, "rev-list", "--count", "HEAD") == "5"
    assert missing(clone) > 0
    assert git(clone.root, "tag", "--list") == ""
    assert (
        git(clone.root, "for-each-ref", "--format=%(refname)", "refs/remotes") == "refs/remotes/upstream/v4.47-release"
    )
    assert list(place.target.parent.iterdir()) == [place.target]
    # the rest of the history comes when it is asked for
    assert "4.45.0" in git(clone.root, "log", "-p", "--", "src/transformers/__init__.py")


def test_a_tag_as_base(place: Place) -> None:
    base = place.base("refs/tags/v4.47.1", "tf-v4.47.1")
    clone = place.connect(base=base)
    complete(clone, base)
    assert (clone.root / "README.md").read_text() == "a\n"


def test_the_default_branch_without_a_base(place: Place) -> None:
    clone = connect(place.target, fork=place.fork, upstream=place.upstream, base=None, token=None)
    assert (clone.branch(), clone.head()) == ("main", git(place.source, "rev-parse", "main"))


def test_fast_is_shallow(place: Place) -> None:
    clone = place.connect(fast=True)
    complete(clone, place.base())
    assert git(clone.root, "rev-list", "--count", "HEAD") == "1"


def test_the_base_found_is_the_base_cloned(place: Place) -> None:
    base = find_base(place.upstream.clone_url, token=None)
    complete(place.connect(base=base), base)


def test_a_reference_saves_the_download(place: Place, tmp_path: Path) -> None:
    reference = tmp_path / "other"
    git(tmp_path, "clone", "-q", "--branch=v4.47-release", str(place.source), str(reference))
    base = place.base()
    listed = git(place.source, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)")
    blobs = [line.split()[1] for line in listed.splitlines() if line.startswith("blob ")]
    hidden = [place.source / "objects" / name[:2] / name[2:] for name in blobs]
    for path in hidden:  # upstream has nothing to check out
        path.rename(path.with_suffix(".away"))
    clone = place.connect(reference=reference, base=base)
    for path in hidden:
        path.with_suffix(".away").rename(path)
    shutil.rmtree(reference)
    complete(clone, base)
    assert git(clone.root, "remote").split() == ["origin", "upstream"]


@pytest.mark.parametrize("kind", ["absent", "shallow", "partial", "older"])
def test_a_reference_that_is_of_no_use_does_no_harm(place: Place, tmp_path: Path, kind: str) -> None:
    reference = tmp_path / "other"
    options = {
        "shallow": ["--depth=1"],
        "partial": ["--filter=blob:none"],
        "older": ["--single-branch", "--branch=v4.46-release"],
    }
    if kind != "absent":
        git(tmp_path, "clone", "-q", "--no-tags", *options[kind], place.source.as_uri(), str(reference))
    complete(place.connect(reference=reference), place.base())


def test_running_it_again_changes_nothing(place: Place) -> None:
    place.connect()
    before = {path: path.stat().st_mtime_ns for path in place.target.rglob("*") if path.is_file()}
    base = place.base()
    place.source.rename(place.source.with_name("offline.git"))
    place.connect(base=base)
    assert {path: path.stat().st_mtime_ns for path in place.target.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_target_that_is_taken(place: Place, kind: str) -> None:
    place.target.parent.mkdir(parents=True)
    if kind == "file":
        place.target.write_text("mine")
    else:
        place.target.mkdir()
        (place.target / "mine").touch()
    with pytest.raises(ScaffoldError) as caught:
        place.connect()
    assert (caught.value.code, caught.value.exit_code) == ("GIT107", ExitCode.CONFLICT)


def test_an_empty_folder_will_do(place: Place) -> None:
    place.target.mkdir(parents=True)
    complete(place.connect(), place.base())


def users_clone(place: Place, *options: str) -> Path:
    """What a user has: a clone of upstream itself, with work in it."""
    place.target.parent.mkdir(parents=True)
    git(place.target.parent, "clone", "-q", *options, place.source.as_uri(), "transformers")
    (place.target / "README.md").write_text("my change\n")
    (place.target / "mine").write_text("my file\n")
    return place.target


def test_an_existing_clone_is_reused(place: Place) -> None:
    root = users_clone(place, "--single-branch")
    before = (
        git(root, "status", "--porcelain"),
        git(root, "rev-parse", "HEAD"),
        git(root, "config", "--list", "--local"),
    )
    clone = place.connect()
    assert remote_of(clone, place.upstream) == "origin"
    assert remote_of(clone, place.fork) == "fork"
    assert git(root, "rev-parse", "refs/remotes/origin/v4.47-release") == place.base().commit
    after = git(root, "config", "--list", "--local")
    assert (git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")) == before[:2]
    assert after.startswith(before[2])
    assert (root / "README.md").read_text() == "my change\n"
    place.connect()
    assert git(root, "config", "--list", "--local") == after


def test_free_names_for_remotes(place: Place) -> None:
    root = users_clone(place)
    git(root, "remote", "rename", "origin", "huggingface")
    for name in ("origin", "upstream", "fork"):
        git(root, "remote", "add", name, f"https://example.com/{name}.git")
    git(root, "remote", "remove", "huggingface")
    clone = place.connect()
    assert (remote_of(clone, place.fork), remote_of(clone, place.upstream)) == ("fork-2", "upstream-2")
    assert git(root, "remote", "get-url", "--push", "upstream-2") == "no_push"
    assert git(root, "remote", "get-url", "origin") == "https://example.com/origin.git"


def test_an_existing_shallow_clone_stays_shallow(place: Place) -> None:
    root = users_clone(place, "--depth=1")
    place.connect()
    assert git(root, "rev-list", "--count", place.base().commit) == "1"


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("https://github.com/Porter/Transformers", True),
        ("https://github.com/porter/transformers.git/", True),
        ("git@github.com:porter/transformers.git", True),
        ("ssh://git@github.com:22/porter/transformers.git", True),
        ("https://token@github.com/porter/transformers.git", True),
        ("https://github.com/other/transformers.git", False),
        ("https://ghe.example.com/porter/transformers.git", False),
    ],
)
def test_addresses_of_the_same_repository(tmp_path: Path, address: str, same: bool) -> None:
    git(tmp_path, "init", "-q", ".")
    git(tmp_path, "remote", "add", "mine", address)
    fork = described("porter/transformers", "https://github.com/porter/transformers.git")
    assert (remote_of(Clone(tmp_path), fork) == "mine") is same


def half_made(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone whose making ended in the middle of the first check-out."""
    from scaffold.publish import fork_clone

    real = fork_clone.run_git

    def broken(cwd: Path, *options: str, **more: object) -> bytes:
        if "read-tree" not in options:
            return real(cwd, *options, **more)  # type: ignore[arg-type]
        real(cwd, *options, **more)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fork_clone, "run_git", broken)
        with pytest.raises(KeyboardInterrupt):
            place.connect()
    assert not (place.target / ".git/index").exists()


def test_half_written_files_are_written_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    half_made(place, monkeypatch)
    file = place.target / "src/transformers/models/m1/modeling_m1.py"
    file.write_bytes(file.read_bytes()[:100])
    (place.target / "src/transformers/models/m2/modeling_m2.py").unlink()
    (place.target / ".git/shallow.lock").touch()  # what a power cut leaves
    complete(place.connect(), place.base())


def test_what_the_user_wrote_into_a_half_made_clone_is_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    half_made(place, monkeypatch)
    (place.target / "mine").write_text("my file")
    file = place.target / "README.md"
    file.write_text("my change")
    with pytest.raises(ScaffoldError) as caught:
        place.connect()
    assert (caught.value.code, caught.value.exit_code) == ("GIT126", ExitCode.CONFLICT)
    assert file.read_text() == "my change"
    file.unlink()
    clone = place.connect()
    assert git(clone.root, "status", "--porcelain") == "?? mine"


def test_another_base_after_a_kill(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    half_made(place, monkeypatch)
    base = place.base("refs/heads/v4.46-release", "v4.46-release")
    clone = place.connect(base=base)
    assert (clone.branch(), clone.head()) == ("v4.46-release", base.commit)
    assert git(clone.root, "status", "--porcelain") == ""
    assert (clone.root / "README.md").read_text() == "b\n"


CHILD = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from scaffold.core.hosting import Repository
from tests.publish.test_fork_clone import Place
place = Place.__new__(Place)
place.__dict__.update(eval(sys.argv[1], {"PosixPath": Path, "Repository": Repository}))
print("ready", flush=True)
place.connect()
"""


def test_killed_at_random_it_is_finished_by_the_next_run(place: Place) -> None:
    dice = random.Random(11)
    project = Path(__file__).parents[2]
    command = [sys.executable, "-c", CHILD, repr(vars(place)), str(project)]
    killed = 0
    for _ in range(6):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            said = child.stdout.readline()
            time.sleep(dice.uniform(0, 0.08))
            child.kill()
        assert said == "ready\n"
        killed += child.returncode != 0
    complete(place.connect(), place.base())
    assert killed
    assert [path for path in place.target.parent.iterdir() if path.name == "transformers"] == [place.target]
