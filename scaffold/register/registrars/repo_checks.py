"""Tell `utils/check_repo.py` about the classes its rules cannot hold for.

Source: Transformers 4.19 to 4.52; the test for equal exports came with c817bc44e2 (4.31).
"""

from __future__ import annotations

import re

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import PythonFile, missing
from scaffold.register.check_lists import CheckList, add_to_list, check_list
from scaffold.register.exports import defined, public_pytorch
from scaffold.register.mappings import TF_MODELS, mappings
from scaffold.register.registrar import Registrar

NAME = "repo-checks"
PATH = "utils/check_repo.py"

#: Parts of larger models: exempt from being exported and tested since 16edf4d9fd (4.32).
_BLOCKS = ("Wrapper", "Encoder", "Decoder", "Prenet")

_TESTED = re.compile(r"all_model_classes\s+=\s+\(([^()]*|\s*\([^()]*)\)")


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """Entries beside those of the PyTorch twins, only where a rule would fail without them."""
    file = PythonFile.open(tree, PATH)
    if file is None:
        return (Absent(path=PATH, by=NAME, why="the checkout has no repository checks"),)
    lists = {
        name: found
        for name in (
            "PRIVATE_MODELS",
            "IGNORE_NON_TESTED",
            "TEST_FILES_WITH_NO_COMMON_TESTS",
            "IGNORE_NON_AUTO_CONFIGURED",
            "OBJECT_TO_SKIP_IN_MAIN_INIT_CHECK",
        )
        if (found := check_list(file, name)) is not None
    }
    models = [name for name in port.models if "PreTrained" not in name and "Pretrained" not in name]
    wanted = {
        "PRIVATE_MODELS": _private(models, port, lists),
        "IGNORE_NON_AUTO_CONFIGURED": _without_auto_class(models, port, tree, lists),
        "IGNORE_NON_TESTED": _untested(models, port, tree, lists),
        "TEST_FILES_WITH_NO_COMMON_TESTS": _without_common_tests(located, tree, lists),
        "OBJECT_TO_SKIP_IN_MAIN_INIT_CHECK": _unequal(located, port, tree),
    }
    if wanted["IGNORE_NON_AUTO_CONFIGURED"] and "IGNORE_NON_AUTO_CONFIGURED" not in lists:
        raise missing(PATH, "list `IGNORE_NON_AUTO_CONFIGURED`")
    for name, pairs in wanted.items():
        if name in lists:
            add_to_list(file, lists[name], pairs, in_order=name == "OBJECT_TO_SKIP_IN_MAIN_INIT_CHECK")
    return (tree.plan(PATH, file.edited(), by=NAME, why="exempt classes from checks that cannot hold for them"),)


def _names(lists: dict[str, CheckList], name: str) -> tuple[str, ...]:
    return lists[name].names if name in lists else ()


def _private(models: list[str], port: Port, lists: dict[str, CheckList]) -> list[tuple[str, str]]:
    """Models that the port does not export because PyTorch does not either; the list counts for all other lists."""
    private = _names(lists, "PRIVATE_MODELS")
    return [(m, port.pt_name(m)) for m in models if m not in port.public and port.pt_name(m) in private]


def _is_private(name: str, port: Port, lists: dict[str, CheckList]) -> bool:
    private = _names(lists, "PRIVATE_MODELS")
    return name in private or (name not in port.public and port.pt_name(name) in private)


def _without_auto_class(
    models: list[str], port: Port, tree: Tree, lists: dict[str, CheckList]
) -> list[tuple[str, str]]:
    auto = PythonFile.open(tree, TF_MODELS)
    mapped = {name for m in (mappings(auto) if auto else []) for row in m.rows for name in row.classes}
    return [
        (name, port.pt_name(name))
        for name in models
        if name not in mapped and "Encoder" not in name and "Decoder" not in name and not _is_private(name, port, lists)
    ]


def _untested(models: list[str], port: Port, tree: Tree, lists: dict[str, CheckList]) -> list[tuple[str, str]]:
    """Only beside a PyTorch twin: a class that PyTorch tests and the port does not is a gap, not an exemption."""
    listed = _names(lists, "IGNORE_NON_TESTED")
    test = tree.read(port.names.tf_test_path) or ""
    tested = {name.strip(" (\n\r") for match in _TESTED.findall(test) for name in match.split(",")}
    return [
        (name, port.pt_name(name))
        for name in models
        if port.pt_name(name) in listed
        and name not in tested
        and not name.endswith(_BLOCKS)
        and not _is_private(name, port, lists)
    ]


def _without_common_tests(located: Located, tree: Tree, lists: dict[str, CheckList]) -> list[tuple[str, str]]:
    """A test file without the literal `all_model_classes = (…)`, where the PyTorch test file is exempt too."""
    test = tree.read(located.names.tf_test_path)
    relative = located.names.tf_test_path.removeprefix("tests/")
    twin = located.names.pt_test_path.removeprefix("tests/")
    exempt = twin in _names(lists, "TEST_FILES_WITH_NO_COMMON_TESTS")
    return [(relative, twin)] if exempt and test is not None and not _TESTED.search(test) else []


def _unequal(located: Located, port: Port, tree: Tree) -> list[tuple[str, str]]:
    """Classes whose PyTorch twin is exported while the TensorFlow file defines them without exporting them."""
    twins = {f"{prefix}{name}" for name in public_pytorch(located, tree) for prefix in ("TF", "TF_")}
    names = [name for name in defined(tree, located.names.tf_path) if name in twins and name not in port.public]
    return [(name, "") for name in names]


REGISTRAR = Registrar(
    name=NAME,
    place="repo-checks",
    title="Repository checks",
    doc="Adds classes without an auto class, private models, untested building blocks and classes that are defined but not "
    "exported to the exception lists of `check_repo.py`, next to their PyTorch twins.",
    plan=plan,
    where={"repo_checks": "present"},
    after=("main-init", "auto-mappings"),
)
