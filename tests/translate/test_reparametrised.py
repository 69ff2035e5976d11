"""Weight normalisation in constructors, and what never runs in a port."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translate.checkouts import class_text, method_text, port

NORMALISED = """
class QuokkaPositions(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.conv = nn.Conv1d(config.hidden_size, config.hidden_size, kernel_size=4, padding=2, groups=2)
        weight_norm = nn.utils.weight_norm
        if hasattr(nn.utils.parametrizations, "weight_norm"):
            weight_norm = nn.utils.parametrizations.weight_norm
        {statement}

    def forward(self, hidden_states):
        return self.conv(hidden_states.transpose(1, 2)).transpose(1, 2)
"""


@pytest.mark.parametrize(
    ("statement", "axis"),
    [
        ('self.conv = weight_norm(self.conv, name="weight", dim=2)', "2"),
        ("weight_norm(self.conv)", "0"),
        (
            "if config.hidden_size > 4:\n            self.conv = weight_norm(self.conv)",
            "0 if config.hidden_size > 4 else None",
        ),
    ],
)
def test_a_normalised_convolution_is_an_emitted_layer(tmp_path: Path, statement: str, axis: str) -> None:
    text = port(tmp_path, NORMALISED.replace("{statement}", statement)).text
    written = method_text(text, "TFQuokkaPositions", "__init__")
    flat = " ".join(written.replace("(\n", "(").split())
    assert "TFQuokkaWeightNormConv1D(" in flat and f"weight_norm={axis}," in flat
    assert "weight_norm(" not in flat.replace("TFQuokkaWeightNorm", "") and "utils" not in flat
    assert "class TFQuokkaWeightNormConv1D(TFQuokkaWeightNorm, TFQuokkaConv1D):" in text


KERNELS = """
if is_mamba_ssm_available():
    from mamba_ssm import fast_scan
else:
    fast_scan = None

is_fast_path_available = all((fast_scan, fast_scan))


class QuokkaScan(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def fast_forward(self, hidden_states):
        return fast_scan(hidden_states)

    def slow_forward(self, hidden_states):
        if self.use_library:
            hidden_states = fast_scan(hidden_states)
        return self.dense(hidden_states)

    def forward(self, hidden_states):
        if is_fast_path_available and "cuda" in self.dense.weight.device.type:
            return self.fast_forward(hidden_states)
        return self.slow_forward(hidden_states)
"""


def test_optional_kernels_are_left_out(tmp_path: Path) -> None:
    result = port(tmp_path, KERNELS)
    text = class_text(result.text, "TFQuokkaScan")
    assert "fast" not in text and "use_library" not in text
    assert "return self.slow_forward(hidden_states)" in text
    assert "fast_scan" not in result.text and "is_fast_path_available" not in result.text


LEAVES = """
class QuokkaGate(nn.Module):
    def forward(self, hidden_states, past_state: Optional[QuokkaCache] = None):
        if past_state is not None:
            hidden_states = hidden_states + past_state.states
        if past_state is None:
            return hidden_states
        return past_state.states


class QuokkaCache:
    def __init__(self, config):
        self.states = {}
"""


def test_a_cache_of_states_is_left_out(tmp_path: Path) -> None:
    text = port(tmp_path, LEAVES).text
    assert "QuokkaCache" not in text
    assert ".states" not in class_text(text, "TFQuokkaGate")


def test_a_local_that_is_normalised_into_an_attribute_has_its_name(tmp_path: Path) -> None:
    statement = "cond = nn.Conv1d(4, 4, 1)\n        self.cond = weight_norm(cond)"
    text = method_text(
        port(tmp_path, NORMALISED.replace("{statement}", statement)).text, "TFQuokkaPositions", "__init__"
    )
    assert 'name="cond"' in text and 'name=""' not in text
