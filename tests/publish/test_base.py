"""The base is found by looking into upstream's commits; the history stands for Transformers' own."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.base import NEWEST, Base, branch_for, default_base, find_base, first_with, releases
from scaffold.publish.git import Clone
from tests.publish.history import commit, git, make_upstream, release


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_upstream(tmp_path_factory.mktemp("base") / "upstream.git")


def test_the_newest_readable_release_branch_is_found(upstream: Path) -> None:
    found = find_base(upstream.as_uri(), token=None, newest_supported=(4, 53))
    assert found == Base(
        ref="refs/heads/v4.47-release",
        branch="v4.47-release",
        commit=git(upstream, "rev-parse", "v4.47-release"),
        version=(4, 47),
        note="v4.55.0 has TensorFlow, but checkouts newer than 4.53 cannot be read yet",
    )


def test_a_release_branch_without_its_tag_is_passed_over(upstream: Path) -> None:
    found = find_base(upstream.as_uri(), token=None, newest_supported=(4, 46))
    assert (found.ref, found.branch) == ("refs/tags/v4.46.3", "tf-v4.46.3")


def test_without_a_limit_the_newest_that_has_tensorflow(upstream: Path) -> None:
    for limit in (None, NEWEST):
        found = find_base(upstream.as_uri(), token=None, newest_supported=limit)
        assert (found.ref, found.note) == ("refs/tags/v4.55.0", "")


def test_the_default_branch_is_asked_first(tmp_path: Path) -> None:
    upstream = make_upstream(tmp_path / "u.git")
    git(
        upstream,
        "fast-import",
        "--quiet",
        "--force",
        stdin=commit("refs/heads/tf", release("4.47.3.dev0"), onto="refs/tags/v4.55.0"),
    )
    git(upstream, "symbolic-ref", "HEAD", "refs/heads/tf")
    found = find_base(upstream.as_uri(), token=None)
    assert (found.ref, found.branch, found.version, found.note) == ("refs/heads/tf", "tf", (4, 47), "")
    later = find_base(upstream.as_uri(), token=None, newest_supported=(4, 46))
    assert (later.ref, later.note.split()[0]) == ("refs/tags/v4.46.3", "tf")
    assert default_base(upstream.as_uri(), token=None).branch == "tf"


@pytest.mark.parametrize(
    ("wanted", "ref", "branch"),
    [
        ("v4.45.0", "refs/tags/v4.45.0", "tf-v4.45.0"),
        ("refs/tags/v4.47.1", "refs/tags/v4.47.1", "tf-v4.47.1"),
        ("v4.46-release", "refs/heads/v4.46-release", "v4.46-release"),
    ],
)
def test_a_wanted_ref_decides(upstream: Path, wanted: str, ref: str, branch: str) -> None:
    found = find_base(upstream.as_uri(), token=None, wanted=wanted)
    assert (found.ref, found.branch, found.note) == (ref, branch, "")
    assert found.commit == git(upstream, "rev-parse", f"{wanted}^{{commit}}")


def test_a_wanted_ref_that_is_too_new_is_taken_with_a_note(upstream: Path) -> None:
    found = find_base(upstream.as_uri(), token=None, wanted="v4.55.0", newest_supported=(4, 53))
    assert (found.version, found.note.split()[0]) == ((4, 55), "v4.55.0")


def test_a_wanted_ref_without_tensorflow_is_refused_and_the_newest_named(upstream: Path) -> None:
    with pytest.raises(ScaffoldError, match=r"v5\.0\.0 .* has no TensorFlow") as caught:
        find_base(upstream.as_uri(), token=None, wanted="v5.0.0", newest_supported=(4, 53))
    assert (caught.value.code, caught.value.exit_code) == ("GIT120", ExitCode.USAGE)
    assert caught.value.help.endswith("--base v4.47-release")


def test_an_unknown_ref_is_refused_with_a_guess(upstream: Path) -> None:
    with pytest.raises(ScaffoldError) as caught:
        find_base(upstream.as_uri(), token=None, wanted="v4.47-relase")
    assert (caught.value.code, caught.value.exit_code) == ("GIT119", ExitCode.USAGE)
    assert "v4.47-release" in caught.value.help


def test_nothing_has_tensorflow(tmp_path: Path) -> None:
    upstream = make_upstream(tmp_path / "u.git")
    for ref in git(upstream, "for-each-ref", "--format=%(refname)").splitlines():
        if "v4" in ref:
            git(upstream, "update-ref", "-d", ref)
    with pytest.raises(ScaffoldError) as caught:
        find_base(upstream.as_uri(), token=None)
    assert (caught.value.code, caught.value.exit_code) == ("GIT121", ExitCode.UNSUPPORTED_SOURCE)
    with pytest.raises(ScaffoldError) as wanted:
        find_base(upstream.as_uri(), token=None, wanted="v5.0.0")
    assert "no release of" in wanted.value.help


def test_only_newer_ones_have_it(upstream: Path) -> None:
    with pytest.raises(ScaffoldError, match=r"v4\.55\.0 has TensorFlow, but") as caught:
        find_base(upstream.as_uri(), token=None, newest_supported=(4, 2))
    assert caught.value.code == "GIT121"


def test_a_clone_is_asked_for_its_upstream(upstream: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "clone")
    root = tmp_path / "clone"
    git(root, "remote", "add", "origin", "file:///nowhere")
    git(root, "remote", "add", "upstream", upstream.as_uri())
    before = sorted(root.rglob("*"))
    assert find_base(Clone(root), token=None, wanted="v4.45.0").version == (4, 45)
    assert sorted(root.rglob("*")) == before


def test_probes_bring_no_files_and_are_few(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scaffold.publish import base

    asked: list[str] = []
    kinds: set[str] = set()

    def spy(store: Clone, remote: str, refspecs: list[str], **more: object) -> None:
        asked.extend(refspecs)
        real(store, remote, refspecs, **more)  # type: ignore[arg-type]
        listed = store.git("cat-file", "--batch-check=%(objecttype)", "--batch-all-objects")
        kinds.update(listed.splitlines())

    real = base.fetch
    monkeypatch.setattr(base, "fetch", spy)
    find_base(upstream.as_uri(), token=None)
    assert kinds - {"tag"} == {"commit", "tree"}
    assert len(asked) <= 8


def test_the_search_is_logarithmic() -> None:
    for count in range(20):
        for first in range(count + 1):
            asked: list[int] = []

            def has(item: int, first: int = first, asked: list[int] = asked) -> bool:
                asked.append(item)
                return item >= first

            assert first_with(count, has) == first
            assert len(asked) <= count.bit_length()


def test_releases_are_read_from_names() -> None:
    names = ("heads/v4.9-release", "heads/v4.10.1-release", "heads/v4.10-release", "tags/v4.10.2", "tags/v4.10.10")
    others = ("tags/v4.10.11rc1", "tags/v3.5.0", "heads/v4.47", "pull/3/head", "tags/v4.9.0.post1", "tags/v4.9.0")
    refs = {f"refs/{name}": "" for name in (*names, *others)}
    assert releases(refs) == [
        ((4, 10), "refs/heads/v4.10.1-release", "refs/tags/v4.10.10"),
        ((4, 9), "refs/heads/v4.9-release", "refs/tags/v4.9.0.post1"),
    ]


def test_names_in_the_fork() -> None:
    assert branch_for("refs/heads/a/b") == "a/b"
    assert branch_for("refs/tags/v4.47.1") == "tf-v4.47.1"
