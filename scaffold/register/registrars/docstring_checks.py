"""Exempt classes whose documented arguments cannot match their signature from `utils/check_docstrings.py`.

Source: Transformers 03af4c42a6 (4.35). The list is a last resort: most ports need no entry.
"""

from __future__ import annotations

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import PythonFile, exactly_one
from scaffold.register.check_lists import add_to_list, check_list
from scaffold.register.docstrings import mismatched
from scaffold.register.pages import is_internal
from scaffold.register.registrar import Registrar

NAME = "docstring-checks"
PATH = "utils/check_docstrings.py"
LIST = "OBJECTS_TO_IGNORE"


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """An entry for each public class that the script would report."""
    file = PythonFile.open(tree, PATH)
    if file is None:
        return (Absent(path=PATH, by=NAME, why="the checkout does not check docstrings"),)
    ignored = check_list(file, LIST)
    ignored = exactly_one([ignored] if ignored else [], path=PATH, sought=f"list `{LIST}`")
    module = PythonFile.open(tree, located.names.tf_path)
    names = [n for n in port.public if not is_internal(n) and module is not None and mismatched(module, n)]
    add_to_list(file, ignored, [(name, "") for name in sorted(names)], in_order=True)
    return (tree.plan(PATH, file.edited(), by=NAME, why="exempt docstrings that cannot match their signature"),)


REGISTRAR = Registrar(
    name=NAME,
    place="docstring-checks",
    title="Docstring checks",
    doc="Adds classes whose documented arguments differ from their signature to `OBJECTS_TO_IGNORE`, in the list's order.",
    plan=plan,
    where={"repo_checks": "present"},
    after=("model-init",),
)
