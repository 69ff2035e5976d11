"""A switch to another kind of layer inside a call lasts for that call, one that a user makes for all."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import method_text, port

MODEL = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.kind = config.kind
        self.dense = nn.Linear(2, 2)

    def set_kind(self, value: str):
        if value not in ["sparse", "full"]:
            raise ValueError(value)
        # already set
        if value == self.kind:
            return
        self.kind = value

    def forward(self, states: torch.Tensor):
        if self.kind == "sparse" and states.shape[1] < 9:
            self.set_kind("full")
        return self.dense(states)
"""


def test_a_switch_in_a_call_lasts_for_that_call(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL, exported=("QuokkaModel",)).text
    made = method_text(text, "TFQuokkaMainLayer", "__init__")
    assert "self.initial_kind = self.kind" in made
    call = " ".join(method_text(text, "TFQuokkaMainLayer", "call").split())
    assert "lasting_kind = self.initial_kind self.set_kind(lasting_kind) if bool(" in call
    assert 'self.set_kind("full") self.initial_kind = lasting_kind return' in call


def test_what_a_user_sets_lasts(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL, exported=("QuokkaModel",)).text
    method = " ".join(method_text(text, "TFQuokkaMainLayer", "set_kind").split())
    assert "# already set self.initial_kind = value if value == self.kind: return self.kind = value" in method
