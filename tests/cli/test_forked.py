"""`new-tf-model --fork` and `resume` against the stand-in for GitHub: real git, real client, no frameworks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold.cli.main import main
from scaffold.publish.origin import load_origin
from tests.github.server import GitHubServer
from tests.layouts import git, miniature

TOKEN = "ghp_" + "p" * 36
UPSTREAM = "huggingface/transformers"
FORK = "porter/transformers"
BRANCH = "add_tf_brand_new"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHubServer]:
    source = miniature(tmp_path / "source", git=True)
    git(source, "tag", "v4.46.3")
    with GitHubServer(tmp_path / "hub") as server:
        server.add_user("porter", token=TOKEN)
        server.add_repository(UPSTREAM, source=source)
        yield server


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with a name and a token, and nothing else."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A Porter")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "porter@example.com")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


def port(hub: GitHubServer, *options: str) -> int:
    quick = ("--no-probe", "--no-verify", "--yes", "--github-url", hub.web)
    return main(["new-tf-model", "brand_new", "--fork", *quick, *options])


def writes(hub: GitHubServer) -> list[str]:
    return [e.operation for e in hub.exchanges if e.method not in ("GET", "HEAD") and e.operation != "git-upload-pack"]


def test_a_fork_a_clone_a_port_and_a_pushed_branch(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert port(hub, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    root = Path("transformers")
    assert document["fork"]["fork"] == f"{hub.web}/{FORK}"
    assert document["fork"]["branch"] == "pushed"
    assert git(root, "branch", "--show-current") == BRANCH
    assert git(root, "status", "--porcelain") == ""
    assert hub.repositories[FORK].bare.sha(f"refs/heads/{BRANCH}") == document["commit"]
    assert git(root, "rev-parse", "--abbrev-ref", f"{BRANCH}@{{upstream}}") == f"origin/{BRANCH}"
    assert git(root, "config", "remote.upstream.pushurl") == "no_push"
    origin = load_origin(root / ".git/scaffold")
    assert origin is not None and (origin.upstream, origin.fork) == (UPSTREAM, FORK)
    assert not (root / ".git/scaffold/journal").exists()
    assert TOKEN not in "".join(p.read_text(errors="replace") for p in (root / ".git").rglob("*") if p.is_file())


@pytest.mark.parametrize("title", ["Add TF BrandNew", "[WIP] TFBrandNew", "brand_new in TensorFlow"])
def test_ongoing_work_is_told_and_does_not_stop_it(
    hub: GitHubServer, capsys: pytest.CaptureFixture[str], title: str
) -> None:
    hub.add_pull(UPSTREAM, head="huggingface:main", title=title)
    hub.add_pull(UPSTREAM, head="huggingface:main", title="BrandNew is slow")
    assert port(hub, "--dry-run", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["fork"]["ongoing"] == [f"{hub.web}/{UPSTREAM}/pull/1"]
    assert "1 open pull request on it" in err


def test_a_second_run_writes_nothing(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert port(hub) == 0
    before, done = hub.repositories[FORK].bare.git("for-each-ref").stdout, len(writes(hub))
    assert port(hub) == 0
    assert hub.repositories[FORK].bare.git("for-each-ref").stdout == before
    assert [w for w in writes(hub)[done:] if w != "repos/merge-upstream"] == []
    assert "is ported already" in capsys.readouterr().out


def test_a_dry_run_on_a_finished_port_says_what_is_left(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert port(hub) == 0
    root, upstream = Path("transformers"), hub.repositories[UPSTREAM].bare
    refs, done = git(root, "for-each-ref"), len(writes(hub))
    capsys.readouterr()
    assert port(hub, "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["fork"]["calls"] == []
    upstream.commit("main", {"new.txt": "upstream goes on\n"}, "Upstream goes on")
    assert port(hub, "--dry-run", "--json") == 0
    calls = json.loads(capsys.readouterr().out)["fork"]["calls"]
    assert [call["method"] for call in calls] == ["git rebase", "PUSH"]
    assert (git(root, "for-each-ref"), len(writes(hub))) == (refs, done)


def test_a_branch_behind_its_base_is_rebased(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert port(hub) == 0
    root, upstream = Path("transformers"), hub.repositories[UPSTREAM].bare
    before = git(root, "rev-parse", BRANCH)
    newer = upstream.commit("main", {"new.txt": "upstream goes on\n"}, "Upstream goes on")
    assert port(hub) == 0
    tip = git(root, "rev-parse", BRANCH)
    assert git(root, "rev-parse", f"{BRANCH}^") == newer
    assert git(root, "diff", "--name-only", before, tip) == "new.txt"
    assert (root / "new.txt").exists() and git(root, "status", "--porcelain") == ""
    assert hub.repositories[FORK].bare.sha(f"refs/heads/{BRANCH}") == tip
    done = len(writes(hub))
    assert port(hub) == 0
    assert git(root, "rev-parse", BRANCH) == tip
    assert [w for w in writes(hub)[done:] if w != "repos/merge-upstream"] == []


def test_a_port_made_anew_after_undo_takes_the_old_ones_place(hub: GitHubServer) -> None:
    assert port(hub) == 0
    root = Path("transformers")
    before = git(root, "rev-parse", BRANCH)
    assert main(["undo", "brand_new", "--repo", str(root), "--yes"]) == 0
    assert port(hub, "--contributor", "Jo", "--contributor-url", "https://github.com/jo") == 0
    tip = git(root, "rev-parse", BRANCH)
    assert tip != before
    assert hub.repositories[FORK].bare.sha(f"refs/heads/{BRANCH}") == tip
    assert git(root, "rev-parse", "refs/scaffold/brand_new/undone") == before


def test_a_port_made_anew_leaves_what_others_pushed(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert port(hub) == 0
    root, fork = Path("transformers"), hub.repositories[FORK].bare
    theirs = fork.commit(BRANCH, {"more.txt": "somebody's\n"}, "More")
    assert main(["undo", "brand_new", "--repo", str(root), "--yes"]) == 0
    assert port(hub, "--contributor", "Jo", "--contributor-url", "https://github.com/jo") == 5
    assert "GIT117" in capsys.readouterr().err
    assert fork.sha(f"refs/heads/{BRANCH}") == theirs


def test_a_rebase_with_conflicts_changes_nothing(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert port(hub) == 0
    root, upstream = Path("transformers"), hub.repositories[UPSTREAM].bare
    before = git(root, "rev-parse", BRANCH)
    path = "src/transformers/models/brand_new/modeling_tf_brand_new.py"
    upstream.commit("main", {path: "# somebody else's port\n"}, "Another port")
    assert port(hub) == 5
    assert "GIT122" in capsys.readouterr().err
    assert git(root, "rev-parse", BRANCH) == before
    assert git(root, "status", "--porcelain") == ""


def test_a_port_of_another_base_is_left_on_it(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    upstream = hub.repositories[UPSTREAM].bare
    upstream.commit("main", {"new.txt": "upstream goes on\n"}, "Upstream goes on")
    assert port(hub) == 0
    root = Path("transformers")
    before = git(root, "rev-parse", BRANCH)
    upstream.git("branch", "v4.46-release", "v4.46.3")
    upstream.commit("v4.46-release", {"fix.txt": "a fix\n"}, "A fix")
    assert port(hub, "--base", "v4.46-release") == 0
    assert git(root, "rev-parse", BRANCH) == before
    assert "does not start from v4.46-release: it stays on main" in capsys.readouterr().err
    origin = load_origin(root / ".git/scaffold")
    assert origin is not None and origin.base_ref == "refs/heads/main"  # where a pull request goes


@pytest.mark.parametrize("moment", ["place_all", "_point_head"])
def test_a_switch_that_was_killed_is_finished(
    hub: GitHubServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    from scaffold.publish import switch

    class Killed(BaseException):
        """What no handler catches, as nothing catches a kill."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(switch, moment, kill)
        with pytest.raises(Killed):
            port(hub)
    root = Path("transformers")
    assert list((root / ".git/scaffold").glob("*/pending.json"))
    assert port(hub) == 0
    assert git(root, "branch", "--show-current") == BRANCH
    assert git(root, "status", "--porcelain") == ""


