"""The order of the stages and what a failure leaves behind; the stages themselves are stand-ins here."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from scaffold.cli.main import main
from scaffold.core.checkout import Located
from scaffold.core.diagnostics import Diagnostic
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.errors import ScaffoldError
from scaffold.core.port import Contributor, Port
from scaffold.core.reports import CaseReport, Comparison, HeadReport, VerificationReport
from scaffold.core.translation import SuiteTranslation, Translation
from scaffold.core.typedb import TypeDB
from scaffold.environment import Environment
from scaffold.pipeline import Request, load_report, make_port, run, state_folder
from scaffold.publish.git import open_clone
from tests.layouts import git, miniature
from tests.publish.test_commit import snapshot

INIT = "src/transformers/models/brand_new/__init__.py"


def comparison(ok: bool) -> Comparison:
    off = 1e-7 if ok else 1.0
    return Comparison(tensor="logits", shape=(2,), max_abs=off, max_scaled=off, tolerance=1e-5, ok=ok)


def report(*, ok: bool = True) -> VerificationReport:
    case = CaseReport(case="base/default", mode="eager", comparisons=(comparison(ok),))
    return VerificationReport(heads=(HeadReport(tf_class="TFBrandNewModel", pt_class="BrandNewModel", cases=(case,)),))


class Stages:
    """Stand-ins that record the order and can be told to fail."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.failing: dict[str, BaseException] = {}
        self.report = report()
        self.seen: dict[str, Any] = {}

    def enter(self, name: str) -> None:
        self.called.append(name)
        if name in self.failing:
            raise self.failing[name]

    def probe(self, located: Located, *, python: str, out: Path) -> TypeDB:
        self.enter("probe")
        (out / "classes").mkdir(parents=True)
        return TypeDB(coverage=(9, 10))

    def translate(self, located: Located, types: TypeDB) -> Translation:
        self.enter("translate")
        self.seen["coverage"] = types.coverage
        marker = Diagnostic(code="TFP101", subject="torch.foo", message="no rule", path=located.names.pt_path)
        return Translation(
            text="import tensorflow as tf\n",
            classes={"BrandNewModel": "TFBrandNewModel", "Odd": "TFStrange"},
            public=("TFBrandNewModel",),
            models=("TFBrandNewModel",),
            diagnostics=(marker,),
        )

    def translate_tests(self, located: Located, translation: Translation) -> SuiteTranslation:
        assert located.pt_test is not None
        return SuiteTranslation(text="", kept=("A.test_b",), dropped=(("A.test_torchscript", "PyTorch only"),))

    def render(
        self,
        located: Located,
        translation: Translation,
        tree: Tree,
        *,
        suite: SuiteTranslation | None,
        cases: Path | None,
    ) -> tuple[Outcome, ...]:
        self.enter("render")
        assert suite is not None
        assert cases is None or (cases / "classes").is_dir()
        return (tree.plan(located.names.tf_path, translation.text, by="render", why="the model"),)

    def register(self, located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
        self.enter("register")
        self.seen["port"] = port
        text = tree.read(INIT)
        assert text is not None
        absent = Absent(path="docs/x.md", by="doc_page", why="no such page")
        return (tree.plan(INIT, text + "# registered\n", by="model_init", why="export"), absent)

    def verify(
        self, located: Located, port: Port, *, src: Path, python: str, cases: Path, modes: Sequence[str]
    ) -> VerificationReport:
        self.enter("verify")
        assert modes == ("eager", "graph")
        assert (src / "transformers/models/brand_new/modeling_tf_brand_new.py").is_file()
        assert (src / "transformers/models/brand_new/__init__.py").read_text().endswith("# registered\n")
        assert not (located.root / located.names.tf_path).exists()
        assert cases.is_dir()
        return self.report


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    made = Stages()
    for name in ("probe", "translate", "render", "register", "verify"):
        monkeypatch.setattr(f"scaffold.{name}.{name}", getattr(made, name))
    monkeypatch.setattr("scaffold.translate.translate_tests", made.translate_tests)
    versions = {"torch": "2.13.0", "tensorflow": "2.18.1", "tf_keras": "2.18.0", "numpy": "2.0", "safetensors": "0.8"}
    environment = Environment(python="3.11.0", executable="python", versions=versions)
    monkeypatch.setattr("scaffold.pipeline.read_environment", lambda python, root: environment)
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return miniature(tmp_path, git=True)


ORDER = ["probe", "translate", "render", "register", "verify"]


def test_a_run_ends_in_one_commit(root: Path, stages: Stages) -> None:
    base = git(root, "rev-parse", "HEAD")
    result = run(Request(root=root, model="brand_new"))
    assert stages.called == ORDER
    assert result.ok
    assert result.commit == git(root, "rev-parse", "add_tf_brand_new") == git(root, "rev-parse", "HEAD")
    assert git(root, "rev-parse", "HEAD^") == base
    assert git(root, "status", "--porcelain", "--ignored") == ""
    folder = state_folder(open_clone(root), "brand_new")
    assert load_report(folder) == stages.report
    assert not list(folder.glob("overlay.*"))
    assert json.loads((folder / "port.json").read_text())["public"] == ["TFBrandNewModel"]
    assert stages.seen["coverage"] == (9, 10)


def test_a_second_run_changes_nothing(root: Path, stages: Stages) -> None:
    run(Request(root=root, model="brand_new"))
    before = snapshot(root)
    stages.called.clear()
    result = run(Request(root=root, model="brand_new"))
    assert (result.finished, result.edits, stages.called) == (True, (), [])
    assert snapshot(root) == before
    git(root, "switch", "-q", "main")
    assert run(Request(root=root, model="brand_new")).finished


ERRORS = [ScaffoldError("LOC107", "no"), KeyboardInterrupt(), OSError(28, "full"), RuntimeError()]


@pytest.mark.parametrize(
    ("stage", "error"), [*((stage, ERRORS[0]) for stage in ORDER), *(("verify", error) for error in ERRORS[1:])]
)
def test_a_failure_leaves_the_clone_as_it_was(root: Path, stages: Stages, stage: str, error: BaseException) -> None:
    before = snapshot(root)
    stages.failing[stage] = error
    with pytest.raises(type(error)):
        run(Request(root=root, model="brand_new"))
    assert stages.called == ORDER[: ORDER.index(stage) + 1]
    assert snapshot(root) == before
    assert not list(state_folder(open_clone(root), "brand_new").glob("overlay.*"))


def test_a_dry_run_writes_nothing_and_tells_the_truth(
    root: Path, stages: Stages, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(root), sorted(path for path in (root / ".git").rglob("*") if path.is_file())
    assert main(["new-tf-model", "brand_new", "--repo", str(root), "--dry-run"]) == 0
    patch = capsys.readouterr().out
    assert stages.called == ORDER[:-1]
    assert (snapshot(root), sorted(path for path in (root / ".git").rglob("*") if path.is_file())) == before
    assert main(["new-tf-model", "brand_new", "--repo", str(root), "--yes"]) == 0
    assert git(root, "diff", "--no-renames", "main", "HEAD", "--stat") != ""
    git(root, "switch", "-q", "main")
    (root / "dry.patch").write_text(patch)
    git(root, "apply", "--index", "dry.patch")
    assert git(root, "write-tree") == git(root, "rev-parse", "add_tf_brand_new^{tree}")


def test_a_class_that_differs_is_committed_and_reported(
    root: Path, stages: Stages, capsys: pytest.CaptureFixture[str]
) -> None:
    stages.report = report(ok=False)
    assert main(["new-tf-model", "brand_new", "--repo", str(root)]) == 1
    out, err = capsys.readouterr()
    assert "FAIL TFBrandNewModel" in out
    assert "TFP101 torch.foo" in out
    assert "docs/x.md: no such page" in out
    assert "left out: A.test_torchscript: PyTorch only" in out
    assert "scaffold checklist brand_new --repo" in out
    assert all(stage in err for stage in ["locate", *ORDER, "commit"])
    assert git(root, "rev-parse", "--abbrev-ref", "HEAD") == "add_tf_brand_new"


def test_json_is_one_document(root: Path, stages: Stages, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-tf-model", "brand_new", "--repo", str(root), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["branch"] == "add_tf_brand_new"
    assert document["verification"]["heads"]["TFBrandNewModel"]["ok"] is True
    assert [entry["kind"] for entry in document["files"]] == ["modify", "create"]
    assert document["markers"][0]["code"] == "TFP101"


@pytest.mark.parametrize(
    ("request_of", "called"),
    [
        (lambda root: Request(root=root, model="brand_new", verify=False), ORDER[:-1]),
        (lambda root: Request(root=root, model="brand_new", probe=False), ORDER[1:-1]),
    ],
    ids=["no-verify", "no-probe"],
)
def test_stages_can_be_left_out(
    root: Path, stages: Stages, request_of: Callable[[Path], Request], called: list[str]
) -> None:
    request = request_of(root)
    result = run(request)
    assert stages.called == called
    assert result.ok is request.probe  # a verification that was wanted and could not run is no pass
    if not request.probe:
        assert result.report is not None and result.report.not_run


def test_a_port_that_is_there_is_written_anew(
    root: Path, stages: Stages, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elder = "src/transformers/models/elder/modeling_tf_elder.py"
    stages.report = VerificationReport(heads=())
    seen: dict[str, str | None] = {}

    def register(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
        paths = ("src/transformers/__init__.py", elder)
        seen.update({path: tree.read(path) for path in paths})
        return ()

    monkeypatch.setattr("scaffold.register.register", register)
    monkeypatch.setattr("scaffold.verify.verify", lambda *_, **__: stages.report)
    before = git(root, "show", f"HEAD:{elder}")
    assert main(["new-tf-model", "elder", "--repo", str(root)]) == 1
    assert "LOC103" in capsys.readouterr().err
    run(Request(root=root, model="elder", regenerate=True))
    assert "TFElder" not in (seen["src/transformers/__init__.py"] or "")  # what the registrars see
    assert seen[elder] == "import tensorflow as tf\n"
    assert git(root, "show", f"add_tf_elder:{elder}") == "import tensorflow as tf" != before
    note = json.loads((state_folder(open_clone(root), "elder") / "port.json").read_text())
    assert note["made"]["regenerate"] is True


def test_aliases_and_contributor_reach_the_registrars(root: Path, stages: Stages) -> None:
    someone = Contributor(name="Jo", url="https://huggingface.co/jo")
    run(Request(root=root, model="brand_new", contributor=someone))
    port = stages.seen["port"]
    assert port.contributor == someone
    assert port.pt_name("TFStrange") == "Odd"
    assert port.pt_name("TFBrandNewModel") == "BrandNewModel"


def test_a_port_takes_its_classes_from_the_translation(root: Path, stages: Stages) -> None:
    from scaffold.locate import locate

    located = locate(root, "brand_new")
    port = make_port(located, stages.translate(located, TypeDB()), None)
    assert (port.public, port.models, port.withheld) == (("TFBrandNewModel",), ("TFBrandNewModel",), ())


def test_the_checklist_reads_the_saved_report(root: Path, stages: Stages, capsys: pytest.CaptureFixture[str]) -> None:
    run(Request(root=root, model="brand_new"))
    status = main(["checklist", "brand_new", "--repo", str(root), "--json"])
    results = json.loads(capsys.readouterr().out)
    assert status == 3  # the stand-in is no model
    assert results
    git(root, "switch", "-q", "main")
    assert main(["checklist", "brand_new", "--repo", str(root)]) == 2
    assert "git switch add_tf_brand_new" in capsys.readouterr().err
