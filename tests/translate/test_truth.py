"""Conditions whose outcome is known before the port runs."""

from __future__ import annotations

import ast

import pytest

from scaffold.translate.truth import constants, truth


def outcome(text: str, **known: bool) -> bool | None:
    return truth(ast.parse(text, mode="eval").body, {k.replace("__", "."): v for k, v in known.items()})


@pytest.mark.parametrize(
    "text",
    [
        "self.gradient_checkpointing and self.training",
        "self.training and self.gradient_checkpointing",
        'getattr(self.config, "gradient_checkpointing", False) and self.training',
        "torch.jit.is_tracing()",
        "not not is_torch_fx_proxy(x)",
        'config._attn_implementation == "sdpa"',
        'self.config._attn_implementation != "eager"',
        'config._attn_implementation in ("sdpa", "flash_attention_2")',
        'config._attn_implementation not in ["eager"]',
        "False or is_flash_attn_2_available()",
        "x.is_cuda and whatever(x)",
        "x.device != outputs.last_hidden_state.device",
        "not x.device == y.device",
    ],
)
def test_settled_to_false(text: str) -> None:
    assert outcome(text) is False
    assert outcome(f"not ({text})") is True


@pytest.mark.parametrize(
    "text",
    [
        "self.training",
        "x is not None",
        "x > 0 and self.training",
        'getattr(self.config, "use_cache", False)',
        "getattr(self.config, name, False)",
        "x or self.gradient_checkpointing",
        "not x and True",
        "self.config.problem_type == 'regression'",
        "config._attn_implementation == name",
        "is_tracing()",
        "0",
        "None",
    ],
)
def test_depends_on_the_run(text: str) -> None:
    assert outcome(text) is None


def test_eager_attention_is_what_a_port_has() -> None:
    assert outcome('config._attn_implementation == "eager"') is True
    assert outcome('self._attn_implementation in ("eager", "sdpa")') is True


def test_known_names_are_asked_by_their_text() -> None:
    assert outcome("self.x and y", self__x=False) is False
    assert outcome("self.x and y", self__x=True) is None
    assert outcome("self.x or y", self__x=True) is True


def test_constants_of_a_class_are_its_attributes() -> None:
    tree = ast.parse(
        """
class A:
    def __init__(self, config):
        self._use_sdpa = config._attn_implementation == "sdpa"
        self._use_eager = not self._use_sdpa
        local = config._attn_implementation == "sdpa"
        self.plain = False
"""
    ).body[0]
    assert constants(tree) == {"self._use_sdpa": False, "self._use_eager": True}


def test_names_assigned_twice_are_not_settled() -> None:
    tree = ast.parse("def f(config):\n    a = config._attn_implementation == 'sdpa'\n    a = g()\n").body[0]
    assert constants(tree) == {}


def test_locals_of_a_function_follow_the_class() -> None:
    tree = ast.parse("def f(self):\n    fast = self._use_sdpa and x\n    slow = not fast\n").body[0]
    assert constants(tree, {"self._use_sdpa": False})["slow"] is True


def test_a_comparison_that_makes_no_sense_settles_nothing() -> None:
    assert truth(ast.parse("config._attn_implementation in 3", mode="eval").body) is None


def test_a_cache_that_is_checked_when_it_comes_in() -> None:
    assert truth(ast.parse("isinstance(past, (type(None), Cache))", mode="eval").body) is True
    assert truth(ast.parse("not isinstance(past, (type(None), Cache, EncoderDecoderCache))", mode="eval").body) is False
    assert truth(ast.parse("isinstance(past, (type(None), int))", mode="eval").body) is None
