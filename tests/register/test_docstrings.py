"""Whether documented arguments match a signature, without importing the class."""

from __future__ import annotations

import pytest

from scaffold.register.anchors import PythonFile
from scaffold.register.docstrings import mismatched

MATCHING = ("config ([`C`]):\n            The configuration.", "config, *inputs, **kwargs")


def verdict(arguments: str, signature: str, prefix: str = "", before: str = "") -> bool:
    body = f'    """\n    A.\n\n    Args:\n        {arguments}\n    """\n'
    text = f"{prefix}class A(Base):\n{before}{body}\n    def __init__(self, {signature}):\n        pass\n"
    return mismatched(PythonFile("a.py", text), "A")


@pytest.mark.parametrize(
    ("arguments", "signature", "expected"),
    [
        (*MATCHING, False),
        ("config ([`C`]): X.\n        size (`int`, *optional*, defaults to 3): Y.", "config, size=3", False),
        ("config ([`C`]): X.\n        size (`int`, *optional*): Y.", "config, size=None", False),
        ("size (`int`, *optional*, defaults to 3): Y.\n        config ([`C`]): X.", "config, size=3", True),
        ("config ([`C`]): X.", "config, size=3", True),
        ("config ([`C`], *optional*): X.", "config", True),
        ("config ([`C`]): X.\n        size (`int`, *optional*): Y.", "config, size=3", True),
        ("config ([`C`]): X.\n        size (`int`): Y.", "config, size=None", True),
        ("config ([`C`]): X.\n        gone (`int`): Y.", "config", True),
        ("config ([`C`]): X.", "config, *, size=3", True),
    ],
)
def test_rule(arguments: str, signature: str, expected: bool) -> None:
    assert verdict(arguments, signature) is expected


def test_comment_switches_the_check_off() -> None:
    assert verdict("gone (`int`): Y.", "config")
    assert not verdict("gone (`int`): Y.", "config", before="    # no-format\n")


def test_decorator_texts_count_and_bases_give_the_signature() -> None:
    text = (
        'DOC = r"""\n    Parameters:\n        size (`int`): The size.\n"""\n\n\n'
        "class Base:\n    def __init__(self, config):\n        pass\n\n\n"
        '@add_start_docstrings("Bare.", DOC)\nclass A(Base):\n    x = 1\n'
    )
    assert mismatched(PythonFile("a.py", text), "A")
    assert not mismatched(PythonFile("a.py", text.replace("size (`int`)", "config ([`C`])")), "A")


def test_nothing_to_tell() -> None:
    file = PythonFile("a.py", "class A(Unknown):\n    pass\n\n\nclass B:\n    def __init__(self, x):\n        pass\n")
    assert not mismatched(file, "A")
    assert not mismatched(file, "B")
    assert not mismatched(file, "C")
