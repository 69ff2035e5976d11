"""git over HTTP against the stand-in for GitHub, with faults; what the remote holds is what counts."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Token
from scaffold.publish.git import Clone, GitFailed
from scaffold.publish.refusals import explain, is_transient
from scaffold.publish.transport import (
    address,
    credentials,
    fetch,
    ls_remote,
    push,
    push_commit,
    received_size,
    wait_until_ready,
)
from tests.github.server import GitHubServer
from tests.publish.history import git, make_upstream

CANARY = "ghp_" + "c4n4ry" * 6
TOKEN = Token(CANARY, "a test")
UPSTREAM, FORK = "some/transformers", "porter/transformers"
BRANCH = "add_tf_m1"


def no_sleep(_seconds: float) -> None:
    """Tests do not wait."""


@pytest.fixture
def site(hub: GitHubServer, tmp_path: Path) -> GitHubServer:
    hub.add_user("porter", token=CANARY)
    upstream = hub.add_repository(UPSTREAM, source=make_upstream(tmp_path / "source.git"))
    hub.fork(upstream, "porter", "transformers")
    return hub


def url(site: GitHubServer, name: str = FORK) -> str:
    return f"{site.web}/{name}.git"


@pytest.fixture
def clone(site: GitHubServer, tmp_path: Path) -> Clone:
    """A clone of the fork with a commit on the port's branch."""
    root = tmp_path / "clone"
    git(tmp_path, "clone", "-q", url(site), str(root))
    git(root, "config", "user.name", "A Porter")
    git(root, "config", "user.email", "porter@example.com")
    git(root, "switch", "-q", "-c", BRANCH)
    return more(Clone(root), "one")


def more(clone: Clone, name: str) -> Clone:
    (clone.root / name).write_text(name)
    git(clone.root, "add", name)
    git(clone.root, "commit", "-q", "-m", name)
    return clone


def remote_tip(site: GitHubServer, branch: str = BRANCH) -> str | None:
    return site.repositories[FORK].bare.sha(f"refs/heads/{branch}")


def test_refs_are_listed_and_annotated_tags_peeled(site: GitHubServer, tmp_path: Path) -> None:
    source = tmp_path / "source.git"
    refs = ls_remote(url(site), "refs/heads/v4*", "refs/tags/v4.47.1", token=TOKEN)
    assert refs == {
        "refs/heads/v4.46-release": git(source, "rev-parse", "v4.46-release"),
        "refs/heads/v4.47-release": git(source, "rev-parse", "v4.47-release"),
        "refs/tags/v4.47.1": git(source, "rev-parse", "v4.47.1^{commit}"),
    }
    assert ls_remote(url(site), "HEAD", token=None) == {"HEAD": git(source, "rev-parse", "main")}


def test_a_push_arrives_once_and_is_tracked(site: GitHubServer, clone: Clone) -> None:
    assert push(clone, "origin", BRANCH, token=TOKEN) == "pushed"
    assert remote_tip(site) == clone.head()
    assert git(clone.root, "rev-parse", "@{upstream}") == clone.head()
    writes = [exchange for exchange in site.exchanges if exchange.operation == "git-receive-pack"]
    assert push(clone, "origin", BRANCH, token=TOKEN) == "up-to-date"
    assert [exchange for exchange in site.exchanges if exchange.operation == "git-receive-pack"] == writes


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", [{"status": 502}, {"drop": True}])
def test_a_push_that_breaks_once_succeeds(site: GitHubServer, clone: Clone, when: str, how: dict[str, object]) -> None:
    site.fault("git-receive-pack", when=when, **how)
    assert push(clone, "origin", BRANCH, token=TOKEN, sleep=no_sleep) == "pushed"
    assert remote_tip(site) == clone.head()


def test_a_push_that_breaks_every_time_is_resumable(site: GitHubServer, clone: Clone) -> None:
    site.fault("git-receive-pack", status=503, times=9)
    with pytest.raises(ScaffoldError) as caught:
        push(clone, "origin", BRANCH, token=TOKEN, sleep=no_sleep)
    assert (caught.value.code, caught.value.exit_code) == ("GIT114", ExitCode.NETWORK)
    assert "scaffold resume" in caught.value.help
    assert remote_tip(site) is None
    assert len([e for e in site.exchanges if e.operation == "git-receive-pack"]) == 2
    assert clone.asks("config", "--get", f"branch.{BRANCH}.merge") is None


