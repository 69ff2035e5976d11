"""The parts of the probe that need PyTorch, in a child process as they really run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from scaffold.core.child import WORKERS, run_worker

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
]

PREAMBLE = """
import time
import torch
from torch import nn
from transformers.utils import ModelOutput
from transformers import PretrainedConfig

class Config(PretrainedConfig):
    model_type = "toy"
    def __init__(self, hidden_size=8, num_labels=3, pad_token_id=0, vocab_size=20, **kwargs):
        super().__init__(num_labels=num_labels, pad_token_id=pad_token_id, **kwargs)
        self.hidden_size, self.vocab_size = hidden_size, vocab_size

class Toy(nn.Module):
    main_input_name = "input_ids"
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.emb = nn.Embedding(config.vocab_size, 8, padding_idx=0)
        self.norm = nn.LayerNorm(8)
        self.batch = nn.BatchNorm1d(8)
        self.scale = nn.Parameter(torch.ones(8))
        self.fixed = nn.Parameter(torch.arange(4.0), requires_grad=False)
        self.classifier = nn.Linear(8, config.num_labels)
        self.decoder = nn.Linear(8, config.vocab_size)
        self.tie_weights()
    def tie_weights(self):
        self.decoder.weight = self.emb.weight
    def forward(self, input_ids, attention_mask=None, labels=None, return_dict=None):
        hidden = self.norm(self.emb(input_ids)) * self.scale
        hidden = self.batch(hidden.transpose(1, 2)).transpose(1, 2)
        logits = self.classifier(hidden.mean(1))
        loss = nn.functional.cross_entropy(logits, labels) if labels is not None else None
        self.config.problem_type = "changed"
        return ModelOutput(loss=loss, logits=logits) if loss is not None else ModelOutput(logits=logits)
"""


def check(folder: Path, body: str) -> None:
    """Run the body after the preamble; its assertions decide."""
    script = folder / "check.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(WORKERS)!r})\n{PREAMBLE}\n{body}", encoding="utf-8")
    result = run_worker(script, [], python=sys.executable, src=None, timeout=240)
    assert result.ok, result.stderr[-3000:]


def test_weights_hide_nothing(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
from pt_weights import describe_weights, randomise
torch.manual_seed(1)
model = Toy(Config())
randomise(model, 0)
assert model.decoder.weight is model.emb.weight
for name, p in model.named_parameters():
    if name != "fixed":
        assert p.unique().numel() == p.numel(), f"{name} is regular"
assert model.fixed.tolist() == [0, 1, 2, 3], "what is not trained was changed"
assert abs(model.norm.weight.mean() - 1) < 0.3 and abs(model.norm.bias).max() < 1
assert (model.batch.running_var > 0).all() and model.batch.running_var.std() > 0 and model.batch.running_mean.std() > 0
torch.manual_seed(1)
twin = Toy(Config())
randomise(twin, 0)
assert all(torch.equal(v, twin.state_dict()[k]) for k, v in model.state_dict().items()), "not repeatable"
class Codebook(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("entries", torch.zeros(4, 2))
        self.register_buffer("used", torch.ones(4))
        self.register_buffer("ready", torch.Tensor([True]))
        self.register_buffer("mask", torch.zeros(4), persistent=False)
book = Codebook()
randomise(book, 0)
assert book.entries.unique().numel() == 8 and book.used.unique().numel() == 4 and (book.used > 0).all()
assert book.ready == 1 and not book.mask.any(), "what a checkpoint does not hold, or what is a switch, was changed"
said = describe_weights(model)
assert said["tied"] == [["emb.weight", "decoder.weight"]]
assert said["parameters"]["classifier.weight"] == [3, 8] and "batch.running_mean" in said["buffers"]
assert said["modules"]["norm"] == "LayerNorm"
""",
    )


def test_calls_are_repeatable_and_leave_the_model_alone(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
import numpy as np
from pt_recipes import RECIPES
from pt_subject import Subject
from pt_weights import randomise
model = Toy(Config()).eval()
randomise(model, 0)
before = {k: v.clone() for k, v in model.state_dict().items()}
torch.manual_seed(0)
ids = torch.randint(1, 20, (4, 6))
subject = Subject(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, {}, deadline=time.process_time() + 100)
for recipe in RECIPES:
    recipe(subject)
cases = {case.name: case for case in subject.cases}
assert {"default", "minimal", "labels", "mask", "shorter"} <= set(cases), cases.keys()
assert "train" not in cases
assert all(torch.equal(before[k], v) for k, v in model.state_dict().items()), "training changed the weights"
assert model.config.problem_type is None, "a call changed the configuration"
labels = cases["labels"].arrays
assert labels["in/labels"].shape == (4,) and labels["in/labels"].max() < 3 and labels["out/loss"].shape == ()
assert cases["minimal"].inputs == ["input_ids"]
for case in cases.values():
    inputs = {k[3:]: torch.from_numpy(v) for k, v in case.arrays.items() if k.startswith("in/")}
    with torch.no_grad():
        again = model(**inputs)["logits"].numpy()
    assert np.array_equal(again, case.arrays.get("out/logits", case.arrays.get("out/1", again))), case.name
""",
    )


def test_a_sound_is_masked_though_the_tests_leave_its_mask_out(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
from pt_recipes import masks
from pt_subject import Subject
class Sound(Toy):
    main_input_name = "input_values"
    def forward(self, input_values, attention_mask=None):
        return {"logits": input_values if attention_mask is None else input_values * attention_mask}
sound = torch.ones(3, 200)
subject = Subject(Sound(Config()), {"input_values": sound}, {}, deadline=time.process_time() + 100)
masks(subject)
given = {case.name: case.arrays["in/attention_mask"].sum(axis=1).tolist() for case in subject.cases}
assert given == {"mask": [150, 200, 200], "mask_left": [200, 200, 150]}, given
""",
    )


