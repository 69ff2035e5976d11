"""What `doctor` finds: in a clone, on the machine, and on a stand-in for GitHub."""

from __future__ import annotations

import json
import os
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from scaffold.cli.main import main
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host, Token
from scaffold.environment import Environment
from scaffold.flows.doctor import Finding, State, as_json, look_at_machine, ok, problem, status
from scaffold.flows.doctor_clone import look_at_clone, origin_of
from scaffold.flows.doctor_hub import look_at_hub
from scaffold.publish.origin import Origin, save_origin
from tests.github.server import GitHubServer
from tests.layouts import git, miniature

TOKEN = "ghp_" + "d" * 36
FINE = "github_pat_" + "d" * 60
UPSTREAM, FORK = "huggingface/transformers", "porter/transformers"


def by_check(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.state.value for finding in findings}


def origin(web: str = "https://github.com", **other: str) -> Origin:
    values = {
        "upstream": UPSTREAM,
        "fork": FORK,
        "remote": "origin",
        "base_ref": "refs/heads/main",
        "base_branch": "main",
        "base_commit": "0" * 40,
    }
    return Origin(web=web, **{**values, **other})


# --- the machine -----------------------------------------------------------------------------------------------------


@pytest.fixture
def frameworks(monkeypatch: pytest.MonkeyPatch) -> Environment:
    versions = {"torch": "2.4", "numpy": "1.26", "safetensors": "0.4", "tensorflow": "2.18.0", "tf_keras": "2.18.0"}
    environment = Environment(python="3.11.7", executable="/usr/bin/python3", versions=versions)
    monkeypatch.setattr("scaffold.environment.read_environment", lambda python, root: environment)
    return environment


def test_a_machine_without_a_problem(tmp_path: Path, frameworks: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    root = miniature(tmp_path, git=True)
    monkeypatch.setattr("scaffold.publish.git.git_version", lambda: (2, 39))
    found = list(look_at_machine(root, "python"))
    assert states(found) == {"git": "ok", "author": "ok", "environment": "ok", "disk": "ok"}
    assert by_check(found)["environment"].text == frameworks.summary


def test_a_machine_with_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("scaffold.publish.git.git_version", lambda: (2, 25))
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1, 1, 50_000_000))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    found = by_check(list(look_at_machine(None, "/nowhere/python")))
    assert {finding.state for finding in found.values()} == {State.PROBLEM}
    assert "git config --global user.name" in found["author"].fix
    assert "2.31" in found["git"].fix
    assert "--python" in found["environment"].fix
    assert "0.1 GB" in found["disk"].text
    monkeypatch.setattr("scaffold.publish.git.git_version", lambda: (2, 34))
    assert by_check(list(look_at_machine(None, "/nowhere/python")))["git"].state is State.NOTE

    def absent() -> tuple[int, int]:
        raise ScaffoldError("GIT105", "git is not installed", "install git 2.31 or later")

    monkeypatch.setattr("scaffold.publish.git.git_version", absent)
    found = by_check(list(look_at_machine(None, "/nowhere/python")))
    assert (found["git"].text, "author" in found) == ("git is not installed", False)


# --- the clone -------------------------------------------------------------------------------------------------------


