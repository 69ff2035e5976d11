"""Clone and push against the stand-in with git itself."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import requests

from tests.github.arranged import FORK, OTHER, TOKEN, UPSTREAM, client, git, work
from tests.github.server import GitHubServer

WORKFLOW = ".github/workflows/tests.yml"


@pytest.fixture
def clone(site: GitHubServer, tmp_path: Path) -> Path:
    """A clone of a fork, one commit ahead on `port`."""
    work(site)
    git("clone", "-q", f"{site.web}/{FORK}.git", "clone", cwd=tmp_path)
    folder = tmp_path / "clone"
    git("switch", "-q", "-c", "port", cwd=folder)
    commit(folder, {"a.py": "1\n"})
    return folder


def commit(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git("add", ".", cwd=folder)
    git("commit", "-q", "-m", "A change", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder).stdout.strip()


def remote(site: GitHubServer, branch: str = "port") -> str | None:
    return site.repositories[FORK].bare.sha(f"refs/heads/{branch}")


def test_cloning_without_files_and_shallow(site: GitHubServer, tmp_path: Path) -> None:
    upstream = site.repositories[UPSTREAM].bare
    for number in range(3):
        upstream.commit("main", {"f.txt": f"{number}\n"}, "Change")
    url = f"{site.web}/{UPSTREAM}.git"
    git("clone", "-q", "--filter=blob:none", "--no-checkout", url, "partial", cwd=tmp_path)
    listed = git("rev-list", "--objects", "--all", "--missing=print", cwd=tmp_path / "partial").stdout
    assert listed.count("?") == 4, "no file's content has arrived"
    git("checkout", "-q", "main", cwd=tmp_path / "partial")
    assert (tmp_path / "partial/f.txt").read_text() == "2\n"
    git("clone", "-q", "--depth=1", url, "shallow", cwd=tmp_path)
    assert git("rev-list", "--count", "HEAD", cwd=tmp_path / "shallow").stdout.strip() == "1"


def test_pushing(site: GitHubServer, clone: Path) -> None:
    sha = git("rev-parse", "HEAD", cwd=clone).stdout.strip()
    git("push", "-q", "-u", "origin", "port", cwd=clone, token=TOKEN)
    assert remote(site) == sha
    assert [e.operation for e in site.exchanges if e.user] == ["git-receive-pack/refs", "git-receive-pack"]
    site.add_pull(UPSTREAM, head="porter:port")
    new = commit(clone, {"a.py": "2\n"})
    git("push", "-q", cwd=clone, token=TOKEN)
    assert site.pulls[0].head_sha == new
    assert site.repositories[UPSTREAM].bare.sha("refs/pull/1/head") == new


def test_pushing_more_than_git_buffers(site: GitHubServer, clone: Path) -> None:
    (clone / "big.bin").write_bytes(random.Random(1).randbytes(2_000_000))
    sha = commit(clone, {})
    git("push", "-q", "origin", "port", cwd=clone, token=TOKEN)
    assert remote(site) == sha


def test_who_may_not_push(site: GitHubServer, clone: Path) -> None:
    site.add_user("other", token=OTHER)
    for token, words in ((None, "could not read Username"), ("ghp_wrong", "Authentication failed"), (OTHER, "403")):
        done = git("push", "origin", "port", cwd=clone, token=token, check=False)
        assert (done.returncode, words in done.stderr) == (128, True), done.stderr
    site.add_user("porter", token=OTHER, scopes=("read:org",))
    assert "403" in git("push", "origin", "port", cwd=clone, token=OTHER, check=False).stderr
    assert remote(site) is None


def test_private_and_missing_repositories_look_alike(site: GitHubServer, tmp_path: Path) -> None:
    site.add_repository("secret/thing", private=True)
    for name in ("secret/thing", "secret/nothing"):
        url = f"{site.web}/{name}.git"
        assert "could not read Username" in git("ls-remote", url, cwd=tmp_path, check=False).stderr
        assert "not found" in git("ls-remote", url, cwd=tmp_path, token=TOKEN, check=False).stderr


def test_a_renamed_repository_redirects(site: GitHubServer, clone: Path) -> None:
    site.rename(FORK, "porter/hf")
    assert "refs/heads/main" in git("ls-remote", "origin", cwd=clone).stdout


def test_what_is_not_a_fast_forward_is_refused(site: GitHubServer, clone: Path) -> None:
    theirs = site.repositories[FORK].bare.commit("port", {"b.py": "1\n"}, "Theirs")
    done = git("push", "origin", "port", cwd=clone, token=TOKEN, check=False)
    assert "[rejected]" in done.stderr
    assert remote(site) == theirs
    done = git("push", "--force-with-lease=port:" + "1" * 40, "origin", "port", cwd=clone, token=TOKEN, check=False)
    assert "stale info" in done.stderr
    git("push", "-q", f"--force-with-lease=port:{theirs}", "origin", "port", cwd=clone, token=TOKEN)
    assert remote(site) != theirs


def test_pull_requests_can_be_fetched_and_not_pushed(site: GitHubServer, clone: Path) -> None:
    site.add_pull(UPSTREAM, head="porter:add_tf_quokka")
    git("fetch", "-q", f"{site.web}/{UPSTREAM}.git", "refs/pull/1/head", cwd=clone)
    assert git("push", "origin", "port:refs/pull/9/head", cwd=clone, token=TOKEN, check=False).returncode == 1


@pytest.mark.parametrize("scopes", [("repo",), ("repo", "workflow")])
def test_workflows_need_their_scope(site: GitHubServer, clone: Path, scopes: tuple[str, ...]) -> None:
    site.add_user("porter", token=OTHER, scopes=scopes)
    git("push", "-q", "origin", "port", cwd=clone, token=OTHER)
    sha = commit(clone, {WORKFLOW: "on: push\n"})
    done = git("push", "origin", "port", cwd=clone, token=OTHER, check=False)
    if "workflow" in scopes:
        assert remote(site) == sha
    else:
        told = f"refusing to allow a Personal Access Token to create or update workflow `{WORKFLOW}` without `workflow` scope"
        assert f"! [remote rejected] port -> port ({told})" in done.stderr
        assert remote(site) != sha


def test_a_stale_fork_makes_an_ordinary_push_fail(site: GitHubServer, clone: Path) -> None:
    site.add_user("porter", token=OTHER, scopes=("repo",))
    site.repositories[UPSTREAM].bare.commit("main", {WORKFLOW: "on: push\n"}, "CI")
    git("fetch", "-q", f"{site.web}/{UPSTREAM}.git", "main", cwd=clone)
    git("switch", "-q", "-c", "newer", "FETCH_HEAD", cwd=clone)
    commit(clone, {"a.py": "2\n"})
    assert "`workflow` scope" in git("push", "origin", "newer", cwd=clone, token=OTHER, check=False).stderr
    with client(site, OTHER) as api, pytest.raises(Exception, match="without `workflow` scope"):
        api.get_repo(FORK).merge_upstream("main")
    with client(site) as api:
        api.get_repo(FORK).merge_upstream("main")
    git("push", "-q", "origin", "newer", cwd=clone, token=OTHER)
    assert remote(site, "newer")


@pytest.mark.parametrize(("when", "applied"), [("before", False), ("after", True), ("during", True)])
def test_a_cut_push(site: GitHubServer, clone: Path, when: str, applied: bool) -> None:
    site.fault("git-receive-pack", when=when, drop=True)
    done = git("push", "origin", "port", cwd=clone, token=TOKEN, check=False)
    assert done.returncode == 1
    assert (remote(site) is not None) == applied
    git("push", "-q", "origin", "port", cwd=clone, token=TOKEN)
    assert remote(site)


def test_a_big_cut_push(site: GitHubServer, clone: Path) -> None:
    """The question whether it may, which git sends before much data, doesn't wear the fault out."""
    (clone / "big.bin").write_bytes(random.Random(1).randbytes(2_000_000))
    commit(clone, {})
    site.fault("git-receive-pack", drop=True)
    assert git("push", "origin", "port", cwd=clone, token=TOKEN, check=False).returncode == 1
    assert remote(site) is None


@pytest.mark.parametrize("operation", ["git-upload-pack/refs", "git-upload-pack"])
@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_failing_fetches(site: GitHubServer, clone: Path, operation: str, status: int) -> None:
    site.fault(operation, status=status)
    assert git("ls-remote", "origin", cwd=clone, check=False).returncode == 128
    git("ls-remote", "origin", cwd=clone)


def test_other_addresses_are_not_there(site: GitHubServer) -> None:
    assert requests.get(f"{site.web}/{UPSTREAM}.git/info/refs?service=git-shell", timeout=5).status_code == 404
    assert "not in the description" in site.violations.pop()
