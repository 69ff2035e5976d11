"""Tables of positions that grow: what makes them returns them, and a call keeps nothing on the layer."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, method_text, port

LAYER = """

class QuokkaPositions(nn.Module):
    def __init__(self, number, width):
        super().__init__()
        self.width = width
        self.make_weights(number)

    def make_weights(self, number):
        self.longest = number
        table = torch.arange(number).float()[:, None] * torch.ones(1, self.width)
        self.register_buffer("weights", table, persistent=False)

    def forward(self, x, length):
        if length > self.longest:
            self.make_weights(length){more}
        return x + self.weights[:length]
"""


def test_a_call_uses_a_longer_table_as_a_local(tmp_path: Path) -> None:
    text = port(tmp_path, LAYER.format(more="")).text
    made = method_text(text, "TFQuokkaPositions", "make_weights")
    assert "self." not in made.replace("self.width", "")
    assert made.rstrip().endswith("return longest, weights")
    init = method_text(text, "TFQuokkaPositions", "__init__")
    assert "self.longest, self.weights_value = self.make_weights(number)" in init
    call = method_text(text, "TFQuokkaPositions", "call")
    assert (
        "weights = self.weights_value\n    if length > self.longest:\n        _, weights = self.make_weights(length)"
        in call
    )
    assert "    weights = tf.cast(weights, self.compute_dtype)\n" in call and "tf.cast(longest" not in call
    assert "return x + weights[:length]" in call


def test_a_method_that_does_more_is_left_alone(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, LAYER.format(more="\n            x = x * 2")).text, "TFQuokkaPositions", "call")
    assert "        self.make_weights(length)\n" in call


STATE = """

class QuokkaPositions(nn.Module):
    def __init__(self, number, width):
        super().__init__()
        self.table = torch.ones(number, width)

    def forward(self, x: torch.Tensor):
        if x.shape[0] > self.table.size(0):
            self.table = torch.ones(x.shape[0], x.shape[1])
        return x + self.table[: x.shape[0]]
"""


def test_a_tensor_that_a_call_replaces_is_replaced_for_that_call(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, STATE).text, "TFQuokkaPositions", "call")
    assert "table = self.table\n" in call
    assert "        table = tf.ones(" in call
    assert "return x + table[: shape_list(x)[0]]" in call


KEPT = """

class QuokkaMask(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.value = None

    def get(self, dtype):
        if self.value is None or self.value.dtype != dtype:
            self.value = torch.full([], -1.0, dtype=dtype)
        return self.value

    def forward(self, x: torch.Tensor):
        return x + self.get(x.dtype)OTHER
"""


def test_a_tensor_that_one_method_keeps_for_itself_is_made_in_each_call(tmp_path: Path) -> None:
    kept = method_text(port(tmp_path, KEPT.replace("OTHER", "")).text, "TFQuokkaMask", "get")
    assert "value = self.value\n" in kept
    assert "        value = tf.fill(" in kept
    assert kept.rstrip().endswith("return value")
    shared = method_text(port(tmp_path, KEPT.replace("OTHER", " + self.value")).text, "TFQuokkaMask", "get")
    assert "self.value = tf.fill(" in shared


GUARDED = """

class QuokkaPositions(nn.Module):
    def __init__(self, longest):
        super().__init__()
        self.table = None
        self.extend(torch.tensor(0.0).expand(1, longest))

    def extend(self, x: torch.Tensor):
        # a longer table holds a shorter one
        if self.table is not None:
            if self.table.size(1) >= x.size(1) * 2 - 1:
                if self.table.dtype != x.dtype:
                    self.table = self.table.to(dtype=x.dtype)
                return
        table = torch.ones(1, x.size(1) * 2 - 1)
        self.table = table.to(x.dtype)

    def forward(self, x: torch.Tensor):
        self.extend(x)
        middle = self.table.size(1) // 2
        return x + self.table[:, middle:]MORE
"""


def test_a_table_that_a_call_may_find_long_enough_is_made_for_each_input(tmp_path: Path) -> None:
    text = port(tmp_path, GUARDED.replace("MORE", "")).text
    made = method_text(text, "TFQuokkaPositions", "extend")
    assert "if " not in made and made.rstrip().endswith("return table")
    init = method_text(text, "TFQuokkaPositions", "__init__")
    assert "table" not in init and "extend" not in init
    call = method_text(text, "TFQuokkaPositions", "call")
    assert "table = self.extend(x)\n    middle = shape_list(table)[1] // 2\n    return x + table[:, middle:]" in call


def test_a_method_that_also_runs_elsewhere_is_left_alone(tmp_path: Path) -> None:
    more = "\n\n    def reset(self):\n        if self.table is not None:\n            self.extend(self.table)"
    text = port(tmp_path, GUARDED.replace("MORE", more)).text
    assert "                return\n" in class_text(text, "TFQuokkaPositions")
