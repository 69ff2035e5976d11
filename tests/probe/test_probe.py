"""The stage around the worker: what it passes on, caches and reports."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import scaffold.probe as stage
from scaffold.core.checkout import Located
from scaffold.core.child import ChildResult
from scaffold.core.errors import ScaffoldError
from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames

NAMES = ModelNames(folder="twin", stem="twin_text", model_type="twin-text", camel="TwinText", title="Twin")


def result(returncode: int = 0, stderr: str = "", timed_out: bool = False) -> ChildResult:
    return ChildResult(returncode=returncode, stdout="", stderr=stderr, seconds=0.0, timed_out=timed_out)


def report(error: str | None = None) -> dict[str, Any]:
    entry = {"parameters": {"a.weight": [2, 3]}, "buffers": {}, "tied": [], "modules": {"a": "Linear"}}
    entry.update({"cases": ["base/default"], "error": error})
    return {
        "sites": [[1, 2, 1, 5, [["tensor", "float32", 2, None, [2, 3]]]]],
        "classes": {"TwinTextModel": entry},
        "coverage": [1, 2],
    }


class Worker:
    """Stands in for the child process: notes its calls and writes what it is told to."""

    def __init__(self, written: dict[str, Any] | None, ended: ChildResult) -> None:
        self.written = written
        self.ended = ended
        self.calls: list[list[str]] = []

    def __call__(self, script: str, args: Sequence[str], **_: Any) -> ChildResult:
        self.calls.append([script, *args])
        if self.written is not None:
            out = Path(args[list(args).index("--out") + 1])
            (out / "probe.json").write_text(json.dumps(self.written), encoding="utf-8")
        return self.ended


@pytest.fixture
def located(tmp_path: Path) -> Located:
    folder = tmp_path / "clone" / NAMES.package_path
    folder.mkdir(parents=True)
    (folder / f"{NAMES.module}.py").write_text("x = 1\n", encoding="utf-8")
    (folder / "configuration_twin_text.py").write_text("", encoding="utf-8")
    return Located(
        root=tmp_path / "clone",
        names=NAMES,
        layout=Layout(),
        config_class="TwinTextConfig",
        config_module="configuration_twin_text",
    )


def start(monkeypatch: pytest.MonkeyPatch, written: dict[str, Any] | None, ended: ChildResult) -> Worker:
    worker = Worker(written, ended)
    monkeypatch.setattr(stage, "run_worker", worker)
    return worker


def test_reads_what_the_worker_wrote(located: Located, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = start(monkeypatch, report(), result())
    types = stage.probe(located, python="py", out=tmp_path / "out")
    assert types.coverage == (1, 2)
    assert types.classes["TwinTextModel"].parameters == {"a.weight": (2, 3)}
    call = worker.calls[0]
    assert call[0] == "probe_pt.py"
    assert call[call.index("--module") + 1] == "twin.modeling_twin_text"
    assert call[call.index("--src") + 1] == str(located.root / "src")


def test_second_call_is_cached_until_something_changes(
    located: Located, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start(monkeypatch, report(), result())
    for _ in range(2):
        stage.probe(located, python="py", out=tmp_path / "out")
    assert len(worker.calls) == 1
    stage.probe(located, python="py", out=tmp_path / "out", seed=1)
    assert len(worker.calls) == 2
    (located.root / NAMES.pt_path).write_text("x = 2\n", encoding="utf-8")
    stage.probe(located, python="py", out=tmp_path / "out", seed=1)
    assert len(worker.calls) == 3


@pytest.mark.parametrize(
    ("ended", "code", "words"),
    [
        (result(timed_out=True, returncode=-9), "PRB103", "took more than"),
        (result(3, "Traceback\ncannot import it: No module named 'natten'"), "PRB102", "No module named 'natten'"),
        (result(1, "Traceback\nMemoryError"), "PRB104", "MemoryError"),
        (result(-11), "PRB104", "signal 11"),
        (result(0), "PRB104", "no readable probe.json"),
    ],
)
def test_failures(
    located: Located, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: ChildResult, code: str, words: str
) -> None:
    start(monkeypatch, None, ended)
    with pytest.raises(ScaffoldError, match=words) as caught:
        stage.probe(located, python="py", out=tmp_path / "out")
    assert caught.value.code == code
    assert caught.value.help


def test_a_failure_is_not_cached(located: Located, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, report("ValueError: no"), result())
    with pytest.raises(ScaffoldError, match="none of the 1 public classes") as caught:
        stage.probe(located, python="py", out=tmp_path / "out")
    assert caught.value.code == "PRB105"
    worker = start(monkeypatch, report(), result())
    stage.probe(located, python="py", out=tmp_path / "out")
    assert len(worker.calls) == 1


def test_python_that_does_not_exist(located: Located, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="cannot be started") as caught:
        stage.probe(located, python=str(tmp_path / "no-python"), out=tmp_path / "out")
    assert caught.value.code == "PRB101"


@pytest.mark.e2e
def test_real_model(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("transformers")
    if spec is None or spec.origin is None or importlib.util.find_spec("torch") is None:
        pytest.skip("torch and transformers are not installed")
    package = Path(spec.origin).parent
    if not (package / "models/roc_bert/modeling_roc_bert.py").is_file():
        pytest.skip("the installed transformers lacks the model")
    root = tmp_path / "clone"
    (root / "src").mkdir(parents=True)
    (root / "src/transformers").symlink_to(package, target_is_directory=True)
    names = ModelNames(folder="roc_bert", stem="roc_bert", model_type="roc_bert", camel="RoCBert", title="RoCBert")
    located = Located(
        root=root,
        names=names,
        layout=Layout(),
        config_class="RoCBertConfig",
        config_module="configuration_roc_bert",
    )
    out = tmp_path / "out"
    types = stage.probe(located, python=sys.executable, out=out)
    reached, sites = types.coverage
    assert reached > 0.85 * sites
    failed = {name: entry.error for name, entry in types.classes.items() if entry.error}
    assert not failed
    masked = types.classes["RoCBertForMaskedLM"]
    assert ("roc_bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight") in masked.tied
    cases = set(types.classes["RoCBertForCausalLM"].cases)
    assert {"base/default", "base/labels", "decoder/past", "decoder/generate", "cross_attention/default"} <= cases

    import numpy as np

    folder = out / "classes/RoCBertModel/base"
    listed = {case["name"]: case for case in json.loads((folder / "cases.json").read_text(encoding="utf-8"))}
    with np.load(folder / "default.npz") as arrays:
        assert arrays["in/input_ids"].dtype == np.int64
        assert arrays["out/last_hidden_state"].dtype == np.float32
        assert len({name for name in arrays if name.startswith("out/hidden_states/")}) == 3
        assert {name.split("/")[1] for name in arrays if name.startswith("in/")} == set(listed["default"]["inputs"])
        assert np.abs(arrays["out/last_hidden_state"]).max() < 100
    for path in (folder / "model.safetensors", folder / "bin/pytorch_model.bin"):
        assert path.is_file()
    assert "_attn_implementation" not in (folder / "config.json").read_text(encoding="utf-8")
