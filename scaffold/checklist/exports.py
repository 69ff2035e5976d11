"""What a checkout exports: the two halves of the main and model `__init__`, and `__all__` where they are derived from it.

Forms read: `_import_structure[…] = / .append / .extend`, `from .module import …` under TYPE_CHECKING, star imports, `__all__`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from scaffold.checklist.classes import PRETRAINED, leaf
from scaffold.checklist.repo_rules import CHECK_REPO, listed
from scaffold.checklist.subject import SourceFile, Subject

MAIN_INIT = "src/transformers/__init__.py"
_SKIPPED_LAYERS = "OBJECT_TO_SKIP_IN_MAIN_INIT_CHECK"


@dataclass(frozen=True, slots=True)
class Exports:
    """Exported names with their line, in each half of an `__init__`. `derived`: read from the modules' `__all__`."""

    path: str
    runtime: dict[str, int] = field(default_factory=dict)
    typing: dict[str, int] = field(default_factory=dict)
    derived: bool = False


def main_exports(subject: Subject) -> Exports | None:
    """What the main `__init__` exports from the model's folder."""
    file = subject.parsed(MAIN_INIT)
    if file is None:
        return None
    key = f"models.{subject.names.folder}"
    runtime = {name: line for module, name, line in _runtime(file) if module == key or module.startswith(f"{key}.")}
    typing = {name: line for module, name, line in _typing(file) if module == key or module.startswith(f"{key}.")}
    derived = "define_import_structure" in file.text and not runtime
    return Exports(MAIN_INIT, runtime, typing, derived)


def model_exports(subject: Subject, prefix: str) -> Exports | None:
    """What the model's `__init__` exports from its modules whose name starts with the prefix."""
    path = f"{subject.names.package_path}/__init__.py"
    file = subject.parsed(path)
    if file is None:
        return None
    runtime = {name: line for key, name, line in _runtime(file) if key.startswith(prefix)}
    typing = {name: line for key, name, line in _typing(file) if key.startswith(prefix)}
    return Exports(path, runtime, typing, "define_import_structure" in file.text)


def dunder_all(file: SourceFile | None) -> dict[str, int]:
    """The names in a module's `__all__` with their lines."""
    for node in file.tree.body if file else ():
        if isinstance(node, ast.Assign) and leaf(node.targets[0]) == "__all__":
            return dict(_strings(node.value))
    return {}


def public_pt_classes(subject: Subject) -> tuple[str, ...]:
    """The classes of the PyTorch file that the checkout exports, in file order."""
    main, model = main_exports(subject), model_exports(subject, subject.names.module)
    if subject.pt is None or main is None or model is None:
        return ()
    exported = set(dunder_all(subject.pt) if model.derived else model.runtime)
    if not main.derived:
        exported &= set(main.runtime)
    return tuple(name for name in subject.pt.classes if name in exported)


def expected_tf_classes(subject: Subject) -> tuple[str, ...]:
    """Classes of the TensorFlow file that must be exported: those whose PyTorch twin is, in file order.

    Layers count only where the clone's check_repo.py asks for them, which it does by listing the exceptions.
    """
    public = {f"TF{name}" for name in public_pt_classes(subject)}
    exempt = listed(subject, _SKIPPED_LAYERS)
    layers_too = _SKIPPED_LAYERS in (subject.read(CHECK_REPO) or "")
    table = subject.port.classes
    wanted = (name for name in table if name in public and name not in exempt)
    return tuple(name for name in wanted if layers_too or PRETRAINED.fullmatch(name) or table.is_model(name))


def _strings(node: ast.AST) -> Iterator[tuple[str, int]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value, part.lineno


def _runtime(file: SourceFile) -> Iterator[tuple[str, str, int]]:
    """(module, name, line) of the `_import_structure` half."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if leaf(target) == "_import_structure" and isinstance(value, ast.Dict):
                for key, names in zip(value.keys, value.values, strict=True):
                    if isinstance(key, ast.Constant):
                        yield from ((str(key.value), name, line) for name, line in _strings(names))
            yield from _of_subscript(target, value)
        elif isinstance(node, ast.Call) and leaf(node.func) in ("append", "extend") and node.args:
            yield from _of_subscript(getattr(node.func, "value", node), node.args[0])


def _of_subscript(target: ast.AST, names: ast.expr) -> Iterator[tuple[str, str, int]]:
    keyed = isinstance(target, ast.Subscript) and leaf(target.value) == "_import_structure"
    key = target.slice if keyed and isinstance(target, ast.Subscript) else None
    if isinstance(key, ast.Constant):
        yield from ((str(key.value), name, line) for name, line in _strings(names))


def _typing(file: SourceFile) -> Iterator[tuple[str, str, int]]:
    """(module, name, line) of the relative imports."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            yield from ((node.module or "", alias.name, alias.lineno) for alias in node.names)
