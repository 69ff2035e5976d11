"""G25, G28, G29: the classes are exported by the main and the model `__init__`, and have dummies for lack of TensorFlow."""

from __future__ import annotations

from scaffold.checklist.exports import MAIN_INIT, dunder_all, expected_tf_classes, main_exports, model_exports
from scaffold.checklist.item import Item, Verdict, failed, passed, skipped, verdict
from scaffold.checklist.subject import Subject

DUMMIES = "src/transformers/utils/dummy_tf_objects.py"
_FIX = "Export the classes named, or run `scaffold new-tf-model` again to register the port."


def _main_init(subject: Subject) -> Verdict:
    exports = main_exports(subject)
    if exports is None:
        return skipped(f"{MAIN_INIT} is missing or does not parse")
    if exports.derived:
        return skipped(f"{MAIN_INIT} derives its names from each module's `__all__`")
    expected = expected_tf_classes(subject)
    halves = (("_import_structure", exports.runtime), ("TYPE_CHECKING", exports.typing))
    problems = [
        f"{MAIN_INIT}: {name} is missing from the {half} half"
        for half, names in halves
        for name in expected
        if name not in names
    ]
    defined = set(subject.port.classes)
    good = [f"{MAIN_INIT}:{line} {name}" for name, line in exports.runtime.items() if name in defined]
    if not expected and not good:
        return failed([f"{MAIN_INIT}: no class of {subject.port.path}"], _FIX)
    return verdict(problems, _FIX, *good)


def _model_init(subject: Subject) -> Verdict:
    path = f"{subject.names.package_path}/__init__.py"
    exports = model_exports(subject, "modeling_tf_")
    if exports is None:
        return failed([f"{path} is missing or does not parse"], "Restore it from the base branch.")
    expected = expected_tf_classes(subject)
    if exports.derived:
        return _derived(subject, exports.typing, expected, path)
    halves = (("_import_structure", exports.runtime), ("TYPE_CHECKING", exports.typing))
    problems = [
        f"{path}: {name} is missing from the {half} half"
        for half, names in halves
        for name in expected
        if name not in names
    ]
    return verdict(
        problems, _FIX, *(f"{path}:{exports.runtime[name]} {name}" for name in expected if name in exports.runtime)
    )


def _derived(subject: Subject, typing: dict[str, int], expected: tuple[str, ...], path: str) -> Verdict:
    """An `__init__` that collects each module's `__all__` needs the star import, and the module the `__all__`."""
    problems = [] if "*" in typing else [f"{path}: `from .{subject.names.tf_module} import *` is missing"]
    listed = dunder_all(subject.port)
    problems += [f"{subject.port.path}: {name} is missing from `__all__`" for name in expected if name not in listed]
    return verdict(problems, "Add the star import and the names.", f"{path}:{typing.get('*', 1)} star import")


def _dummies(subject: Subject) -> Verdict:
    text, exports = subject.read(DUMMIES), main_exports(subject)
    if text is None:
        return skipped(f"the checkout has no {DUMMIES}")
    if exports is None or exports.derived:
        return skipped(f"{MAIN_INIT} makes the dummies itself")
    lines = {line.split("(")[0].removeprefix("class "): n for n, line in enumerate(text.splitlines(), 1)}
    expected = expected_tf_classes(subject)
    problems = [f"{DUMMIES}: no dummy of {name}" for name in expected if name not in lines]
    if not expected:
        return skipped("the main __init__ exports none of the PyTorch classes, so none needs a dummy")
    return verdict(
        problems,
        "Run `python utils/check_dummies.py --fix_and_overwrite` in the clone.",
        *(f"{DUMMIES}:{lines[name]} {name}" for name in expected if name in lines),
    )


def _all(subject: Subject) -> Verdict:
    exports = main_exports(subject)
    if exports is None or not exports.derived:
        return skipped(f"{MAIN_INIT} lists its names itself")
    listed = dunder_all(subject.port)
    missing = [name for name in expected_tf_classes(subject) if name not in listed]
    if missing:
        return failed([f"{subject.port.path}: {name} is missing from `__all__`" for name in missing], _FIX)
    return passed(*(f"{subject.port.path}:{line} {name}" for name, line in listed.items()))


ITEMS = (
    Item(code="CHK130", title="main __init__ exports the classes", requirements=("G25",), judge=_main_init),
    Item(code="CHK131", title="module's `__all__` lists the classes", requirements=("G25",), judge=_all),
    Item(code="CHK132", title="model __init__ exports the classes", requirements=("G29",), judge=_model_init),
    Item(code="CHK134", title="dummy objects", requirements=("G28",), judge=_dummies),
)
