"""Parts without a TensorFlow class are exchanged for the nearest that have one, in a process that has the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.core.child import WORKERS

pytest.importorskip("torch")

MODEL = """
class QuokkaForCausalLM:
    def __init__(self, config):
        self.language_model = AutoModelForCausalLM.from_config(config.text_config)
        self.tower = AutoModel.from_config(config=config.vision_config)
        print(config.text_config.extra)
"""
SCRIPT = """import sys, types
sys.path.insert(0, sys.argv[1])
import transformers
import transformers.models.auto.modeling_auto as auto
import pt_parts

pt_parts.tensorflow_classes = lambda: frozenset({"TFMistralForCausalLM", "TFGPT2LMHeadModel", "TFCLIPVisionModel"})
module = types.SimpleNamespace(__file__=sys.argv[2])
sys.modules["quokka"] = module
cls = type("QuokkaForCausalLM", (), {"__module__": "quokka"})
config = transformers.PretrainedConfig()
config.text_config = transformers.LlamaConfig(hidden_size=48, vocab_size=77, num_hidden_layers=3, tie_word_embeddings=True)
config.text_config.extra = 5
config.vision_config = transformers.CLIPVisionConfig(hidden_size=16)
print(pt_parts.exchange(config, cls), pt_parts.made(cls))
text = config.text_config
print(text.model_type, text.hidden_size, text.vocab_size, text.num_hidden_layers, text.tie_word_embeddings, text.extra)
print(config.vision_config.model_type)
"""


def test_a_part_keeps_its_sizes_and_what_the_composite_reads(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    (tmp_path / "modeling_quokka.py").write_text(MODEL)
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(WORKERS), str(tmp_path / "modeling_quokka.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first.startswith(
        "{'text_config': 'mistral'} {'text_config': ['AutoModelForCausalLM'], 'vision_config': ['AutoModel']}"
    )
    assert second == "mistral 48 77 3 False 5"
    assert third == "clip_vision_model"
