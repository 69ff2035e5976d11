"""Plan the TensorFlow modelling file and its test file on the tree."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.formatting import Unformattable, formatted
from scaffold.core.translation import SuiteTranslation, Translation
from scaffold.render.frames import frame
from scaffold.render.tester import describe

BY = "render"


def render(
    located: Located,
    translation: Translation,
    tree: Tree,
    *,
    suite: SuiteTranslation | None = None,
    cases: Path | None = None,
) -> tuple[Outcome, ...]:
    """The model file, and the test file where the checkout has the common TensorFlow tests.

    `suite` is the translated PyTorch test; without one the test file is built from the probe's files below `cases`.
    """
    names = located.names
    module = frame("model", names.tf_module, {"module_name": names.tf_module, "module_text": translation.text})
    model = tree.plan(names.tf_path, module, by=BY, why=f"the TensorFlow {names.title} model")
    return (model, *_tests(located, translation, tree, suite, cases))


def _tests(
    located: Located, translation: Translation, tree: Tree, suite: SuiteTranslation | None, cases: Path | None
) -> tuple[Outcome, ...]:
    path = located.names.tf_test_path
    if located.layout.value("tests") == "absent":
        return (Absent(path=path, by=BY, why="the checkout has no common TensorFlow tests to build on"),)
    if suite is None and located.layout.value("tests") == "own":
        return (
            Absent(path=path, by=BY, why="there is neither a PyTorch test to start from nor common TensorFlow tests"),
        )
    text = suite.text if suite is not None else _from_cases(located, translation, cases)
    if text is None:
        return (Absent(path=path, by=BY, why="there is neither a PyTorch test nor a probed model to start from"),)
    name = PurePosixPath(path).stem
    test = frame("tests", name, {"test_name": name, "test_text": text})
    why = f"tests of the TensorFlow {located.names.title} model"
    return (*_packages(tree, path), tree.plan(path, test, by=BY, why=why))


def _from_cases(located: Located, translation: Translation, cases: Path | None) -> str | None:
    """The frame filled from the probe's files, None when there are none to build on."""
    described = describe(located, translation, cases) if cases is not None else None
    if described is None:
        return None
    name = PurePosixPath(located.names.tf_test_path).stem
    text = frame("tests", name, {"test_name": name, "suite": described})
    try:
        return formatted(text)
    except Unformattable:
        return None


def _packages(tree: Tree, path: str) -> tuple[Outcome, ...]:
    """`__init__.py` of every folder on the way to the test: its relative imports need them (a release's sdist has none)."""
    missing = [
        f"{folder}/__init__.py"
        for folder in reversed([str(p) for p in PurePosixPath(path).parents if str(p) != "."])
        if not tree.exists(f"{folder}/__init__.py")
    ]
    return tuple(tree.plan(place, "", by=BY, why="makes the test folder a package") for place in missing)
