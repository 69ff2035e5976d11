"""The verdict on hand-written ports of an installed release, read from its files without importing it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from scaffold.checklist import checklist
from scaffold.core.checkout import Located
from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames
from scaffold.core.reports import CheckResult, Status


def _release(tmp_path: Path) -> Path:
    """A clone-shaped folder whose src/transformers is the installed package."""
    spec = find_spec("transformers")
    if spec is None or spec.origin is None:
        pytest.skip("transformers is not installed")
    package = Path(spec.origin).parent
    if not (package / "models/mistral/modeling_tf_mistral.py").is_file():
        pytest.skip("the installed transformers has no TensorFlow models")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/transformers").symlink_to(package)
    return tmp_path


def _judge(root: Path, model: str, camel: str) -> dict[str, CheckResult]:
    names = ModelNames(folder=model, stem=model, model_type=model, camel=camel, title=camel)
    located = Located(
        root=root,
        names=names,
        layout=Layout(),
        config_class=f"{camel}Config",
        config_module=f"configuration_{model}",
    )
    return {result.code: result for result in checklist(located)}


@pytest.mark.parametrize(
    ("model", "camel", "failures"),
    [("bert", "Bert", set()), ("vit", "ViT", set()), ("gpt2", "GPT2", set()), ("mistral", "Mistral", {"CHK101"})],
)
def test_hand_written_ports(model: str, camel: str, failures: set[str], tmp_path: Path) -> None:
    """Mistral's models take no `training`, which the guide asks for; the others meet what can be read from the text."""
    results = _judge(_release(tmp_path), model, camel)
    found = {code for code, result in results.items() if result.status is Status.FAIL}
    assert found == failures, [results[code] for code in found]
    assert results["CHK103"].status is Status.PASS
    assert results["CHK105"].status is Status.SKIP  # nothing was verified
    assert results["CHK130"].status in (Status.PASS, Status.SKIP)


def test_a_model_without_tensorflow_fails_on_the_file_alone(tmp_path: Path) -> None:
    results = _judge(_release(tmp_path), "roc_bert", "RoCBert")
    assert {code for code, result in results.items() if result.status is Status.FAIL} == {"CHK110"}
