"""Converting weights: what needs no framework, the Hub through its real client, and whole conversions (e2e)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaffold import weights
from scaffold.cli.convert_weights import limit, size
from scaffold.cli.main import main
from scaffold.core.errors import ScaffoldError
from scaffold.weights import Check, Conversion, Request, TooFarError, convert, to_markdown
from scaffold.weights.hub import TITLE, fetch, is_repository, who
from tests.layouts import miniature
from tests.weights.stand_in import Server

sys.path.insert(0, str(Path(weights.__file__).parents[1] / "workers"))

from convert_check import compare, shortened
from convert_tf import Checkpoint, ConversionError, Variable, shards

GOOD = Check(tf_class="TFElderModel", inputs="random", outputs=2e-7, hidden_states=3e-7, worst="logits")
DONE = Conversion(
    tf_class="TFElderModel", files=("tf_model.h5",), parameters=1000, variables=3, unused=("x",),
    largest_shard=4000, peak_writing=1, peak=2, checks=(GOOD,),
)  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    with Server() as running:
        # the library reads HF_ENDPOINT when it is imported, which another test may have done
        files = f"{running.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", running.url)
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
        running.hub.accounts["hf_" + "x" * 34] = "porter"
        running.hub.repositories["some/model"] = {
            "config.json": b"{}",
            "model.safetensors": b"12345",
            "pytorch_model.bin": b"not wanted",
            "onnx/model.json": b"not wanted",
        }
        yield running


def fake_conversion(monkeypatch: pytest.MonkeyPatch, conversion: Conversion = DONE) -> list[Request]:
    """Let `convert` write a file and say `conversion`, so that what surrounds it can be tested without frameworks."""
    asked: list[Request] = []

    def run(request: Request, folder: Path, working: Path) -> Conversion:
        asked.append(request)
        (working / "tf_model.h5").write_bytes(b"weights")
        (working / weights.REPORT).write_text("{}")
        return conversion

    monkeypatch.setattr(weights, "_run", run)
    monkeypatch.setattr("scaffold.environment.read_environment", lambda python, root: None)
    monkeypatch.setattr("scaffold.environment.check_environment", lambda environment, tensorflow: None)
    return asked


def test_who_and_fetch(server: Server) -> None:
    assert who() == "porter"
    folder = fetch("some/model")
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_the_hub_refuses(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScaffoldError) as caught:
        fetch("some/other")
    assert (caught.value.code, int(caught.value.exit_code)) == ("WGT104", 4)
    monkeypatch.setenv("HF_TOKEN", "hf_" + "y" * 34)
    with pytest.raises(ScaffoldError) as caught:
        who()
    assert (caught.value.code, int(caught.value.exit_code)) == ("WGT104", 4)
    assert "yyyy" not in str(caught.value)


def test_a_push_is_one_pull_request(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_conversion(monkeypatch)
    root = miniature(tmp_path)
    command = ["convert-weights", "some/model", "--repo", str(root), "--into", str(tmp_path / "out"), "--push", "--yes"]
    assert main([*command, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["pull_request"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pull_request"] == first
    (pull,) = server.hub.pulls
    assert (pull.repository, pull.title, pull.files) == ("some/model", TITLE, {"tf_model.h5": b"weights"})
    assert "| TFElderModel | random | 2.0e-07 | 3.0e-07 | all |" in pull.body and "@Rocketknight1" in pull.body


def test_a_dry_run_sends_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_conversion(monkeypatch)
    root, out = miniature(tmp_path), str(tmp_path / "out")
    assert main(["convert-weights", "some/model", "--repo", str(root), "--into", out, "--push", "--dry-run"]) == 0
    assert "Pull request on some/model: Add TensorFlow weights" in capsys.readouterr().out
    assert not server.hub.pulls and not [seen for seen in server.hub.seen if seen.startswith(("POST", "PUT"))]


def test_without_a_login_nothing_is_converted(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = fake_conversion(monkeypatch)
    server.hub.accounts.clear()
    root = miniature(tmp_path)
    assert main(["convert-weights", "some/model", "--repo", str(root), "--push", "--yes"]) == 4
    assert not asked
    server.hub.broken = True
    assert main(["convert-weights", "some/model", "--repo", str(root), "--push", "--yes"]) == 6
    assert "WGT104" in capsys.readouterr().err


def request(tmp_path: Path, **options: Any) -> Request:
    folder = tmp_path / "checkpoint"
    folder.mkdir(exist_ok=True)
    return Request(root=tmp_path, folder=folder, out=tmp_path / "out", python=sys.executable, **options)


def test_what_differs_is_not_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad = Check(tf_class="TFElderModel", inputs="random", outputs=2e-3, hidden_states=3e-7, worst="logits")
    fake_conversion(monkeypatch, Conversion(**{**_fields(DONE), "checks": (bad,)}))
    with pytest.raises(TooFarError, match="differ by 0.002"):
        convert(request(tmp_path))
    assert not (tmp_path / "out").exists() and sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint"]
    assert convert(request(tmp_path, max_error=1e-2)).checks == (bad,)
    assert (tmp_path / "out/tf_model.h5").is_file()


def _fields(conversion: Conversion) -> dict[str, Any]:
    return {name: getattr(conversion, name) for name in conversion.__dataclass_fields__}


def test_uncompared_is_not_written_unless_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_conversion(monkeypatch, Conversion(**{**_fields(DONE), "checks": ()}))
    with pytest.raises(TooFarError):
        convert(request(tmp_path))
    convert(request(tmp_path, skip_check=True))


def test_a_folder_with_other_files_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_conversion(monkeypatch)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").write_text("years")
    with pytest.raises(ScaffoldError) as caught:
        convert(request(tmp_path))
    assert caught.value.code == "WGT103" and (tmp_path / "out/thesis.txt").read_text() == "years"


@pytest.mark.parametrize(
    "check",
    [
        Check(tf_class="T", inputs="random", error="no"),
        Check(tf_class="T", inputs="random", outputs=1e-7, absent=("logits",)),
        Check(tf_class="T", inputs="random"),
        Check(tf_class="T", inputs="random", outputs=float("inf")),
        Check(tf_class="T", inputs="random", outputs=1e-7, hidden_states=2e-5),
    ],
)
def test_what_is_not_within_the_limit(check: Check) -> None:
    assert not check.within(1e-5) and GOOD.within(1e-5)


def test_a_partial_comparison_is_told() -> None:
    part = Check(tf_class="T", inputs="random", outputs=1e-7, depth={"num_hidden_layers": 4})
    assert "num_hidden_layers=4" in to_markdown(Conversion(**{**_fields(DONE), "checks": (part,)}), 1e-5)


@pytest.mark.parametrize(("text", "bytes_"), [("10GB", 10**10), ("1.5 KiB", 1536), ("7", 7)])
def test_sizes(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "3 parsecs", "0"])
def test_no_sizes(text: str) -> None:
    import argparse

    with pytest.raises(argparse.ArgumentTypeError):
        size(text)


@pytest.mark.parametrize("text", ["0", "nan", "inf", "-1", "much"])
def test_no_limits(text: str) -> None:
    import argparse

    with pytest.raises(argparse.ArgumentTypeError):
        limit(text)


@pytest.mark.parametrize(
    ("name", "is_one"), [("a/b", True), ("gpt2", True), ("../x", False), ("a/b/c", False), ("", False)]
)
def test_names_of_repositories(name: str, is_one: bool) -> None:
    assert is_repository(name) is is_one


@pytest.mark.parametrize(
    "argv", ["", "a/b/c", ". --push", "a/b --push --yes --no-check", "a/b --push", "a/b --max-error 0"]
)
def test_bad_calls(argv: str, tmp_path: Path) -> None:
    assert main(["convert-weights", *argv.split(), "--repo", str(miniature(tmp_path))]) == 2


def test_shards_are_cut_in_order() -> None:
    rows = [Variable(f"v{n}", (n,), "float32", "", None) for n in (1, 2, 9, 1)]
    assert [[v.name for v in cut] for cut in shards([("a", rows[:2]), ("b", rows[2:])], 12)] == [
        ["v1", "v2"],
        ["v9"],
        ["v1"],
    ]


def test_comparison_keeps_the_worst() -> None:
    theirs = {"logits": np.array([1.0, 100.0]), "hidden_states/0": np.ones(2), "past_key_values/0/0": np.ones(1)}
    ours = {"logits": np.array([1.0, 100.01]), "hidden_states/0": np.array([1.0, np.nan])}
    result = compare(ours, theirs)
    assert result["outputs"] == pytest.approx(1e-4) and result["hidden_states"] > 1e30
    assert (result["worst"], result["absent"], result["compared"]) == ("hidden_states/0", [], 2)
    assert compare({"logits": np.ones(3)}, {**theirs, "x": np.ones(3)} | {"logits": np.ones(3)})["absent"] == [
        "hidden_states/0",
        "x",
    ]


class Config:
    num_hidden_layers = 32
    hidden_size = 4


def test_a_model_that_does_not_fit_is_compared_in_part() -> None:
    gib = 1 << 30
    config = Config()
    assert shortened(config, size=28 * gib, memory=15 * gib) == {"num_hidden_layers": 6}
    assert config.num_hidden_layers == 6
    assert shortened(object(), size=28 * gib, memory=15 * gib) is None


def test_a_checkpoint_with_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="neither"):
        Checkpoint(tmp_path)
    index = {"weight_map": {"a": "model-1.safetensors", "b": "../../etc/passwd"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ConversionError, match="model-1.safetensors"):
        Checkpoint(tmp_path)


def make_checkpoints(folder: Path) -> None:
    """Two small checkpoints of the installed library: BERT in shards, T5 in one `.bin`, with random weights."""
    import subprocess

    code = (
        "import transformers as t\n"
        "sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, vocab_size=120)\n"
        "t.BertForMaskedLM(t.BertConfig(**sizes)).save_pretrained('bert', max_shard_size='30KB')\n"
        "t5 = t.T5Config(d_model=32, d_ff=48, num_layers=2, num_heads=4, d_kv=8, vocab_size=120)\n"
        "t.T5ForConditionalGeneration(t5).save_pretrained('t5', safe_serialization=False)\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=folder, check=True, capture_output=True)


def run(argv: Sequence[str], capsys: pytest.CaptureFixture[str]) -> Any:
    assert main(["convert-weights", *argv, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


@pytest.mark.e2e
def test_conversions(tmp_path: Path, capsys: pytest.CaptureFixture[str], sdist: Path) -> None:
    make_checkpoints(tmp_path)
    repo = ["--repo", str(sdist)]
    bert = run([str(tmp_path / "bert"), *repo, "--into", str(tmp_path / "a"), "--max-shard-size", "60KB"], capsys)
    assert "tf_model.h5.index.json" in bert["files"] and len(bert["files"]) > 2
    t5 = run([str(tmp_path / "t5"), *repo, "--into", str(tmp_path / "b")], capsys)
    assert t5["files"] == ["tf_model.h5"]
    for document in (bert, t5):
        assert document["checks"] and all(check["outputs"] < 1e-5 for check in document["checks"])
        assert any(check["hidden_states"] is not None for check in document["checks"])
