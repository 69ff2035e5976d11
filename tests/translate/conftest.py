"""The made-up model, translated once for all tests that only read the result."""

from __future__ import annotations

import pytest

from scaffold.core.checkout import Located
from scaffold.core.translation import Translation
from scaffold.core.typedb import TypeDB
from scaffold.translate import translate
from tests.translate import checkouts
from tests.translate.quokka import EXPORTED, MODEL


@pytest.fixture(scope="session")
def quokka(tmp_path_factory: pytest.TempPathFactory) -> Located:
    """The made-up model's checkout."""
    source = checkouts.HEAD + checkouts.BASE + MODEL
    return checkouts.checkout(tmp_path_factory.mktemp("quokka"), source, exported=EXPORTED)


@pytest.fixture(scope="session")
def ported(quokka: Located) -> Translation:
    """Its translation."""
    return translate(quokka, TypeDB())
