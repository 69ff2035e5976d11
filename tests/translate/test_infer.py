"""What follows about types where the probe did not look."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scaffold.core.typedb import Observation, TypeDB, TypeInfo
from scaffold.translate.engine import Engine
from scaffold.translate.infer import promote
from scaffold.translate.sources import Source
from tests.translate.checkouts import PRELUDE, body_of, engine_for, known, method_text, port, statements

TYPES = {"x": "float32[3]", "i": "int64[2]", "m": "bool[3]", "n": "int", "s": "size[3]"}


def inferred(text: str) -> tuple[str | None, str | None, int | None]:
    source = Source(PRELUDE + text)
    engine = Engine(source, given={name: known(kind) for name, kind in TYPES.items()})
    node = source.tree.body[-1]
    assert isinstance(node, ast.Expr)
    info = engine.type_of(node.value)
    return info.kind, info.dtype, info.rank


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", ("int", None, None)),
        ("1.5", ("float", None, None)),
        ("None", ("none", None, None)),
        ("x + 1", ("tensor", "float32", 3)),
        ("x * m", ("tensor", "float32", 3)),
        ("i / 2", ("tensor", "float32", 2)),
        ("i * 2", ("tensor", "int64", 2)),
        ("i * 0.5", ("tensor", "float32", 2)),
        ("x + i", ("tensor", "float32", 3)),
        ("x > 0", ("tensor", "bool", 3)),
        ("x is None", ("bool", None, None)),
        ("-x", ("tensor", "float32", 3)),
        ("x[:, 0]", ("tensor", "float32", 2)),
        ("x[..., None]", ("tensor", "float32", 4)),
        ("x[n]", ("tensor", "float32", 2)),
        ("x[0:2]", ("tensor", "float32", 3)),
        ("x.shape", ("size", None, 3)),
        ("x.shape[0]", ("int", None, None)),
        ("s[1:]", ("size", None, None)),
        ("s + (1,)", ("size", None, None)),
        ("x.device", ("device", None, None)),
        ("torch.tanh(x)", ("tensor", "float32", 3)),
        ("x.long()", ("tensor", "int64", 3)),
        ("unknown.view(1, 2)", ("tensor", None, 2)),
        ("unknown.masked_fill(m, 0)", ("tensor", None, None)),
        ("unknown(x)", (None, None, None)),
        ("unknown.attribute", (None, None, None)),
        ("x if n else None", ("tensor", "float32", 3)),
        ("(1, 2)", ("tuple", None, 2)),
        ("n / 2", ("float", None, None)),
        ("n * 2", ("int", None, None)),
        ("len(s)", ("int", None, None)),
    ],
)
def test_propagation(text: str, expected: object) -> None:
    assert inferred(text) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("int64", "float32", "float32"),
        ("bool", "int64", "int64"),
        ("float16", "float32", "float32"),
        ("float16", "int64", "float16"),
        ("int64", None, None),
    ],
)
def test_promotion(left: str | None, right: str | None, expected: str | None) -> None:
    assert promote(left, right) == expected


def test_parameters_by_their_annotation() -> None:
    engine = engine_for(
        """
        def f(a: torch.Tensor, b: Optional[torch.LongTensor], c: Tuple[torch.Tensor], d: int, e):
            return (a, b, c, d, e)
        """
    )
    returned = next(n for n in ast.walk(engine.source.tree) if isinstance(n, ast.Return))
    assert isinstance(returned.value, ast.Tuple)
    found = [engine.type_of(e) for e in returned.value.elts]
    assert [(i.kind, i.dtype) for i in found] == [
        ("tensor", None),
        ("tensor", "int64"),
        (None, None),
        ("int", None),
        (None, None),
    ]


def test_assignments_are_followed_and_circles_end() -> None:
    engine = engine_for("def f(a: torch.Tensor):\n    b = a + 1\n    c = c\n    return (b, c)\n")
    returned = next(n for n in ast.walk(engine.source.tree) if isinstance(n, ast.Return))
    assert isinstance(returned.value, ast.Tuple)
    assert [engine.type_of(e).kind for e in returned.value.elts] == ["tensor", None]


def test_a_parameter_has_the_rank_that_its_sizes_are_unpacked_to() -> None:
    """Not that of what the name is bound to further down."""
    source = """
    b, h, w, c = x.shape
    x = nn.functional.pad(x, (0, 0, 0, 3 - w, 0, 3 - h))
    x = x.view(b, h // 3, 3, w // 3, 3, c)
    return x.permute(0, 1, 3, 2, 4, 5)
    """
    text, _ = body_of(f"def f(x):{source}")
    assert "tf.pad(x, [[0, 0], [0, 3 - h], [0, 3 - w], [0, 0]])" in text
    assert "tf.transpose(x, perm=(0, 1, 3, 2, 4, 5))" in text


def test_the_larger_of_numbers_one_of_which_has_a_point_has_one() -> None:
    text, _ = body_of(
        "def f(q, k):\n    return torch.arange(q)[:, None] * max(k / q, 1.0), torch.arange(q) * max(k, q)\n"
    )
    assert "tf.cast(tf.range(q)[:, None], tf.float32) * max(k / q, 1.0), tf.range(q) * max(k, q)" in text


def test_what_the_probe_saw_wins() -> None:
    source = Source("1 + 1\n")
    node = source.tree.body[0]
    assert isinstance(node, ast.Expr)
    seen = TypeInfo((Observation("tensor", "int64", 1),))
    engine = Engine(source, TypeDB({(1, 0, 1, 5): seen}))
    assert engine.type_of(node.value) is seen


def test_a_tuple_has_the_length_of_the_assignment_that_reaches_it() -> None:
    text = """
def f(x, w, h):
    if w:
        pads = (0, w)
        x = F.pad(x, pads)
    if h:
        pads = (0, 0, 0, h)
        x = F.pad(x, pads)
"""
    uses = [n for n in ast.walk(ast.parse(PRELUDE + text)) if isinstance(n, ast.Name) and n.id == "pads"]
    second = max((n for n in uses if isinstance(n.ctx, ast.Load)), key=lambda n: n.lineno)
    place = (second.lineno, second.col_offset, second.end_lineno or 0, second.end_col_offset or 0)
    engine = engine_for(text)
    engine.types = TypeDB({place: known("tuple[4]")})  # the probe reached the second alone
    loads = [n for n in ast.walk(engine.source.tree) if isinstance(n, ast.Name) and n.id == "pads"]
    assert [engine.type_of(n).rank for n in loads if isinstance(n.ctx, ast.Load)] == [2, 4]


def test_a_parameter_without_annotation_is_what_another_forward_hands_on() -> None:
    text = """
class Inner(nn.Module):
    def forward(self, ids, other):
        return ids

class Outer(nn.Module):
    def forward(self, ids: Optional[torch.LongTensor] = None, other=None):
        return ids
"""
    engine = engine_for(text)
    info = engine.classes["Inner"].methods["forward"].body[0].value  # type: ignore[attr-defined]
    assert engine.type_of(info).kind == "tensor" and engine.type_of(info).dtype == "int64"


def test_the_number_of_a_round_is_one() -> None:
    engine = engine_for("def f(rows):\n    for i, row in enumerate(rows):\n        i\n")
    loop = engine.source.tree.body[-1].body[0]  # type: ignore[attr-defined]
    assert engine.type_of(loop.body[0].value).kind == "int"


def test_what_is_a_tuple_here_has_other_elements() -> None:
    text = "def f(x):\n    if isinstance(x, tuple):\n        return [a for a in x]\n    return [b for b in x]\n"
    engine = engine_for(text, x="float32[3]")
    names = {n.elt.id: n.elt for n in ast.walk(engine.source.tree) if isinstance(n, ast.ListComp)}  # type: ignore[attr-defined]
    assert (engine.type_of(names["a"]).rank, engine.type_of(names["b"]).rank) == (None, 2)


def test_methods_that_only_tensors_have_are_translated_whatever_is_known() -> None:
    assert "tf.boolean_mask(" in statements("y = other.masked_select(m)", m="bool[3]")


def test_the_weights_of_torchs_layers_are_tensors(tmp_path: Path) -> None:
    body = """
class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, n):
        return self.dense.weight.chunk(n, dim=0)
"""
    call = method_text(port(tmp_path, body).text, "TFQuokkaThing", "call")
    assert "tf.split(tf.transpose(self.dense.kernel), n, axis=0)" in call
