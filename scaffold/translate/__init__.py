"""Translate one PyTorch modelling file of a checkout to TensorFlow."""

from __future__ import annotations

from scaffold.core.checkout import Located
from scaffold.core.translation import Translation
from scaffold.core.typedb import TypeDB


def translate(located: Located, types: TypeDB, *, borrowing: bool = True) -> Translation:
    """The TensorFlow module's text, formatted, with diagnostics. Parses the model's source and never imports it.

    Raises ScaffoldError TFP001 (exit code 7) when the source is not Python.
    """
    from scaffold.translate.module import FileTranslator

    return FileTranslator(located, types, borrowing=borrowing).run()
