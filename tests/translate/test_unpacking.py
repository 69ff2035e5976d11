"""Arguments unpacked from a tuple that is written out, or from a function that only passes them on."""

from __future__ import annotations

import pytest

from scaffold.translate.unpacking import hands_back
from tests.translate.checkouts import body_of, engine_for

CAST = """
def cast(*args):
    if not torch.is_autocast_enabled():
        return args
    else:
        return torch.cast(args)


"""
TYPES = {"x": "float32[2]", "w": "float32[1]"}


def test_a_local_tuple_is_written_out() -> None:
    text, engine = body_of("def f(x, w):\n    args = (x, (3,), w)\n    return F.layer_norm(*args)\n", **TYPES)
    assert text.endswith("return _layer_norm(x, weight=w)") and not engine.diagnostics


def test_a_function_that_hands_its_arguments_back_is_looked_through() -> None:
    text, engine = body_of(
        f"{CAST}def f(x, w):\n    args = cast(x, (3,), w)\n    return F.layer_norm(*args)\n", **TYPES
    )
    assert text == "return _layer_norm(x, weight=w)" and not engine.diagnostics


@pytest.mark.parametrize(
    "function",
    [
        "def cast(*args):\n    return [a + 1 for a in args]\n",
        "def cast(*args):\n    if args:\n        return args\n    return None\n",
        "def cast(x, *args):\n    return args\n",
        "def cast(x):\n    return x\n",
    ],
)
def test_other_functions_are_not(function: str) -> None:
    assert not hands_back(engine_for(function).functions["cast"])


def test_what_is_bound_twice_stays_refused() -> None:
    body = "def f(x, w):\n    args = (x, (3,), w)\n    args = g(args)\n    return F.layer_norm(*args)\n"
    assert [d.code for d in body_of(body, **TYPES)[1].diagnostics] == ["TFP103"]


def test_keywords_of_a_dictionary_that_is_written_out() -> None:
    body = 'def f(x, size):\n    how = {"scale_factor": 2} if size is None else {"size": size}\n'
    text, engine = body_of(f'{body}    return F.interpolate(x, **how, mode="bilinear")\n', x="float32[4]")
    assert not engine.diagnostics
    assert "size=None if size is None else size, scale_factor=2 if size is None else None" in text


def test_keywords_of_a_parameter_are_refused() -> None:
    _, engine = body_of("def f(x, how):\n    return F.interpolate(x, **how)\n", x="float32[4]")
    assert [d.code for d in engine.diagnostics] == ["TFP103"]
