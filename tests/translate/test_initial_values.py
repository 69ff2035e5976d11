"""First values that a constructor computes, and weights whose sizes it multiplies."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, port

FILLED = """
from ...activations import ACT2CLS


def table(width, length):
    return np.ones([length, width])


class QuokkaTable(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(1, config.length, config.hidden_size), requires_grad=False)
        self.projection = nn.Linear(config.hidden_size, 4)
        act_layer = ACT2CLS[config.hidden_act]
        self.act = act_layer()
        self.initialize_weights()

    def initialize_weights(self):
        values = table(self.positions.shape[-1], 3)
        self.positions.data.copy_(torch.from_numpy(values).float().unsqueeze(0))
        w = self.projection.weight.data
        nn.init.xavier_uniform_(w.view([w.shape[0], -1]))

    def forward(self, hidden_states):
        return self.act(self.projection(hidden_states + self.positions))
"""


def test_a_method_that_only_fills_weights_is_part_of_the_constructor(tmp_path: Path) -> None:
    translation = port(tmp_path, FILLED)
    text = class_text(translation.text, "TFQuokkaTable")
    assert not translation.markers
    assert "initialize_weights" not in text and "xavier" not in text and ".data" not in text
    assert "values = table(self.config.hidden_size, 3)" in text
    assert "self.initial_positions = tf.expand_dims(tf.cast(tf.convert_to_tensor(values), tf.float32), axis=0)" in text
    assert "initializer=lambda shape, dtype=None: tf.cast(self.initial_positions, dtype)" in text


def test_a_class_of_the_table_of_activations_in_a_local(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, FILLED).text, "TFQuokkaTable")
    assert "act_layer = get_tf_activation(config.hidden_act)\n        self.act = act_layer\n" in text


SCALED = """
class QuokkaScale(nn.Module):
    def __init__(self, config, dim):
        super().__init__()
        value = config.value
        self.scale = nn.Parameter(value * torch.ones(dim).unsqueeze(-1).unsqueeze(-1), requires_grad=True)
        self.shift = nn.Parameter(torch.zeros(dim).unsqueeze(0))

    def forward(self, hidden_states):
        return hidden_states * self.scale + self.shift
"""


def test_the_number_a_tensor_is_multiplied_with_says_nothing_of_its_shape(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, SCALED).text, "TFQuokkaScale")
    assert "shape=(self.dim, 1, 1)" in text and "initializer=keras.initializers.Constant(self.value)" in text
    assert "shape=(1, self.dim)" in text


NOISE = """
class QuokkaNoise(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.scale = config.hidden_size // 2
        self.register_buffer("directions", self.scale * torch.randn((2, config.width)))
        self.register_buffer("forgotten", torch.randn(2), persistent=False)

    def forward(self, x):
        return x @ self.directions + self.forgotten
"""


def test_what_a_buffer_draws_is_loaded_from_checkpoints(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, NOISE).text, "TFQuokkaNoise")
    assert "shape=(2, self.config.width)" in text and 'name="directions"' in text and "trainable=False" in text
    assert "initializer=keras.initializers.RandomNormal(stddev=self.scale)" in text
    assert "self.forgotten = tf.random.normal([2])" in text


CODEBOOK = """
class QuokkaCodebook(nn.Module):
    def __init__(self, config):
        super().__init__()
        embed = torch.zeros(config.size, config.width)
        self.register_buffer("used", torch.ones(config.size))
        self.register_buffer("embed", embed)
        self.register_buffer("average", embed.clone())
        signs = torch.ones(config.width)
        signs[::2] = -1.0
        self.register_buffer("signs", signs)

    def forward(self, x):
        return (x * self.signs) @ self.embed + self.average * self.used
"""


def test_a_buffer_of_a_local_that_is_only_filled_is_loaded_from_checkpoints(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, CODEBOOK).text, "TFQuokkaCodebook")
    for name in ("used", "embed", "average"):
        assert f'name="{name}"' in text
    assert text.count("shape=(self.config.size, self.config.width)") == 2
    assert 'name="signs"' not in text and "self.signs = signs" in text
