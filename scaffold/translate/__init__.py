"""Translate one PyTorch modelling file of a checkout to TensorFlow."""

from __future__ import annotations

from scaffold.core.checkout import Located
from scaffold.core.translation import SuiteTranslation, Translation
from scaffold.core.typedb import TypeDB


def translate(located: Located, types: TypeDB, *, borrowing: bool = True) -> Translation:
    """The TensorFlow module's text, formatted, with diagnostics. Parses the model's source and never imports it.

    Raises ScaffoldError TFP001 (exit code 7) when the source is not Python.
    """
    from scaffold.translate.module import FileTranslator

    return FileTranslator(located, types, borrowing=borrowing).run()


def translate_tests(located: Located, translation: Translation) -> SuiteTranslation | None:
    """The TensorFlow test file made from the checkout's PyTorch one; None when there is none or nothing of it survives."""
    from scaffold.translate.suite import SuiteTranslator

    if located.pt_test is None:
        return None
    text = (located.root / located.pt_test).read_text(encoding="utf-8")
    return SuiteTranslator(located, translation, text).run()
