"""The finished module in the spelling of the checkout's release: Keras' name, type hints, how layers are built, serving.

Each pass is chosen by a layout facet, never by a version. They run over the whole text because borrowed classes, templates and
translated code all end up in it. Source: eras.md §8.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from scaffold.core.checkout import Located
from scaffold.core.layout import Layout
from scaffold.translate.era import building, docstrings, hints, serving
from scaffold.translate.era.spelling import tf_keras
from scaffold.translate.pretrained import reference_introduction


def documented(text: str, located: Located, twins: Mapping[str, str]) -> str:
    """The module documented as TensorFlow's files are, where PyTorch's file leaves that to `@auto_docstring`."""
    if "@auto_docstring" not in located.source or not _parses(text):
        return text
    return docstrings.documented(text, located, twins, reference_introduction(located))


def fitted(text: str, layout: Layout) -> str:
    """The module as the layout wants it; a text that does not parse is returned as it is (`tidy` refuses it)."""
    if not _parses(text):
        return text
    if layout.value("build_style") == "implicit":
        text = building.implicit(text, models_build=layout.value("serving") != "methods")
    if layout.value("serving") == "methods":
        text = serving.with_methods(text)
    if layout.value("annotations") == "typing":
        text = hints.with_typing(text)
    if layout.value("generics") == "builtin":
        text = hints.with_builtin_generics(text)
    if layout.value("unions") == "operator":
        text = hints.with_pipes(text)
    if layout.value("keras_import") == "tf.keras":
        text = tf_keras(text)
    return text


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
