"""Interpolations are told apart with both frameworks at hand, so in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKERS = Path(__file__).parents[2] / "scaffold" / "workers"
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np, tensorflow as tf, torch
from compare_finding import Context
from compare_resize import resize
image = np.random.default_rng(0).normal(size=(1, 6, 6, 4)).astype("f")
first = torch.tensor(image.transpose(0, 3, 1, 2).copy())
found = {}
for theirs, ours in (("bicubic", "bicubic"), ("bilinear", "nearest"), ("bilinear", "bilinear")):
    pt = torch.nn.functional.interpolate(first, size=(9, 11), mode=theirs, align_corners=False).numpy()
    tf_ = tf.image.resize(image, (9, 11), method=ours).numpy()
    results = list(resize(pt.transpose(0, 2, 3, 1), tf_, Context([("image", image)])))
    found[f"{theirs} {ours}"] = [[r.explained, r.detail] for r in results]
print(json.dumps(found))
"""


@pytest.mark.e2e
def test_interpolations_are_recognised() -> None:
    if any(importlib.util.find_spec(name) is None for name in ("torch", "tensorflow")):
        pytest.skip("both frameworks are needed")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(WORKERS)], capture_output=True, text=True, check=True, env=environment
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["bilinear bilinear"]
    assert found["bicubic bicubic"][0][0] > 0.98 and "its own bicubic" in found["bicubic bicubic"][0][1]
    assert "with its nearest" in found["bilinear nearest"][0][1]
