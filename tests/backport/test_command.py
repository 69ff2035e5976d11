"""`new-tf-model --pytorch-from`: one branch with the model and its port, undone as a whole; refusals write nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scaffold.cli.main import main
from tests.backport.trees import five, four
from tests.layouts import git, make_repository

MODELS = "src/transformers/models"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    root = four(tmp_path)
    make_repository(root)
    return root


def run(base: Path, tree: Path, *more: str) -> int:
    flags = ["--no-probe", "--no-verify", "--yes", "--json"]
    return main(["new-tf-model", "tiny", "--repo", str(base), "--pytorch-from", str(tree), *flags, *more])


def test_the_branch_holds_the_model_its_registrations_and_its_port(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = git(base, "rev-parse", "HEAD")
    assert run(base, five(tmp_path)) == 0
    document = json.loads(capsys.readouterr().out)
    changed = set(git(base, "diff", "--name-only", before, "HEAD").split("\n"))
    assert changed >= {
        f"{MODELS}/__init__.py",
        f"{MODELS}/auto/configuration_auto.py",
        f"{MODELS}/auto/modeling_auto.py",
        f"{MODELS}/tiny/__init__.py",
        f"{MODELS}/tiny/configuration_tiny.py",
        f"{MODELS}/tiny/modeling_tiny.py",
        f"{MODELS}/tiny/modeling_tf_tiny.py",
    }
    assert {entry["path"] for entry in document["files"]} == changed
    assert git(base, "branch", "--show-current") == "add_tf_tiny" and git(base, "status", "--porcelain") == ""
    package = (base / MODELS / "tiny/__init__.py").read_text()
    assert "from .modeling_tiny import *" in package and "from .modeling_tf_tiny import *" in package
    assert "tokenization_tiny" not in package, "a file that is not brought along is not exported"
    assert '("tiny", "TinyConfig"),' in (base / MODELS / "auto/configuration_auto.py").read_text()
    lines = (base / MODELS / "__init__.py").read_text().split("\n")
    assert lines.index("    from .tiny import *") == lines.index("    from .brand_new import *") + 1
    assert any("TinyTokenizer is not brought along" in entry["why"] for entry in document["absent"])
    assert document["brought"]["notes"] == ["not brought along: tokenization_tiny.py"]


def test_undo_takes_everything_back_and_a_second_run_finds_the_port(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, tree = git(base, "rev-parse", "HEAD^{tree}"), five(tmp_path)
    assert run(base, tree) == 0
    capsys.readouterr()
    assert run(base, tree) == 0
    assert json.loads(capsys.readouterr().out)["already_ported"] is True
    assert main(["update", "tiny", "--repo", str(base), "--json"]) == 5
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "BKP105"
    assert main(["undo", "tiny", "--repo", str(base), "--yes"]) == 0
    assert git(base, "rev-parse", "HEAD^{tree}") == before
    assert not (base / MODELS / "tiny").exists() and git(base, "status", "--porcelain") == ""


def test_a_dry_run_writes_nothing(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(base, five(tmp_path), "--dry-run") == 0
    document = json.loads(capsys.readouterr().out)
    assert "+class TinyModel(TinyPreTrainedModel):" in document["diff"]
    assert git(base, "status", "--porcelain") == "" and git(base, "branch") == "* main"
    assert not (base / ".git/scaffold/tiny").exists()


@pytest.mark.parametrize(
    ("what", "code", "status"),
    [("no tree", "GIT106", 2), ("4.x tree", "BKP101", 2), ("unknown", "LOC102", 2), ("base has it", "BKP104", 2)],
)
def test_refusals(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, code: str, status: int
) -> None:
    tree = five(tmp_path)
    given, model = str(tree), "tiny"
    if what == "no tree":
        given = str(tmp_path / "nowhere")
    elif what == "4.x tree":
        given = str(base)
    elif what == "unknown":
        model = "tinier_still"
    else:
        model = "brand_new"
    arguments = ["new-tf-model", model, "--repo", str(base), "--pytorch-from", given, "--no-probe", "--no-verify"]
    assert main([*arguments, "--yes", "--json"]) == status
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert git(base, "status", "--porcelain") == "" and git(base, "branch") == "* main"


def test_a_base_that_lists_its_models_by_hand_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = four(tmp_path)
    (root / MODELS / "__init__.py").write_text("from . import brand_new, elder\n")
    make_repository(root)
    assert run(root, five(tmp_path)) == 7
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "BKP103"
    assert git(root, "status", "--porcelain") == "" and not (root / MODELS / "tiny").exists()


def test_a_5x_clone_is_refused_with_the_flag_as_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = five(tmp_path)
    make_repository(tree)
    assert main(["new-tf-model", "tiny", "--repo", str(tree), "--yes", "--json"]) == 7
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "LOC104" and f"--pytorch-from {tree}" in error["help"]
