"""A joined file is compared with the file itself, in a process that has torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.core.child import WORKERS

pytest.importorskip("torch")

MODEL = """import torch


class QuokkaModel(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.dense = torch.nn.Linear(2, 2)

    def forward(self, x):
        return {"y": self.dense(x) * FACTOR}
"""
SCRIPT = """import importlib.util, sys, types
import torch
sys.path.insert(0, sys.argv[1])
import pt_joined

def module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made

joined = module("joined", sys.argv[2])
alone = pt_joined.load_alone(types.SimpleNamespace(__name__="quokka", __file__=sys.argv[3]))
torch.manual_seed(0)
model = joined.QuokkaModel(types.SimpleNamespace(size=2))
print(pt_joined.difference(alone, model, {"x": torch.ones(1, 2)}, 0) or "the same")
"""


def compared(tmp_path: Path, joined: str, own: str) -> str:
    files = {"script.py": SCRIPT, "joined.py": joined, "own.py": own}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "script.py", str(WORKERS), "joined.py", "own.py"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


def test_what_is_the_same_and_what_is_not(tmp_path: Path) -> None:
    own = MODEL.replace("FACTOR", "1")
    assert compared(tmp_path, own, own) == "the same"
    assert "out/y differs by" in compared(tmp_path, MODEL.replace("FACTOR", "2"), own)
    assert "other weights" in compared(tmp_path, own.replace("self.dense", "self.other"), own)
