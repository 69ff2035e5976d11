"""Translate one PyTorch modelling file of a checkout to TensorFlow."""

from __future__ import annotations

from contextlib import suppress

from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.longhand import splice, testers
from scaffold.core.translation import SuiteTranslation, Translation
from scaffold.core.typedb import TypeDB


def translate(located: Located, types: TypeDB, *, borrowing: bool = True) -> Translation:
    """The TensorFlow module's text, formatted, with diagnostics. Parses the model's source and never imports it.

    Raises ScaffoldError TFP001 (exit code 7) when the source is not Python, not UTF-8 or nests too deep.
    """
    from scaffold.translate.module import FileTranslator

    try:
        return FileTranslator(located, types, borrowing=borrowing).run()
    except UnicodeDecodeError as error:
        raise _unreadable(located, f"byte {error.start} is not UTF-8") from None
    except RecursionError:
        # ast.parse accepts what later walks over the tree cannot: sums of 500 terms, chains of 500 elif, classes that
        # inherit from each other
        raise _unreadable(located, "it nests too deep") from None


def _unreadable(located: Located, why: str) -> ScaffoldError:
    return ScaffoldError(
        "TFP001",
        f"{located.names.pt_path} cannot be translated: {why}",
        "repair the file, or name the right one",
        exit_code=ExitCode.UNSUPPORTED_SOURCE,
    )


def translate_tests(located: Located, translation: Translation) -> SuiteTranslation | None:
    """The TensorFlow test file made from the checkout's PyTorch one; None when there is none or nothing of it survives."""
    from scaffold.translate.suite import SuiteTranslator

    if located.pt_test is None:
        return None
    text = (located.root / located.pt_test).read_text(encoding="utf-8")
    shared = located.root / testers.SHARED
    if shared.is_file():
        with suppress(SyntaxError, ValueError, RecursionError):  # the file says so itself when it is read
            common = splice.Source(testers.SHARED, shared.read_text(encoding="utf-8"))
            text = testers.written_out(splice.Source(located.pt_test, text), common).text
    return SuiteTranslator(located, translation, text).run()
