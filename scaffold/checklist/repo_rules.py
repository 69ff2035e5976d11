"""The clone's own exceptions: the literal lists of utils/check_repo.py and the classes a test file names.

Source of truth: utils/check_repo.py of the clone, which its continuous integration runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scaffold.checklist.classes import leaf
from scaffold.checklist.subject import SourceFile, Subject

CHECK_REPO = "utils/check_repo.py"


def listed(subject: Subject, *lists: str) -> dict[str, str]:
    """The strings in the named lists of check_repo.py, each with its place."""
    file = subject.parsed(CHECK_REPO)
    found: dict[str, str] = {}
    for node in file.tree.body if file else ():
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = leaf(node.target if isinstance(node, ast.AugAssign) else node.targets[0])
            if target in lists:
                for part in ast.walk(node.value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.setdefault(part.value, f"{CHECK_REPO}:{part.lineno} {target}")
    return found


def tested_classes(file: SourceFile) -> dict[str, int]:
    """The classes in the literal `all_model_classes = (…)` of a test file, with their lines.

    Conditional values count with both branches, as check_repo.py reads the text by a regular expression.
    """
    found: dict[str, int] = {}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Assign) and leaf(node.targets[0]) == "all_model_classes":
            found.update((name, line) for name, line in _names(node.value))
    return found


def _names(node: ast.AST) -> Iterator[tuple[str, int]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id[:1].isupper():  # not the call is_tf_available()
            yield part.id, part.lineno
