"""The two commands from outside: what is refused, and what a run prints and returns."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scaffold.cli.main import main
from scaffold.core.errors import ExitCode
from tests.verify.test_e2e import Changes, recorded, spoil, src  # noqa: F401

WRONG: Changes = {"TFBertSelfOutput": (("hidden_states + input_tensor", "hidden_states"),)}


@pytest.mark.parametrize("command", ["compare", "reduce"])
def test_a_model_must_be_given(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--repo", str(tmp_path), "--json"]) == ExitCode.USAGE
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "CLI102"


def test_a_checkpoint_must_exist() -> None:
    from scaffold.compare.checkpoint import folder_of
    from scaffold.core.errors import ScaffoldError

    with pytest.raises(ScaffoldError, match="no such folder") as refusal:
        folder_of("/nowhere/at/all")
    assert refusal.value.code == "CMP101" and refusal.value.exit_code == ExitCode.USAGE


def test_a_folder_without_configuration_is_no_checkpoint(tmp_path: Path) -> None:
    from scaffold.compare.checkpoint import folder_of
    from scaffold.core.errors import ScaffoldError

    with pytest.raises(ScaffoldError, match=r"no config\.json"):
        folder_of(str(tmp_path))


@pytest.mark.e2e
def test_a_reduced_script_runs_alone(src: Path, recorded: Path, tmp_path: Path) -> None:  # noqa: F811
    """The script differs in the spoilt tree, names one layer, and agrees in the sound one."""
    from scaffold.compare import reduce
    from scaffold.core.checkout import Located
    from scaffold.core.child import run_worker
    from scaffold.core.layout import Layout
    from scaffold.core.names import ModelNames

    tree = spoil(src, tmp_path / "tree", WRONG)
    names = ModelNames(folder="bert", stem="bert", model_type="bert", camel="Bert", title="BERT")
    located = Located(
        root=tmp_path, names=names, layout=Layout(), config_class="BertConfig", config_module="configuration_bert"
    )
    found = reduce(located, {"TFBertModel": "BertModel"}, src=tree, python=sys.executable, cases=recorded)
    assert found.path == "encoder.layer.0.attention.output"
    assert found.script is not None and found.difference is not None and found.difference > 1e-5
    assert "num_hidden_layers=1" in found.script and "size=(1, 1, 32)" in found.script
    assert len(found.script.splitlines()) < 70
    script = tmp_path / "reduced.py"
    script.write_text(found.script)
    spoilt = run_worker(script, [], python=sys.executable, src=tree, timeout=300)
    sound = run_worker(script, [], python=sys.executable, src=src, timeout=300)
    assert (spoilt.returncode, sound.returncode) == (1, 0), (spoilt.stderr[-500:], sound.stderr[-500:])
    assert "largest difference" in spoilt.stdout
