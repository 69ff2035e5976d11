"""Whole ports of a real release, from the command line to the commit: nothing here is a stand-in."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from scaffold.cli.main import main
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.upstream import fetch
from tests.layouts import git

RELEASE = "4.47.1"

#: The release's documentation pages, index and lists, which its sdist lacks; kept outside this repository.
TREES = Path(__file__).parents[2] / "shared" / "trees" / "4.47"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "tensorflow", "tf_keras")),
        reason="torch, tensorflow and tf_keras are needed: pip install '.[verify]'",
    ),
]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the real release, with its documentation where that is at hand."""
    try:
        root = fetch(f"pypi:transformers=={RELEASE}", tmp_path_factory.mktemp("release"))
    except ScaffoldError as error:
        if error.exit_code is ExitCode.NETWORK:
            pytest.skip(f"the release cannot be downloaded here: {error.message}")
        raise
    git(root, "config", "user.name", "A Porter")
    git(root, "config", "user.email", "porter@example.com")
    if TREES.is_dir():
        shutil.copytree(TREES, root, dirs_exist_ok=True)
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "documentation")
    git(root, "switch", "-q", "--detach")
    return root


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("model", ["ernie", "vit_msn"])
def test_a_real_model_is_ported_and_matches(release: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    git(release, "switch", "-q", "--detach", "main")
    status = main(["new-tf-model", model, "--repo", str(release), "--json", "--yes"])
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert status == 0, err
    assert document["markers"] == []
    heads = document["verification"]["heads"]
    assert {name for name, head in heads.items() if not head["ok"]} == set()
    assert len(heads) >= 2
    assert all(head["max_scaled"] <= 1e-5 for head in heads.values())
    assert git(release, "status", "--porcelain") == ""
    assert git(release, "rev-list", "--count", f"main..add_tf_{model}") == "1"

    assert main(["checklist", model, "--repo", str(release), "--json"]) == 0
    verdicts = json.loads(capsys.readouterr().out)
    assert verdicts
    tip = git(release, "rev-parse", f"add_tf_{model}")
    assert main(["new-tf-model", model, "--repo", str(release), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["already_ported"] is True
    assert git(release, "rev-parse", f"add_tf_{model}") == tip


@pytest.mark.timeout(1800)
def test_a_sweep_leaves_a_row_and_pages(release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(release, "switch", "-q", "--detach", "main")
    arguments = ["sweep", "--repo", str(release), "--models", "mgp_str", "--out", str(tmp_path), "--graph-seconds", "3"]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (row,) = document["rows"]
    assert document["totals"]["strict"] == 1, row
    assert row["release"].startswith(RELEASE) and "TensorFlow 2" in row["environment"]
    assert {head["class"] for head in row["heads"]} == {"TFMgpstrModel", "TFMgpstrForSceneTextRecognition"}
    assert all(head["cases"]["eager"][0] == head["cases"]["eager"][1] > 1 for head in row["heads"])
    assert "| mgp_str | A | strict | 2/2 |" in (tmp_path / "ports.md").read_text(encoding="utf-8")
    assert git(release, "status", "--porcelain") == ""

    assert main([*arguments, "--resume"]) == 0
    assert "1 of 1 models are done" in capsys.readouterr().err
    assert len((tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()) == 1