def test_a_push_that_would_lose_commits_is_refused(site: GitHubServer, clone: Clone) -> None:
    bare = site.repositories[FORK].bare
    bare.git("branch", BRANCH, "main")
    theirs = bare.commit(BRANCH, {"theirs": "x"}, "theirs")
    with pytest.raises(ScaffoldError) as caught:
        push(clone, "origin", BRANCH, token=TOKEN, sleep=no_sleep)
    assert (caught.value.code, caught.value.exit_code) == ("GIT117", ExitCode.CONFLICT)
    assert remote_tip(site) == theirs


def test_a_lease_replaces_what_was_seen_and_nothing_else(site: GitHubServer, clone: Clone) -> None:
    push(clone, "origin", BRANCH, token=TOKEN)
    seen = clone.head()
    git(clone.root, "commit", "-q", "--amend", "-m", "reworded")
    with pytest.raises(ScaffoldError) as caught:
        push(clone, "origin", BRANCH, token=TOKEN, lease="1" * 40)
    assert (caught.value.code, remote_tip(site)) == ("GIT117", seen)
    assert push(clone, "origin", BRANCH, token=TOKEN, lease=seen) == "pushed"
    assert remote_tip(site) == clone.head() != seen


def test_workflow_files_without_the_scope(site: GitHubServer, clone: Clone) -> None:
    other = Token("ghp_" + "n" * 36, "a test")
    site.add_user("porter", token=other.value, scopes=("repo",))
    (clone.root / ".github/workflows").mkdir(parents=True)
    more(clone, ".github/workflows/ci.yml")
    with pytest.raises(ScaffoldError) as caught:
        push(clone, "origin", BRANCH, token=other, sleep=no_sleep)
    assert (caught.value.code, caught.value.exit_code) == ("GIT113", ExitCode.AUTHENTICATION)
    assert "workflow" in caught.value.help
    assert remote_tip(site) is None


@pytest.mark.parametrize(
    ("token", "name"),
    [(Token("ghp_" + "w" * 36, "a test"), FORK), (None, FORK), (TOKEN, UPSTREAM)],
    ids=["wrong token", "no token", "no right"],
)
def test_refused_access(site: GitHubServer, clone: Clone, token: Token | None, name: str) -> None:
    git(clone.root, "remote", "set-url", "origin", url(site, name))
    with pytest.raises(ScaffoldError) as caught:
        push(clone, "origin", BRANCH, token=token, sleep=no_sleep)
    assert (caught.value.code, caught.value.exit_code) == ("GIT112", ExitCode.AUTHENTICATION)
    assert remote_tip(site) is None


def test_a_repository_that_is_not_there(site: GitHubServer) -> None:
    with pytest.raises(ScaffoldError) as caught:
        ls_remote(url(site, "porter/nothing"), "HEAD", token=TOKEN)
    assert caught.value.code == "GIT115"


def test_nobody_listens() -> None:
    waits: list[float] = []
    with pytest.raises(ScaffoldError) as caught:
        ls_remote("http://127.0.0.1:9/o/r.git", token=None, sleep=waits.append)
    assert (caught.value.code, caught.value.exit_code) == ("GIT114", ExitCode.NETWORK)
    assert waits == [1.0, 4.0]


def test_a_base_branch_is_created_once_and_never_moved(site: GitHubServer, clone: Clone) -> None:
    base = git(clone.root, "rev-parse", "origin/v4.47-release")
    assert push_commit(clone, "origin", base, "tf-base", token=TOKEN) == "created"
    assert remote_tip(site, "tf-base") == base
    assert push_commit(clone, "origin", clone.head(), "tf-base", token=TOKEN) == "exists"
    assert remote_tip(site, "tf-base") == base


