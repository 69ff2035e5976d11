"""G34–G36 and G39: the TensorFlow test file, the classes it tests, and its kinds of test."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scaffold.checklist.classes import decorators, leaf
from scaffold.checklist.item import Item, Verdict, failed, manual, passed, skipped, verdict
from scaffold.checklist.repo_rules import listed, tested_classes
from scaffold.checklist.subject import SourceFile, Subject

COMMON_TESTS = "tests/test_modeling_tf_common.py"
_MIXINS = frozenset({"TFModelTesterMixin", "TFCoreModelTesterMixin"})
#: Endings of class names that check_repo.py does not want tested.
_PARTS = ("Wrapper", "Encoder", "Decoder", "Prenet")


def _no_tests(subject: Subject) -> str:
    # What ports made there added does not count: their tests are TensorFlow's.
    others = (
        p for p in (subject.root / "tests/models").glob("*/test_modeling_*.py") if "test_modeling_tf_" not in p.name
    )
    if next(others, None) is None:
        return "the checkout has no PyTorch tests of models (an sdist leaves them out)"
    if subject.read(COMMON_TESTS) is None:
        return f"the checkout has no {COMMON_TESTS}: nothing to inherit TensorFlow tests from"
    return ""


def _without_common_tests(subject: Subject) -> str:
    """Why the port needs no common tests; empty when it does."""
    path = subject.names.tf_test_path
    places = listed(subject, "TEST_FILES_WITH_NO_COMMON_TESTS")
    place = places.get(path) or places.get(path.removeprefix("tests/"))
    if place:
        return f"{place} lets {path} do without common tests"
    if subject.composite:
        return f"{subject.composite} is composed of whole models, its tests are of its own kind"
    return "" if subject.models else f"{subject.port.path} defines no model class of its own"


def _test_file(subject: Subject) -> SourceFile | None:
    return subject.parsed(subject.names.tf_test_path)


def _exists(subject: Subject) -> Verdict:
    path, reason = subject.names.tf_test_path, _no_tests(subject)
    file = _test_file(subject)
    if file is not None:
        return passed(f"{path}:1 {len(file.lines)} lines")
    if subject.read(path) is not None:
        return failed([f"{path} does not parse"], "Mend the syntax error.")
    if reason:
        return skipped(reason)
    return failed([f"{path} does not exist"], f"Start from {subject.names.pt_test_path}; use TensorFlow's classes.")


def _names_classes(subject: Subject) -> Verdict:
    file = _test_file(subject)
    if file is None:
        return skipped(_no_tests(subject) or f"there is no {subject.names.tf_test_path}")
    exempt = listed(subject, "IGNORE_NON_TESTED", "PRIVATE_MODELS")
    if _without_common_tests(subject):
        return skipped(_without_common_tests(subject))
    tested = tested_classes(file)
    missing = [n for n in subject.models if n not in tested and n not in exempt and not n.endswith(_PARTS)]
    return verdict(
        [f"{file.path}: {name} is not in all_model_classes" for name in missing],
        "Add the classes to `all_model_classes` (check_repo.py reads that literal).",
        *(f"{file.path}:{line} {name}" for name, line in tested.items()),
    )


def _kinds(subject: Subject) -> Verdict:
    file = _test_file(subject)
    if file is None:
        return skipped(_no_tests(subject) or f"there is no {subject.names.tf_test_path}")
    if _without_common_tests(subject):
        return skipped(_without_common_tests(subject))
    mixins = [c for c in file.classes.values() if _MIXINS & set(c.bases)]
    if not mixins and not tested_classes(file):
        return failed([f"{file.path}: no class inherits from TFModelTesterMixin"], "Add the common tests.")
    slow = list(_slow(file))
    if not slow:
        return manual(
            [f"{file.path}: no @slow test of a checkpoint's outputs"],
            "Add an integration test: load a checkpoint and compare outputs with PyTorch's.",
        )
    return passed(*(file.at(mixin.node.lineno) for mixin in mixins), *slow)


def _slow(file: SourceFile) -> Iterator[str]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and "slow" in decorators(node):
            yield file.at(node.lineno)


def _from_pt(subject: Subject) -> Verdict:
    file = _test_file(subject)
    if file is None:
        return skipped(_no_tests(subject) or f"there is no {subject.names.tf_test_path}")
    found = [
        file.at(node.lineno)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call)
        and leaf(node.func) == "from_pretrained"
        and any(k.arg == "from_pt" for k in node.keywords)
    ]
    if not found:
        return passed(f"{file.path}: nothing is loaded with from_pt")
    return manual(found, "Remove every `from_pt=True` once the TensorFlow weights are on the Hub.")


ITEMS = (
    Item(code="CHK150", title="TensorFlow test file", requirements=("G34",), judge=_exists),
    Item(code="CHK151", title="every model class is tested", requirements=("G34",), judge=_names_classes),
    Item(code="CHK152", title="kinds of test", requirements=("G35",), judge=_kinds),
    Item(code="CHK153", title="tests load TensorFlow weights", requirements=("G34", "G39"), judge=_from_pt),
)
