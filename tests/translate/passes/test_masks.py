"""Masks that are documented as boolean."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import method_text, port

SCALER = '''
class QuokkaScaler(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(2, 2)

    def forward(self, data: torch.Tensor, observed: torch.Tensor):
        """
        Parameters:
            data (`torch.Tensor` of shape `(batch_size, sequence_length)`):
                Values.
            observed (`torch.BoolTensor` of shape `(batch_size, sequence_length)`):
                Which of them were observed.
        """
        count = observed.sum(1)
        return self.dense((data * observed).sum(1) / count)


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.scaler = QuokkaScaler(config)

    def forward(self, data: torch.Tensor, observed: torch.Tensor):
        return self.scaler(data, observed)
'''


def scaler(path: Path, text: str = SCALER) -> str:
    return method_text(port(path, text, exported=("QuokkaModel",)).text, "TFQuokkaScaler", "call")


def test_a_mask_that_a_tensor_is_multiplied_with_gets_its_dtype(tmp_path: Path) -> None:
    assert '"""\n    observed = tf.cast(observed, data.dtype)\n' in scaler(tmp_path)


def test_what_is_no_boolean_or_no_factor_stays(tmp_path: Path) -> None:
    assert "tf.cast(observed, data.dtype)" not in scaler(tmp_path / "float", SCALER.replace("Bool", "Float"))
    assert "tf.cast(observed, data.dtype)" not in scaler(tmp_path / "sum", SCALER.replace("data * observed", "data"))


OPTIONAL = SCALER.replace(
    'observed: torch.Tensor):\n        """', 'observed: Optional[torch.Tensor] = None):\n        """'
)


def test_one_that_may_be_missing_is_asked_for(tmp_path: Path) -> None:
    assert "if observed is not None:\n        observed = tf.cast(observed, data.dtype)" in scaler(tmp_path, OPTIONAL)
