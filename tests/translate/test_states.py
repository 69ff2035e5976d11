"""States that layers keep themselves: a port gives every call the whole sequence."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, port

RECURRENT = """
class QuokkaScan(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(4, 4)

    def forward(self, x, use_cache: bool = True):
        if use_cache and hasattr(self, "state"):
            x = self._update_cache(x)
        return self.dense(x)

    def _setup_cache(self, batch):
        self.state = torch.zeros(batch, 4)

    def _update_cache(self, x):
        self.state = self.state + x
        return self.state


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.scan = QuokkaScan(config)

    def forward(self, input_ids: torch.Tensor = None, use_cache=None):
        if use_cache:
            self._setup_cache(input_ids.shape[0])
        return self.scan(input_ids, use_cache=use_cache)

    def _setup_cache(self, batch):
        self.scan._setup_cache(batch)


class QuokkaForCausalLM(QuokkaPreTrainedModel, GenerationMixin):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)

    def forward(self, input_ids: torch.Tensor = None, attention_mask=None, use_cache=None):
        return self.quokka(input_ids, use_cache=use_cache)
"""


def test_states_on_layers_are_left_out(tmp_path: Path) -> None:
    text = port(tmp_path, RECURRENT, exported=("QuokkaModel", "QuokkaForCausalLM")).text
    assert "_setup_cache" not in text and "_update_cache" not in text
    head = class_text(text, "TFQuokkaForCausalLM")
    assert 'return {"input_ids": input_ids, "attention_mask": attention_mask}' in head


MASKED_WITH_STATES = """
class QuokkaCache:
    def __init__(self):
        self.states = {}


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor = None, cache: Optional[QuokkaCache] = None, attention_mask=None):
        if cache is not None:
            if cache.offset > 0:
                if attention_mask is not None:
                    x = x - attention_mask
            else:
                cache.states[0] = x
                x = self.dense(x)
                if attention_mask is not None and attention_mask.shape[1] > 1:
                    x = x * attention_mask[:, :, None]
        else:
            x = self.dense(x)
        return x
"""


def test_a_mask_of_the_branch_with_states_is_kept(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, MASKED_WITH_STATES, exported=("QuokkaModel",)).text, "TFQuokkaMainLayer")
    assert text.count("x = self.dense(x)") == 1
    assert text.count("if attention_mask is not None") == 1 and "x - attention_mask" not in text and "states" in text
    assert text.index("self.dense(x)") < text.index("if attention_mask is not None")


WINDOW = """
class QuokkaAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(4, 4)

    def forward(self, k, v, use_cache: bool = True):
        if use_cache:
            k, v = self._update_cache(k, v)
        return self.dense(k) + v

    def _update_cache(self, k, v):
        return k, v


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.attention = QuokkaAttention(config)

    def forward(self, x: torch.Tensor = None, use_cache=None):
        self._setup_cache(x.shape[0])
        return self.attention(x, x, use_cache=use_cache)

    def _setup_cache(self, batch):
        self.attention.batch = batch
"""


def test_a_window_of_keys_is_marked(tmp_path: Path) -> None:
    found = port(tmp_path, WINDOW, exported=("QuokkaModel",))
    assert [d.code for d in found.markers] == ["TFP122"] and found.withheld
    assert not port(tmp_path / "other", RECURRENT, exported=("QuokkaModel",)).markers