def test_a_base_branch_that_appears_meanwhile_stays(
    site: GitHubServer, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = site.repositories[FORK].bare
    from scaffold.publish import transport

    real = transport._try_push

    def late(*arguments: object) -> GitFailed | None:
        bare.git("branch", "tf-base", "main")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(transport, "_try_push", late)
    with pytest.raises(ScaffoldError) as caught:
        push_commit(clone, "origin", clone.head(), "tf-base", token=TOKEN)
    assert caught.value.code == "GIT117"
    assert remote_tip(site, "tf-base") == bare.sha("refs/heads/main")


def test_a_fork_that_takes_its_time(site: GitHubServer) -> None:
    fork = site.repositories[FORK]
    fork.polls_left = 3
    waits: list[float] = []
    wait_until_ready(url(site), token=TOKEN, sleep=waits.append)
    assert waits == [1.0, 2.0, 4.0]
    fork.polls_left = 10_000
    with pytest.raises(ScaffoldError) as caught:
        wait_until_ready(url(site), token=TOKEN, sleep=no_sleep, limit=60)
    assert (caught.value.code, caught.value.exit_code) == ("GIT116", ExitCode.NETWORK)


def test_waiting_ends_when_the_token_is_refused(site: GitHubServer) -> None:
    site.repositories[FORK].private = True  # a public one is read without asking for a token
    with pytest.raises(ScaffoldError) as caught:
        wait_until_ready(url(site), token=Token("ghp_" + "w" * 36, "a test"), sleep=no_sleep)
    assert caught.value.code == "GIT112"


def test_a_fetch_that_breaks_is_tried_again(site: GitHubServer, clone: Clone) -> None:
    site.fault("git-upload-pack", drop=True, times=2)
    bare = site.repositories[FORK].bare
    theirs = bare.commit("main", {"theirs": "x"}, "theirs")
    fetch(clone, "origin", ["+refs/heads/main:refs/remotes/origin/main"], token=TOKEN, sleep=no_sleep)
    assert git(clone.root, "rev-parse", "origin/main") == theirs


def test_the_token_is_seen_nowhere(
    site: GitHubServer, clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.github import githttp

    arguments: list[bytes] = []

    def serve(*details: Any) -> githttp.Reply:
        """While git waits for its answer: what `ps` would show of every process."""
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                arguments.append(file.read_bytes())
        return real(*details)

    real = githttp.serve
    monkeypatch.setattr(githttp, "serve", serve)
    traces = tmp_path / "traces"
    traces.mkdir()
    for name in ("GIT_TRACE", "GIT_TRACE_CURL", "GIT_TRACE_SETUP", "GIT_TRACE_PACKET", "GIT_TRACE2_EVENT"):
        monkeypatch.setenv(name, str(traces / name.lower()))
    monkeypatch.setenv("GIT_TRACE_REDACT", "0")
    # a curious hook and the user's own credential store must not get it either
    hook = clone.root / ".git/hooks/pre-push"
    hook.write_text(f"#!/bin/sh\nenv > {tmp_path}/hooked\n")
    hook.chmod(0o755)
    git(clone.root, "config", "credential.helper", f"store --file={tmp_path}/stored")
    push(clone, "origin", BRANCH, token=TOKEN)
    fetch(clone, "origin", ["+refs/heads/main:refs/remotes/origin/main"], token=TOKEN)
    assert remote_tip(site) == clone.head()
    assert any(b"remote-http" in line for line in arguments) or not Path("/proc/self").exists()
    assert not [line for line in arguments if CANARY.encode() in line]
    assert (traces / "git_trace_curl").stat().st_size > 0
    places = [*traces.iterdir(), *(path for path in clone.root.rglob("*") if path.is_file())]
    assert not [place for place in places if CANARY.encode() in place.read_bytes()]
    assert not (tmp_path / "hooked").exists()
    assert not (tmp_path / "stored").exists()


def test_the_token_goes_to_its_host_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    found = credentials(TOKEN, "https://user@ghe.example.com:8443/o/r.git")
    assert found["GIT_CONFIG_COUNT"] == "3"
    assert found["GIT_CONFIG_KEY_1"] == found["GIT_CONFIG_KEY_2"] == "credential.https://ghe.example.com:8443.helper"
    assert [name for name, value in found.items() if CANARY in value] == ["SCAFFOLD_GIT_TOKEN"]
    assert credentials(None, "https://github.com/o/r.git") == {}
    for other in ("git@github.com:o/r.git", "ssh://git@github.com/o/r.git", "file:///srv/r.git", "/srv/r.git"):
        assert credentials(TOKEN, other) == {}


def test_the_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(ScaffoldError) as caught:
        credentials(TOKEN, "http://github.example.com/o/r.git")
    assert (caught.value.code, caught.value.exit_code) == ("GIT112", ExitCode.AUTHENTICATION)
    assert credentials(TOKEN, "http://localhost:8000/o/r.git")


def test_an_address_is_the_one_git_uses(clone: Clone, site: GitHubServer) -> None:
    git(clone.root, "config", "remote.origin.pushurl", "no_push")
    assert address(clone, "origin") == url(site)
    assert address(clone, "origin", push=True) == "no_push"


def test_a_branch_that_does_not_exist_is_a_bug(clone: Clone) -> None:
    with pytest.raises(ValueError, match="no branch"):
        push(clone, "origin", "nothing", token=None)


def test_a_shallow_clone_pushes_if_the_fork_has_its_base(site: GitHubServer, tmp_path: Path) -> None:
    root = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", url(site), str(root))
    git(root, "config", "user.name", "A Porter")
    git(root, "config", "user.email", "porter@example.com")
    git(root, "switch", "-q", "-c", BRANCH)
    clone = more(Clone(root), "one")
    assert push(clone, "origin", BRANCH, token=TOKEN) == "pushed"


def test_sizes_are_read_from_progress() -> None:
    talk = (
        "remote: Counting objects: 100% (9/9), done.\rReceiving objects:  50% (5/9)\r"
        "Receiving objects: 100% (9/9), 52.30 MiB | 9.10 MiB/s\rReceiving objects: 100% (9/9), 52.31 MiB | 9.10 MiB/s, done.\n"
    )
    assert received_size(talk) == "52.31 MiB"
    assert received_size("Everything up-to-date") == ""


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("! [remote rejected] a -> a (refusing to allow an OAuth App to create or update workflow `x` without it)", "GIT113"),
        ("! [rejected] a -> a (fetch first)\nerror: failed to push some refs", "GIT117"),
        ("! [rejected] a -> a (stale info)", "GIT117"),
        ("! [remote rejected] a -> a (shallow update not allowed)", "GIT118"),
        ("remote: error: GH006: x\n! [remote rejected] a -> a (protected branch hook declined)", "GIT118"),
        ("fatal: Authentication failed for 'https://h/o/r.git/'", "GIT112"),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", "GIT112"),
        ("remote: Permission to o/r.git denied to p.\nfatal: unable to access 'x': The URL returned error: 403", "GIT112"),
        ("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", "GIT112"),
        ("remote: Repository not found.\nfatal: repository 'https://h/o/r.git/' not found", "GIT115"),
        ("fatal: couldn't find remote ref refs/heads/x", "GIT115"),
        ("fatal: unable to access 'x': Could not resolve host: h", "GIT114"),
        ("error: RPC failed; curl 18 transfer closed\nfatal: early EOF", "GIT114"),
        ("fatal: the remote end hung up unexpectedly", "GIT114"),
        ("fatal: unable to access 'x': The requested URL returned error: 429", "GIT114"),
        ("fatal: write error: No space left on device\nfatal: early EOF", "GIT105"),
        ("fatal: something new", "GIT105"),
    ],
)  # fmt: skip
def test_what_git_says(said: str, code: str) -> None:
    failure = GitFailed(["push"], said, 1)
    found = explain(failure, "https://h/o/r.git", branch="a")
    assert found.code == code
    assert is_transient(failure) is (code == "GIT114")
    assert found.help


def test_explanations_hide_secrets() -> None:
    failure = GitFailed(["push"], f"fatal: unable to access 'https://u:{CANARY}@h/': Could not resolve host: h", 128)
    assert CANARY not in str(explain(failure, f"https://u:{CANARY}@h/o/r.git")) + str(failure)