def test_a_healthy_clone(tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    found = list(look_at_clone(root))
    assert states(found) == {"clone": "ok", "changes": "ok", "origin": "note"}
    assert "--fork" in by_check(found)["origin"].fix
    assert origin_of(root) is None
    save_origin(root / ".git" / "scaffold", origin())
    found = list(look_at_clone(root))
    assert states(found)["origin"] == "ok"
    assert FORK in by_check(found)["origin"].text
    assert origin_of(root) == origin()


def test_no_clone(tmp_path: Path) -> None:
    assert states(list(look_at_clone(tmp_path))) == {"clone": "problem"}
    assert origin_of(tmp_path) is None


def test_a_shallow_detached_clone(tmp_path: Path) -> None:
    source = miniature(tmp_path / "source", git=True)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{source}", "shallow")
    git(tmp_path / "shallow", "checkout", "-q", "--detach")
    git(tmp_path / "shallow", "config", "remote.origin.promisor", "true")
    text = by_check(list(look_at_clone(tmp_path / "shallow")))["clone"].text
    assert text.endswith("on no branch (detached) (shallow, files fetched when needed)")


def test_what_a_killed_command_left(tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    state = root / ".git" / "scaffold"
    (root / "setup.py").write_text("mine\n")
    (root / ".git" / "index.lock").touch()
    for name in ("journal", "brand_new", "elder/overlay.x1", "twin_text"):
        (state / name).mkdir(parents=True)
    note = {"command": "ready", "model": "brand-new", "arguments": {}}
    (state / "journal" / "brand_new.json").write_text(json.dumps(note))
    for stem in ("brand_new", "twin_text"):
        (state / stem / "pending.json").write_text("{}")
    for name in ("elder/overlay.x1", "elder/stage.77"):
        (state / name).mkdir(exist_ok=True)
    os.utime(state / "elder" / "overlay.x1", (1, 1))
    found = list(look_at_clone(root))
    assert "setup.py" in by_check(found)["changes"].text
    assert by_check(found)["lock"].fix.endswith(f"rm {root}/.git/index.lock")
    assert by_check(found)["leftovers"].fix == f"rm -r {state}/elder/overlay.x1"  # stage.77 may be somebody's
    fixes = [finding.fix for finding in found if finding.check == "interrupted"]
    assert fixes == ["scaffold resume", "scaffold new-tf-model twin_text"]
    assert {finding.state for finding in found if finding.check == "interrupted"} == {State.PROBLEM}


def test_damaged_notes(tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    (root / ".git" / "scaffold" / "journal").mkdir(parents=True)
    (root / ".git" / "scaffold" / "journal" / "x.json").write_text("[")
    (root / ".git" / "scaffold" / "origin.json").write_text("[")
    (root / ".git" / "scaffold" / "setup.json").write_text("{}")
    found = list(look_at_clone(root))
    assert (states(found)["origin"], states(found)["interrupted"]) == ("problem", "problem")
    (root / ".git" / "scaffold" / "journal" / "x.json").unlink()
    assert "--fork" in by_check(list(look_at_clone(root)))["interrupted"].fix


# --- GitHub ----------------------------------------------------------------------------------------------------------


def hub_findings(hub: GitHubServer, token: str = TOKEN, known: Origin | None = None) -> list[Finding]:
    host = Host(web=hub.web)
    return list(look_at_hub(host, lambda: Token(token, "GH_ENTERPRISE_TOKEN"), known))


def test_all_well(hub: GitHubServer) -> None:
    hub.add_user("porter", token=TOKEN)
    hub.fork(hub.add_repository(UPSTREAM), "porter", "transformers")
    found = hub_findings(hub, known=origin(hub.web))
    assert states(found) == {"network": "ok", "token": "ok", "scopes": "ok", "fork": "ok", "sync": "ok"}
    assert by_check(found)["token"].text == "token from GH_ENTERPRISE_TOKEN, account porter"
    assert {exchange.method for exchange in hub.exchanges} <= {"GET", "HEAD"}
    assert states(hub_findings(hub))["fork"] == "skipped"
    tag = origin(hub.web, base_ref="refs/tags/v4.47.1", base_branch="v4.47.1")
    assert "sync" not in states(hub_findings(hub, known=tag))


@pytest.mark.parametrize(
    ("scopes", "state", "says"),
    [
        (("gist",), "problem", "lack repo"),
        (("public_repo",), "note", "workflow"),
        (None, "note", "fine-grained"),
    ],
)
def test_scopes(hub: GitHubServer, scopes: tuple[str, ...] | None, state: str, says: str) -> None:
    token = TOKEN if scopes else FINE
    hub.add_user("porter", token=token, scopes=scopes)
    found = by_check(hub_findings(hub, token))
    assert (found["scopes"].state.value, says in found["scopes"].text) == (state, True)
    assert f"{hub.web}/settings/tokens/new?scopes=repo,workflow" in found["scopes"].fix


def test_forks_in_trouble(hub: GitHubServer, tmp_path: Path) -> None:
    hub.add_user("porter", token=TOKEN)
    upstream = hub.add_repository(UPSTREAM)
    known = origin(hub.web)
    missing = by_check(hub_findings(hub, known=known))["fork"]
    assert (missing.state, "does not exist" in missing.text) == (State.PROBLEM, True)
    hub.add_repository(FORK)
    assert "is no fork" in by_check(hub_findings(hub, known=known))["fork"].text
    hub.fork(upstream, "someone", "transformers")
    theirs = by_check(hub_findings(hub, known=origin(hub.web, fork="someone/transformers")))["fork"]
    assert (theirs.exit_code, "may not push" in theirs.text) == (ExitCode.AUTHENTICATION, True)
    fork = hub.fork(upstream, "porter", "renamed")
    ahead = miniature(tmp_path / "ahead", git=True)
    git(ahead, "push", "-q", "--force", str(fork.bare.path), "HEAD:refs/heads/main")
    found = by_check(hub_findings(hub, known=origin(hub.web, fork="porter/renamed")))
    assert (found["fork"].state, found["sync"].state) == (State.OK, State.NOTE)
    assert found["sync"].fix == f"gh repo sync porter/renamed --source {UPSTREAM} --branch main"


def test_a_token_that_is_refused(hub: GitHubServer) -> None:
    found = hub_findings(hub)
    assert states(found) == {"network": "ok", "token": "problem"}
    assert status(found) is ExitCode.AUTHENTICATION


def test_no_token_and_no_network(hub: GitHubServer) -> None:
    found = list(look_at_hub(Host(web=hub.web), lambda: None, None))
    assert status(found) is ExitCode.AUTHENTICATION
    assert by_check(found)["token"].fix.startswith("gh auth login")
    with socket.socket() as unused:  # bound and not listening: refused at once
        unused.bind(("127.0.0.1", 0))
        host = Host(web=f"http://127.0.0.1:{unused.getsockname()[1]}")
        found = list(look_at_hub(host, lambda: Token(TOKEN, "netrc"), None))
    assert states(found) == {"network": "problem", "token": "skipped"}
    assert status(found) is ExitCode.NETWORK

    def malformed() -> Token:
        raise ScaffoldError("HUB101", "the token holds white space", "put it alone", exit_code=ExitCode.USAGE)

    assert states(list(look_at_hub(Host(web=hub.web), malformed, None)))["token"] == "problem"


# --- what comes of it ------------------------------------------------------------------------------------------------


def test_the_exit_status() -> None:
    token = problem("token", "x", "y", ExitCode.AUTHENTICATION)
    network = problem("network", "x", "y", ExitCode.NETWORK)
    dirty = problem("clone", "x", "y", ExitCode.CONFLICT)
    assert status([ok("git", "x")]) is ExitCode.OK
    assert status([ok("git", "x"), token, token]) is ExitCode.AUTHENTICATION
    assert status([network]) is ExitCode.NETWORK
    assert status([token, network]) == status([dirty]) == ExitCode.FAILURE
    assert as_json([token])["findings"][0] == {
        "check": "token",
        "state": "problem",
        "text": "x",
        "fix": "y",
        "exit_code": 4,
    }


def test_the_command(
    tmp_path: Path,
    hub: GitHubServer,
    frameworks: Environment,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = miniature(tmp_path / "clone", git=True)
    hub.add_user("porter", token=TOKEN)
    hub.fork(hub.add_repository(UPSTREAM, source=root), "porter", "transformers")
    save_origin(root / ".git" / "scaffold", origin(hub.web))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    monkeypatch.chdir(root / "src")
    assert main(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert "✓ sync" in out and TOKEN not in out + err
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", "ghp_" + "z" * 36)
    assert main(["doctor", "--json", "--repo", str(root)]) == 4
    out, err = capsys.readouterr()
    assert [row["check"] for row in json.loads(out)["findings"] if row["state"] == "problem"] == ["token"]
    assert main(["doctor", "--offline"]) == 0
    assert "network" not in capsys.readouterr().out