def test_labels_that_cannot_be_aligned_are_cut(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
import pt_labels
from pt_subject import Subject
class Aligned(Toy):
    def forward(self, input_ids, labels=None, return_dict=None):
        logits = self.decoder(self.emb(input_ids))
        loss = None
        if labels is not None:
            logs, n = logits.log_softmax(-1).transpose(0, 1), torch.full((len(labels),), labels.shape[1])
            loss = nn.functional.ctc_loss(logs, labels.clamp(min=1), torch.full((len(labels),), logits.shape[1]), n)
        return ModelOutput(loss=loss, logits=logits) if loss is not None else ModelOutput(logits=logits)
torch.manual_seed(0)
inputs = {"input_ids": torch.randint(1, 20, (3, 16))}
long = torch.randint(0, 20, (3, 20))
subject = Subject(Aligned(Config()).eval(), inputs, {"labels": long}, deadline=time.process_time() + 100)
pt_labels.run(subject)
kept = [case for case in subject.cases if case.name == "labels"]
assert len(kept) == 1 and kept[0].arrays["in/labels"].shape == (3, 5), kept
assert abs(kept[0].arrays["out/loss"]) < 1e6 and 0 not in kept[0].arrays["in/labels"], "a blank among the labels"
""",
    )


def test_failures_are_noted_not_raised(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
from pt_subject import OutOfTime, Subject
model = Toy(Config()).eval()
ids = torch.randint(1, 20, (2, 3))
subject = Subject(model, {"input_ids": ids}, {}, deadline=time.process_time() + 100)
assert subject.run("bad", {"input_ids": ids + 100}) is None
assert "IndexError" in subject.dropped["bad"] and not subject.cases
with torch.no_grad():
    model.scale.fill_(float("nan"))
assert subject.run("nan", {"input_ids": ids}) is None
assert "not numbers" in subject.dropped["nan"]
subject.deadline = 0
try:
    subject.run("late", {"input_ids": ids})
    raise SystemExit("no OutOfTime")
except OutOfTime:
    pass
""",
    )


def test_weights_are_halved_where_pytorch_itself_rounds_too_much(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
from pt_conditioning import WANTED, condition, rounding
from pt_weights import randomise

class Scores(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
    def forward(self, states):
        scores = self.query(states) @ self.key(states).transpose(1, 2)
        return ModelOutput(scores=scores.masked_fill(scores > 3, torch.finfo(scores.dtype).min))

torch.manual_seed(0)
inputs = {"states": torch.randn(2, 9, 256)}
model = Scores(256)
randomise(model, 0)
before, weight = rounding(model, inputs), model.query.weight.clone()
assert before > WANTED
halved = condition(model, inputs)
assert halved and torch.equal(model.query.weight, weight / 2**halved)
assert rounding(model, inputs) < before / 2
assert model.query.weight.dtype == torch.float32 and torch.get_default_dtype() == torch.float32

class Named(Scores):
    def forward(self, states):
        scores = self.query(states.float()) @ self.key(states.to(torch.float32)).transpose(1, 2)
        return ModelOutput(scores=scores * torch.ones(1, dtype=torch.float32))

model = Named(256)
randomise(model, 0)
before = rounding(model, inputs)
assert before is not None and WANTED < before and condition(model, inputs) and rounding(model, inputs) < before

class Decides(Scores):
    def forward(self, states):
        return ModelOutput(scores=self.query(states) * torch.randn(2, 9, 256))

model = Decides(256)
randomise(model, 0)
kept = model.query.weight.clone()
assert condition(model, inputs) == 0 and torch.equal(model.query.weight, kept)

class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(256, 256), nn.LayerNorm(256), nn.Linear(256, 256, bias=False)
    def forward(self, states):
        return ModelOutput(scores=self.last(self.norm(self.first(states))) * self.last.weight.norm() ** -1 * 200)

model = Normed()
randomise(model, 0)
first, last = model.first.weight.clone(), model.last.weight.clone()
before = rounding(model, inputs)
assert before > WANTED
assert condition(model, inputs) and rounding(model, inputs) <= WANTED
assert torch.equal(model.first.weight, first) and torch.equal(model.last.weight, last)
assert 0.1 < float(model.norm.weight.detach().mean()) < 0.6
small = Toy(Config()).eval()
randomise(small, 0)
assert condition(small, {"input_ids": torch.randint(1, 20, (2, 3))}) == 0
""",
    )


def test_a_release_whose_own_loading_is_broken(tmp_path: Path) -> None:
    """4.51 without accelerate; a shared weight is in the file under one of its names."""
    check(
        tmp_path,
        """
from pathlib import Path
from safetensors.torch import save_file
from pt_loading import load_pt

class Broken(Toy):
    @classmethod
    def from_pretrained(cls, folder, config):
        return init_empty_weights()

here = Path(__file__).parent
saved = Toy(Config())
state = {name: tensor for name, tensor in saved.state_dict().items() if name != "decoder.weight"}
torch.save(state, here / "pytorch_model.bin")
for _ in range(2):
    loaded = load_pt(Broken, here, Config())
    assert not loaded.training and loaded.decoder.weight is loaded.emb.weight
    assert all(torch.equal(tensor, loaded.state_dict()[name]) for name, tensor in saved.state_dict().items())
    (here / "pytorch_model.bin").unlink(missing_ok=True)
    save_file(state, here / "model.safetensors")
del state["scale"]
save_file({**state, "other": torch.ones(1)}, here / "model.safetensors")
try:
    load_pt(Broken, here, Config())
except ValueError as error:
    assert "scale, other" in str(error), error
else:
    raise AssertionError("a weight kept its random value")
""",
    )