def test_a_dry_run_writes_nothing_and_says_all(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert port(hub, "--dry-run", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert writes(hub) == []
    assert FORK not in hub.repositories
    assert not Path("transformers").exists()
    assert document["fork"]["calls"][0]["method"] == "POST"
    assert document["fork"]["calls"][-1] == {
        "method": "PUSH",
        "target": f"{hub.web}/{FORK}",
        "body": {"branch": BRANCH},
    }
    assert port(hub, "--json") == 0
    real = json.loads(capsys.readouterr().out)
    assert real["files"] == document["files"]
    added = {line for line in git(Path("transformers"), "diff", "main", BRANCH).splitlines() if line.startswith("+")}
    assert {line for line in document["diff"].splitlines() if line.startswith("+") and line[:4] != "+++ "} <= added


def test_resume_goes_on_after_the_network_failed(hub: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    hub.fault(operation="git-receive-pack", when="before", status=503, times=9)
    assert port(hub) == 6
    assert "scaffold resume" in capsys.readouterr().err
    hub.faults.clear()
    assert main(["resume", "--repo", "transformers"]) == 0
    tip = git(Path("transformers"), "rev-parse", BRANCH)
    assert hub.repositories[FORK].bare.sha(f"refs/heads/{BRANCH}") == tip
    assert main(["resume", "--repo", "transformers"]) == 0
    assert "Nothing to resume" in capsys.readouterr().out


def test_a_clone_that_exists_is_used_as_it_is(hub: GitHubServer, tmp_path: Path) -> None:
    root = tmp_path / "mine"
    shutil.copytree(tmp_path / "source/transformers", root)
    git(root, "switch", "--quiet", "--orphan", "elsewhere")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "something else")
    assert port(hub, "--repo", str(root)) == 0
    assert git(root, "branch", "--show-current") == BRANCH
    assert git(root, "rev-parse", f"{BRANCH}^") == git(root, "rev-parse", "main")
    assert git(root, "log", "--format=%s", "elsewhere") == "something else"


def test_a_clone_with_changes_is_refused_before_anything_is_sent(
    hub: GitHubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = miniature(tmp_path / "dirty", git=True)
    (root / "src/transformers/__init__.py").write_text("changed\n")
    assert port(hub, "--repo", str(root)) == 5
    assert "GIT102" in capsys.readouterr().err
    assert hub.exchanges == []


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (("--upstream", "https://github.com/a/b"), 2, "OWNER/REPOSITORY"),
        (("--upstream", "nobody/nothing"), 2, "HUB160"),
        (("--base", "v9.9"), 2, "v9.9"),
    ],
)
def test_what_is_refused(
    hub: GitHubServer, options: tuple[str, ...], status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert port(hub, *options) == status
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "status", "says"),
    [
        ("brand_neww", 2, "did you mean brand_new?"),
        ("twin_txet", 2, "did you mean twin_text or twin-text"),
        ("nothing_like_it", 2, "are the model names"),
        ("elder", 1, "elder already has TensorFlow"),
        ("twin-vision", 1, "without TensorFlow in the same folder: twin_text"),
        ("mute", 7, "holds no PyTorch modelling file"),
        ("auto", 2, "there is no model 'auto'"),
    ],
)
def test_a_name_that_will_not_do_makes_no_fork_and_no_clone(
    hub: GitHubServer, model: str, status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-tf-model", model, "--fork", "--yes", "--github-url", hub.web]) == status
    assert says in capsys.readouterr().err
    assert writes(hub) == []
    assert not list(Path().iterdir())


def test_a_model_type_is_looked_up_in_the_files_before_the_fork(hub: GitHubServer, tmp_path: Path) -> None:
    """Of a folder with several files, the one whose configuration the type names."""
    source, upstream = tmp_path / "source/transformers", hub.repositories[UPSTREAM].bare
    path = "src/transformers/models/auto/configuration_auto.py"
    table = (source / path).read_text(encoding="utf-8")
    for old, new in (('("twin-text", "T', '("twin-words", "T'), ('("twin-text", "twin")', '("twin-words", "twin")')):
        assert old in table
        table = table.replace(old, new)
    upstream.commit("main", {path: table}, "Another model type")
    words = ["new-tf-model", "twin-words", "--fork", "--no-probe", "--no-verify", "--yes", "--github-url", hub.web]
    assert main(words) == 0
    root = Path("transformers")
    assert git(root, "branch", "--show-current") == "add_tf_twin_text"
    done = git(root, "reflog", "--all")
    assert main(words) == 0
    assert main([*words, "--dry-run"]) == 0
    assert git(root, "reflog", "--all") == done


def test_without_a_token_the_ways_to_give_one_are_named(
    hub: GitHubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    assert port(hub) == 4
    assert "--token-file" in capsys.readouterr().err
