"""Outputs that the library records by hooks are collected by the modules themselves, and are what the hooks would take."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from scaffold.core import longhand
from scaffold.core.longhand.splice import Source

ENCODER = """import torch
from torch import nn


class LynxAttention(nn.Module):
    def forward(self, x):
        return x, x.softmax(-1)


class LynxBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = LynxAttention()

    def forward(self, x):
        y = self.attention(x)[0]
        return x + y


class LynxEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.blocks = nn.ModuleList([LynxBlock(config) for _ in range(2)])

    def forward(self, x):
        for i, block in enumerate(self.blocks):
            x = block(x)
        return Output(last_hidden_state=x)


class LynxTower(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.encoder = LynxEncoder(config)
        self.norm = nn.LayerNorm(4)

    def forward(self, x):
        outputs: Output = self.encoder(x)
        return Output(last_hidden_state=self.norm(outputs.last_hidden_state))


class LynxDecoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.first = LynxBlock(config)
        self.blocks = nn.ModuleList([LynxBlock(config)])

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return Other(logits=x)


class LynxVisionModel(LynxPreTrainedModel):
    _can_record_outputs = {"hidden_states": LynxBlock, "attentions": LynxAttention}

    def __init__(self, config):
        super().__init__(config)
        self.tower = LynxTower(config)

    @check_model_inputs()
    def forward(self, x, **kwargs):
        return self.tower(x)


class LynxForPreTraining(LynxPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.tower = LynxVisionModel(config)
        self.decoder = LynxDecoder(config)

    @can_return_tuple
    def forward(self, x, **kwargs):
        outputs = self.tower(x, **kwargs)
        return self.decoder(outputs[0])
"""

#: What runs the modules of a text without the library: outputs as records, a model that is asked for everything.
RUN = """
from types import SimpleNamespace
from torch import nn
class Output(dict):
    __getattr__ = dict.get
    def __getitem__(self, key): return list(self.values())[key]
Other = Output
def can_return_tuple(f): return f
class LynxPreTrainedModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
"""


def of(text: str, name: str) -> str:
    node = next(n for n in ast.parse(text).body if getattr(n, "name", "") == name)
    return ast.unparse(node)


def recorded(text: str) -> str:
    source = Source("modeling_lynx.py", text)
    for rule in longhand.rules(None)[2:4]:
        source = rule(source)
    return source.text


@pytest.fixture(scope="module")
def encoder() -> str:
    return recorded(ENCODER)


def test_the_module_with_the_loop_collects_and_those_around_it_hand_on(encoder: str) -> None:
    assert "y, attn_weights = self.attention(x)" in of(encoder, "LynxBlock")
    assert "attentions=all_self_attentions" in of(encoder, "LynxEncoder")
    tower = of(encoder, "LynxTower")
    assert "self.encoder(x, output_attentions=output_attentions, output_hidden_states=output_hidden_states)" in tower
    assert "all_hidden_states[:-1] + (self.norm(outputs.last_hidden_state),)" in tower, "the last is the one returned"
    model = of(encoder, "LynxVisionModel")
    assert "output_attentions = output_attentions if output_attentions is not None else self.config" in model
    assert "return self.tower(x, output_attentions=output_attentions" in model
    decoder = of(encoder, "LynxDecoder")
    assert decoder.count("[0]") == 2, "who collects nothing takes the result alone"
    assert "self.tower(x, output_attentions=output_attentions" in of(encoder, "LynxForPreTraining")


def test_what_is_written_out_computes_what_the_hooks_would_take(encoder: str) -> None:
    torch = pytest.importorskip("torch")
    scope: dict[str, Any] = {}
    exec(RUN + encoder, scope)  # the text is this test's own
    asked = {"output_attentions": True, "output_hidden_states": True}
    config = SimpleNamespace(output_attentions=False, output_hidden_states=False)
    model = scope["LynxVisionModel"](config).eval()
    x = torch.arange(8.0).reshape(2, 4)
    states = [x]
    for _ in range(2):
        states.append(states[-1] * 2)
    states[-1] = model.tower.norm(states[-1])
    outputs = model(x, **asked)
    assert len(outputs.hidden_states) == 3 and len(outputs.attentions) == 2
    assert all(torch.equal(a, b) for a, b in zip(outputs.hidden_states, states, strict=True))
    assert torch.equal(outputs.attentions[1], (x * 2).softmax(-1))
    assert model(x).hidden_states is None and model(x).attentions is None
    whole = scope["LynxForPreTraining"](config).eval()
    assert torch.equal(whole(x).logits, whole.tower(x).last_hidden_state * 4)


def test_an_output_that_gets_lost_on_its_way_is_unclear() -> None:
    with pytest.raises(longhand.Unclear, match="LynxTower"):
        recorded(ENCODER.replace("        return Output(last_hidden_state=self.norm(", "        return (self.norm("))
    two = "self.second = LynxEncoder(config)\n        self.norm = nn.Linear(4, 4)"
    with pytest.raises(longhand.Unclear, match="LynxTower"):
        recorded(
            ENCODER.replace("self.norm = nn.LayerNorm(4)", two).replace(
                "= self.encoder(x)", "= self.second(self.encoder(x)[0])"
            )
        )


ROUTED = """import torch
from torch import nn


class LynxMoe(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
        self.gate = nn.Linear(4, 3)

    def forward(self, x):
        logits = self.gate(x)
        chosen = logits.argmax(-1)
        mask = nn.functional.one_hot(chosen, 3)[:, None].permute(2, 1, 0)
        y = torch.zeros_like(x)
        hit = torch.greater(mask.sum(dim=(-1, -2)), 0).nonzero()
        for expert_idx in hit:
            expert = self.experts[expert_idx]
            _, rows = torch.where(mask[expert_idx].squeeze(0))
            y.index_add_(0, rows, expert(x[rows]))
        return y, logits


class LynxAttention(nn.Module):
    def forward(self, x):
        return x, x.softmax(-1)


class LynxLayer(nn.Module):
    def __init__(self, config, i):
        super().__init__()
        self.attention = LynxAttention()
        self.mlp = LynxMoe(config) if i else nn.Linear(4, 4)

    def forward(self, x):
        x, _ = self.attention(x)
        x = self.mlp(x)
        if isinstance(x, tuple):
            x, _ = x
        return x


class LynxModel(LynxPreTrainedModel):
    _can_record_outputs = {"router_logits": OutputRecorder(LynxMoe, index=1), "attentions": LynxAttention}

    def __init__(self, config):
        super().__init__(config)
        self.layers = nn.ModuleList([LynxLayer(config, i) for i in range(3)])

    @check_model_inputs
    def forward(self, x, **kwargs):
        for layer in self.layers:
            x = layer(x)
        return Output(last_hidden_state=x)
"""


def test_router_logits_are_collected_where_there_are_routers() -> None:
    torch = pytest.importorskip("torch")
    text = recorded(ROUTED)
    scope: dict[str, Any] = {}
    exec(RUN + text, scope)  # the text is this test's own
    config = SimpleNamespace(output_attentions=False, output_router_logits=False)
    model = scope["LynxModel"](config).eval()
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    outputs = model(x, output_router_logits=True, output_attentions=True)
    assert len(outputs.router_logits) == 2 and len(outputs.attentions) == 3
    inside = model.layers[0].mlp(x)
    assert torch.equal(outputs.router_logits[0], model.layers[1].mlp.gate(inside))
    chosen = outputs.router_logits[0].argmax(-1)
    rows = torch.stack([model.layers[1].mlp.experts[int(e)](row) for e, row in zip(chosen, inside, strict=True)])
    torch.testing.assert_close(model.layers[1].mlp(inside)[0], rows)
    assert model(x).router_logits is None


def test_experts_are_gone_through_in_order() -> None:
    moe = of(recorded(ROUTED), "LynxMoe")
    assert "for expert_idx in range(len(self.experts)):" in moe and "nonzero" not in moe
    assert "torch.where(mask[expert_idx])" in moe
    other = ROUTED.replace("expert(x[rows])", "expert(x[rows]) * expert_idx")
    assert "for expert_idx in hit:" in of(recorded(other), "LynxMoe"), "the number itself is used"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("index=1)", "index=0)"),
        ("            x, _ = x\n", "            x = x[0]\n"),
    ],
)
def test_router_logits_that_get_lost_are_unclear(old: str, new: str) -> None:
    with pytest.raises(longhand.Unclear, match="router|Lynx"):
        recorded(ROUTED.replace(old, new))


def test_a_module_that_inherits_its_forward_is_unclear() -> None:
    inherited = "class LynxEncoder(LynxTower):\n    def __init__(self, config):\n        super().__init__(config)\n"
    start, end = ENCODER.index("class LynxEncoder"), ENCODER.index("class LynxTower")
    text = ENCODER[:start] + inherited + "        self.block = LynxBlock(config)\n\n\n" + ENCODER[end:]
    with pytest.raises(longhand.Unclear, match="LynxEncoder"):
        recorded(text)
