"""Parameter lists in TensorFlow's terms."""

from __future__ import annotations

import ast

import pytest

from scaffold.translate import signature
from tests.translate.checkouts import engine_for


def written(text: str, *, public: bool = False, extra: tuple[str, ...] = ()) -> str:
    engine = engine_for(text + ": pass\n")
    function = engine.source.tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    return ", ".join(signature.parameters(engine, function, public=public, extra=extra))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(self, x)", "self, x"),
        ("def f(x: torch.Tensor)", "x: tf.Tensor"),
        ("def f(x: Optional[torch.LongTensor] = None)", "x: tf.Tensor | None = None"),
        ("def f(x: Tuple[torch.FloatTensor, int])", "x: Tuple[tf.Tensor, int]"),
        ("def f(x: 'torch.Tensor')", "x: tf.Tensor"),
        ("def f(x: torch.dtype = torch.float32)", "x=tf.float32"),
        ("def f(x: Optional[Cache] = None)", "x=None"),
        ("def f(a, *b, c=1, **d)", "a, *b, c=1, **d"),
        ("def f(a, *, c: int)", "a, *, c: int"),
        ("def f(m: nn.Module)", "m: keras.layers.Layer"),
    ],
)
def test_parameters(text: str, expected: str) -> None:
    assert written(text) == expected


def test_a_models_own_call_takes_arrays_too() -> None:
    text = "def f(self, input_ids: Optional[torch.LongTensor] = None, x: torch.Tensor = None, y: Optional[bool] = None)"
    assert written(text, public=True) == (
        "self, input_ids: TFModelInputType | None = None, x: np.ndarray | tf.Tensor | None = None, y: Optional[bool] = None"
    )


def test_training_stands_before_other_keywords() -> None:
    assert written("def f(self, x, **kwargs)", extra=("training: bool = False",)) == (
        "self, x, training: bool = False, **kwargs"
    )


def test_classes_of_the_file_are_renamed_in_annotations() -> None:
    engine = engine_for(
        "class QuokkaLayer(nn.Module): pass\ndef f(a: Dict[str, QuokkaLayer], b: NotQuokkaLayer): pass\n"
    )
    function = engine.source.tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    assert signature.parameters(engine, function) == ["a: Dict[str, TFQuokkaLayer]", "b: NotQuokkaLayer"]


def test_quoted_names_of_torch_are_no_annotation() -> None:
    engine = engine_for(
        "from torch.nn.attention.flex_attention import BlockMask\n"
        'def f(a: Union[torch.Tensor, "BlockMask"], b: Union[int, "BlockMask", str], c: Union[int, "Quokka"]): pass\n'
    )
    function = engine.source.tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    assert signature.parameters(engine, function) == ["a: tf.Tensor", "b: Union[int, str]", "c: Union[int, 'Quokka']"]


def test_a_long_header_has_one_parameter_a_line() -> None:
    assert signature.header("f", ["a", "b"], "int") == ["def f(a, b) -> int:"]
    lines = signature.header("f", [f"parameter_{k}" for k in range(12)])
    assert lines[0] == "def f("
    assert lines[1] == "    parameter_0,"
    assert lines[-1] == "):"
    ast.parse("\n".join([*lines, "    pass"]))


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("def forward(self, states: Tuple[torch.Tensor], other): return states[0]", "none", True),
        ("def forward(self, states): return states[0]", "tuple", True),
        ("def forward(self, states): return states[0]", "float32[2] | tuple", True),
        ("def forward(self, states): return states[0]", "float32[2]", False),
    ],
)
def test_a_list_of_tensors_first_is_no_bundle_of_arguments(text: str, kind: str, expected: bool) -> None:
    engine = engine_for(text, states=kind)
    function = engine.source.tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    assert signature.first_is_list(engine, function) is expected


def test_a_model_requires_its_first_input_alone() -> None:
    assert written("def forward(self, x, y, labels=None)", public=True).startswith("self, x, y=None, labels=None")
    assert written("def forward(self, x, y: torch.Tensor)", public=True).startswith(
        "self, x, y: np.ndarray | tf.Tensor | None = None,"
    )
    assert written("def features(self, x, y)", public=True).startswith("self, x, y")
