"""Methods that nothing can call."""

from __future__ import annotations

import ast

from scaffold.translate import overridden
from scaffold.translate.classes import Analyser
from scaffold.translate.sources import Source

TEXT = """from torch import nn


class Base(nn.Module):
    def score(self):
        return 1

    def shared(self):
        return 2


class Own(Base):
    def score(self):
        return 3
"""


def methods(text: str, parts: frozenset[str] = frozenset({"Base", "Own"})) -> list[str]:
    classes = Analyser(Source(text)).run()
    overridden.drop(classes, ast.parse(text), parts)
    return list(classes["Base"].methods)


def test_a_method_that_every_derived_class_has_is_left_out() -> None:
    assert methods(TEXT) == ["shared"]


def test_it_stays_where_it_can_be_called() -> None:
    assert methods(TEXT + "\n\nx = Base()\n") == ["score", "shared"]
    assert methods(TEXT.replace("return 3", "return super().score()")) == ["score", "shared"]
    assert methods(TEXT + "\n\nclass Other(Base):\n    pass\n") == ["score", "shared"]


def test_the_files_own_classes_stay_as_they_are() -> None:
    assert methods(TEXT, frozenset()) == ["score", "shared"]
