"""Reading a hand-written port back."""

from __future__ import annotations

from pathlib import Path

from scaffold.locate import locate
from scaffold.ported import port_of
from tests.layouts import miniature


def test_exported_classes_and_models(tmp_path: Path) -> None:
    port = port_of(locate(miniature(tmp_path), "elder", ported_ok=True))
    assert port.public == ("TFElderPreTrainedModel", "TFElderForMaskedLM", "TFElderModel")
    assert port.models == ("TFElderForMaskedLM", "TFElderModel")
    assert port.pt_name("TFElderModel") == "ElderModel"
