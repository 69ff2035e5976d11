"""`update`: a port generated anew and merged with what was edited; the translator is real, the frameworks are not used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scaffold import pipeline
from scaffold.cli.main import main
from scaffold.core.reports import CaseReport, Comparison, HeadReport, VerificationReport
from scaffold.locate import locate
from tests.layouts import git, miniature

STEM = "brand_new"
BRANCH = f"add_tf_{STEM}"
PT = f"src/transformers/models/{STEM}/modeling_{STEM}.py"
TF = f"src/transformers/models/{STEM}/modeling_tf_{STEM}.py"
BASE = f"refs/scaffold/{STEM}/base"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = miniature(tmp_path, git=True)
    assert main(["new-tf-model", STEM, "--repo", str(root), "--no-probe", "--no-verify", "--yes"]) == 0
    return root


def update(root: Path, *options: str) -> int:
    return main(["update", "--repo", str(root), "--no-verify", *options])


def forget_the_generator(root: Path) -> None:
    """As if an older scaffold had made the port."""
    record = root / ".git/scaffold" / STEM / "port.json"
    document = json.loads(record.read_text())
    document["made"]["generator"] = "another"
    record.write_text(json.dumps(document))


def change_pytorch(root: Path) -> None:
    """A layer's name in the PyTorch file, which the port must follow."""
    text = (root / PT).read_text()
    assert "class BrandNew" in text
    (root / PT).write_text(
        text + "\n\nclass BrandNewExtra(nn.Module):\n    def forward(self, x):\n        return x + 1\n"
    )
    git(root, "commit", "-q", "-am", "PyTorch changed")


def test_nothing_changed_nothing_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refs = git(root, "for-each-ref")
    assert update(root) == 0
    assert "up to date" in capsys.readouterr().out
    assert git(root, "for-each-ref") == refs
    assert git(root, "status", "--porcelain") == ""


def test_the_same_render_again_only_notes_what_made_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forget_the_generator(root)
    located, folder = locate(root, STEM, ported_ok=True), root / ".git/scaffold" / STEM
    figure = Comparison(tensor="logits", shape=(2,), max_abs=0.0, max_scaled=0.0, tolerance=1e-5, ok=True)
    case = CaseReport(case="base/default", mode="eager", comparisons=(figure,))
    report = VerificationReport(heads=(HeadReport(tf_class="TFX", pt_class="X", cases=(case,)),))
    pipeline.save_report(folder, report, pipeline.sources_of(located))
    tip = git(root, "rev-parse", BRANCH)
    capsys.readouterr()
    assert main(["update", "--repo", str(root)]) == 0  # --no-verify is not needed: nothing is compared again
    out, err = capsys.readouterr()
    assert "nothing was changed" in out and "verify" not in err
    assert pipeline.fresh_report(located, folder) == report
    assert git(root, "rev-parse", BRANCH) == tip
    assert git(root, "status", "--porcelain") == ""
    assert not (root / ".git/scaffold/journal").exists()


def test_a_contributor_is_put_into_a_finished_port(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = root / f"docs/source/en/model_doc/{STEM}.md"
    someone = ("--contributor", "Ada L.", "--contributor-url", "https://huggingface.co/ada")
    capsys.readouterr()
    assert main(["new-tf-model", STEM, "--repo", str(root), "--no-probe", "--no-verify", "--yes", *someone]) == 0
    said = capsys.readouterr().out
    assert f"scaffold update {STEM} --repo {root} --contributor 'Ada L.' --contributor-url https://" in said
    assert "ada" not in page.read_text()
    assert update(root, *someone) == 0
    assert "[Ada L.](https://huggingface.co/ada)" in page.read_text()
    assert git(root, "status", "--porcelain") == ""
    capsys.readouterr()
    assert main(["new-tf-model", STEM, "--repo", str(root), "--no-probe", "--no-verify", "--yes"]) == 0
    assert "scaffold update" not in capsys.readouterr().out
    assert update(root) == 0
    assert "up to date" in capsys.readouterr().out
    assert update(root, *someone[:2]) == 2


def test_edits_are_kept_and_the_new_render_is_merged(root: Path) -> None:
    (root / TF).write_text("# my own remark\n" + (root / TF).read_text())
    git(root, "commit", "-q", "-am", "mine")
    text = (root / TF).read_text()
    pristine = git(root, "rev-parse", BASE)
    forget_the_generator(root)
    assert update(root) == 0
    assert (root / TF).read_text() == text
    change_pytorch(root)
    assert update(root, "--dry-run") == 0
    assert git(root, "rev-parse", BASE) != ""
    before = git(root, "rev-parse", BRANCH)
    assert update(root) == 0
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "rev-parse", BASE) != pristine
    assert "# my own remark" in (root / TF).read_text()
    assert git(root, "merge-base", before, BRANCH) == before
    assert update(root) == 0


def test_conflicts_are_left_to_the_user_and_then_noted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generated = (root / TF).read_text()
    old = git(root, "show", f"{BASE}:{TF}")
    assert old.strip() == generated.strip()
    # an earlier render that differed in the line that the user has changed
    first = generated.splitlines()[0]
    for name, line in (("generated before", "# generated before"), ("mine", "# mine")):
        (root / TF).write_text(generated.replace(first, line, 1))
        git(root, "commit", "-q", "-am", name)
    parent = git(root, "rev-parse", f"{BASE}^")
    tree = git(root, "rev-parse", f"{BRANCH}~1^{{tree}}")
    render = git(root, "commit-tree", tree, "-p", parent, "-m", "render")
    git(root, "update-ref", BASE, render)
    forget_the_generator(root)
    tip = git(root, "rev-parse", BRANCH)
    assert update(root) == 5
    assert TF in capsys.readouterr().out
    assert git(root, "rev-parse", BRANCH) == tip
    text = (root / TF).read_text()
    assert "<<<<<<< yours\n# mine\n||||||| generated before\n# generated before\n=======\n" + first in text
    assert update(root) == 5
    assert "are not committed yet" in capsys.readouterr().err
    assert (root / TF).read_text() == text
    assert main(["status", "--repo", str(root), "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["unresolved"], status["next"]["command"]) == ([TF], f"scaffold update {STEM}")
    git(root, "commit", "-q", "-am", "not resolved")
    assert update(root) == 5
    assert "GIT142" in capsys.readouterr().err
    (root / TF).write_text(generated.replace(first, "# mine", 1))
    git(root, "commit", "-q", "-am", "resolved")
    assert update(root) == 0
    assert "is noted" in capsys.readouterr().out
    assert git(root, "show", f"{BASE}:{TF}").splitlines()[0] == first
    assert update(root) == 0
    assert "up to date" in capsys.readouterr().out


def test_a_dirty_tree_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forget_the_generator(root)
    (root / TF).write_text("half done\n")
    assert update(root) == 5
    assert "GIT102" in capsys.readouterr().err
    assert (root / TF).read_text() == "half done\n"
