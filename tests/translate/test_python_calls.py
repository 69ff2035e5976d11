"""Calls of Python's own functions."""

from __future__ import annotations

from pathlib import Path

from scaffold.translate.engine import translate_expression
from tests.translate.checkouts import body_of, class_text, method_text, port, statements


def test_a_torch_function_with_some_arguments_given(tmp_path: Path) -> None:
    layer = """
class QuokkaMix(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.mix = partial(torch.tanh)
        self.square = partial(square, by=2)

    def forward(self, x: torch.Tensor):
        return self.square(self.mix(x))
"""
    text = class_text(port(tmp_path, layer).text, "TFQuokkaMix")
    assert "self.mix = lambda tensor: tf.tanh(tensor)" in text
    assert "self.square = partial(square, by=2)" in text


def test_a_tuple_of_a_tensor_is_its_rows(tmp_path: Path) -> None:
    layer = """
class QuokkaRows(nn.Module):
    def forward(self, x: torch.Tensor, sizes):
        x = torch.tanh(x)
        return tuple(x), list(x), tuple(sizes)
"""
    text = class_text(port(tmp_path, layer).text, "TFQuokkaRows")
    assert "return tuple(tf.unstack(x)), list(tf.unstack(x)), tuple(sizes)" in text


def test_numbers_up_to_a_dimension_are_counted_by_tensorflow(tmp_path: Path) -> None:
    layer = """
class QuokkaCount(nn.Module):
    def forward(self, x: torch.Tensor):
        n = x.shape[1]
        last_first = torch.tensor(list(range(n - 1))[::-1], device=x.device)[None, :]
        return last_first, torch.tensor(list(range(1, n, 2))), list(range(n))
"""
    text = " ".join(method_text(port(tmp_path, layer).text, "TFQuokkaCount", "call").split())
    assert "last_first = tf.convert_to_tensor(tf.range(n - 1)[::-1])[None, :]" in text
    assert "tf.convert_to_tensor(tf.range(1, n, 2)), list(range(n))" in text


def test_a_rounded_product_with_a_dimension_may_be_a_tensor(tmp_path: Path) -> None:
    layer = '''
class QuokkaCapacity(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.capacity = None

    def forward(self, x: torch.Tensor):
        """Rows that fit."""
        n = x.shape[0]
        self.capacity = math.ceil(0.5 * n)
        return x[: self.capacity], math.ceil(2.5)
'''
    text = method_text(port(tmp_path, layer).text, "TFQuokkaCapacity", "call")
    assert "_rounded(0.5 * _as_float(n), up=True)" in text
    assert "math.ceil(2.5)" in text
    assert '"""Rows that fit."""\n    capacity = self.capacity' in text and "self.capacity =" not in text


def test_sizes_that_a_graph_does_not_know_are_not_asked_for_zero(tmp_path: Path) -> None:
    layer = """
class QuokkaBlocks(nn.Module):
    def forward(self, x: torch.Tensor):
        x = torch.tanh(x)
        sizes = x.shape[:1] + (2,)
        if not all(x.shape) or 0 in sizes:
            return x
        return x + 1
"""
    text = method_text(port(tmp_path, layer).text, "TFQuokkaBlocks", "call")
    assert "not (0 not in x.shape) or 0 in [size for size in sizes if not tf.is_tensor(size)]" in text


def test_a_share_of_a_dimension_may_be_a_tensor(tmp_path: Path) -> None:
    layer = """
class QuokkaShare(nn.Module):
    def forward(self, x: torch.Tensor, ratio: float, total: float):
        n = x.shape[1]
        return x[: int(x.shape[0] * ratio / total)], x[:, : int(ratio * n)], int(2.5 * total)
"""
    text = port(tmp_path, layer).text
    body = " ".join(method_text(text, "TFQuokkaShare", "call").split())
    assert "x[: _as_int(_as_float(shape_list(x)[0]) * ratio / total)]" in body
    assert "x[:, : _as_int(ratio * _as_float(n))], int(2.5 * total)" in body
    assert "def _as_int(number):" in text and "def _as_float(size):" in text


def test_a_whole_sum_stays_what_it_is(tmp_path: Path) -> None:
    layer = """
class QuokkaSteps(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.first = int(config.a + 1)

    def forward(self, x: torch.Tensor, n: int):
        return x * int(x.shape[1] + n), int(2.5 * n)
"""
    text = class_text(port(tmp_path, layer).text, "TFQuokkaSteps")
    assert "x * (shape_list(x)[1] + n), int(2.5 * n)" in text and "self.first = int(config.a + 1)" in text


def test_a_product_of_whole_numbers_may_be_a_tensor() -> None:
    assert statements("y = int(n * m)", n="int", m="int") == "y = _as_int(n * m)"
    assert statements("y = x.repeat(1, int(n))", n="int", x="float32[2]") == "y = tf.tile(x, [1, n])"


def test_tensors_are_compared_by_tensorflow() -> None:
    assert statements("n = max(a, b)", a="int64[0]", b="int64[0]") == "n = tf.maximum(a, b)"
    assert statements("n = max(a, b)", a="int", b="int") == "n = max(a, b)"


def test_shapes_that_a_function_is_handed_are_compared_by_tensorflow(tmp_path: Path) -> None:
    body = """
def largest(shapes):
    return max(shapes[0][0], shapes[1][0])


class QuokkaPadded(nn.Module):
    def forward(self, xs):
        return largest(GIVEN)
"""
    given = body.replace("GIVEN", "[list(x.shape) for x in xs]")
    assert "return tf.maximum(shapes[0][0], shapes[1][0])" in port(tmp_path / "a", given).text
    assert "return max(shapes[0][0], shapes[1][0])" in port(tmp_path / "b", body.replace("GIVEN", "[[1], [2]]")).text


def test_tensors_among_other_kinds() -> None:
    text = translate_expression("isinstance(x, (torch.Tensor, dict))")[0]
    assert text == "(tf.is_tensor(x) or isinstance(x, (dict,)))"


def test_a_dimension_that_was_checked_is_the_number_it_must_be() -> None:
    source = """
def forward(self, x):
    n = x.shape[1]
    if n != self.channels:
        raise ValueError("no")
    return [x[:, i] for i in range(n)]
"""
    assert "for i in range(self.channels)]" in body_of(source, x="float32[3]", n="int")[0]
    assert "range(n)" in body_of(source.replace("!=", ">"), x="float32[3]", n="int")[0]
