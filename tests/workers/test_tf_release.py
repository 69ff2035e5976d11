"""Whose failure it is when weights are not loaded without `from_pt=True`: asked of a stand-in for the library, in a child."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scaffold.core.child import WORKERS, run_worker

#: The library's loader as it is in 4.57 (`broken`) and before, and a port that uses it or fails on its own.
LIBRARY = """
class BertConfig:
    def __init__(self, **sizes): pass

class BertModel:
    def __init__(self, config): pass
    def save_pretrained(self, folder, safe_serialization): assert safe_serialization

class Archive:
    def keys(self): return ["weight"]

def no_file(folder):
    raise OSError(f"no file named tf_model.h5 in {{folder}}")

def load_weights(archive, folder):
    return [key for key in ({loop})], {{}}

class TFBertModel:
    @classmethod
    def from_pretrained(cls, folder, output_loading_info):
        return load_weights(Archive(), folder)
"""
PORT = """
from modeling_tf_pytorch_utils import Archive, TFBertModel, load_weights

class TFPort(TFBertModel):
    pass

class TFOther:
    @classmethod
    def from_pretrained(cls, folder, output_loading_info):
        raise TypeError("'Archive' object is not iterable")
"""
SCRIPT = """
import json, sys
sys.path[:0] = [{workers!r}, {here!r}]
import modeling_tf_pytorch_utils, modeling_tf_port
sys.modules["transformers"] = modeling_tf_pytorch_utils
from pathlib import Path
from tf_model import load
from tf_release import same_for_all
answers = []
for name in ("TFPort", "TFOther"):
    try:
        load(getattr(modeling_tf_port, name), Path({here!r}))
        answers.append("loaded")
    except Exception as error:
        answers.append(same_for_all(error, Path({here!r})))
print(json.dumps(answers))
"""


@pytest.mark.parametrize(
    ("loop", "fails"),
    [
        ("archive", "TypeError: 'Archive' object"),
        (
            "no_file(folder)",
            "OSError: no file named tf_model.h5 in its folder",
        ),  # 4.22, and each model has another folder
        ("archive.keys()", ""),
    ],
)
def test_the_release_is_blamed_for_its_own_error_alone(tmp_path: Path, loop: str, fails: str) -> None:
    (tmp_path / "modeling_tf_pytorch_utils.py").write_text(LIBRARY.format(loop=loop), encoding="utf-8")
    (tmp_path / "modeling_tf_port.py").write_text(PORT, encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(workers=str(WORKERS), here=str(tmp_path)), encoding="utf-8")
    run = run_worker(script, [], python=sys.executable, src=None, timeout=60, cwd=tmp_path)
    assert run.ok, run.last_error()
    port, other = json.loads(run.stdout)
    if not fails:
        assert (port, other) == ("loaded", "")
    else:
        assert port.startswith(f"this release cannot: its own TFBertModel fails with the same {fails}")
        assert other == ""
