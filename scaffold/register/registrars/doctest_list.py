"""List the TensorFlow file among those whose docstring examples are run.

Source: `utils/documentation_tests.txt` of Transformers to 4.33; later releases run every file that they do not exclude. The
hand-written ports followed the PyTorch file: listed where it is, left out where it is not. The list is sorted since
f3e96235a3 (4.31) and nearly sorted before.
"""

from __future__ import annotations

import re

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, AlreadyDone, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import TextFile, doubled, exactly_one
from scaffold.register.registrar import Registrar

NAME = "doctest-list"
PATH = "utils/documentation_tests.txt"
_MODELS = "src/transformers/models/"
_PATH = re.compile(r"(docs|src)/\S+$")


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """A line behind the last smaller one, where the PyTorch file has a line too."""
    file = TextFile.open(tree, PATH)
    if file is None:
        return ()  # later releases have no such list
    lines = [file.line(i).strip() for i in range(len(file.lines))]
    for wanted in (located.names.tf_path, located.names.pt_path):
        found = [i + 1 for i, line in enumerate(lines) if line == wanted]
        if len(found) > 1:
            raise doubled(PATH, f"line `{wanted}`", found)
    exactly_one(
        [i for i, line in enumerate(lines) if _PATH.match(line)][:1], path=PATH, sought="path of a file to test"
    )
    if located.names.tf_path in lines:
        return (AlreadyDone(path=PATH, by=NAME),)
    if located.names.pt_path not in lines or not port.public:
        return (Absent(path=PATH, by=NAME, why="the examples of the PyTorch file are not run either"),)
    models = [i for i, line in enumerate(lines) if line.startswith(_MODELS)]
    smaller = [i for i in models if lines[i] < located.names.tf_path]
    file.insert(smaller[-1] + 1 if smaller else models[0], [located.names.tf_path])
    return (tree.plan(PATH, file.edited(), by=NAME, why="run the docstring examples"),)


REGISTRAR = Registrar(
    name=NAME,
    place="doctest-list",
    title="Documentation tests",
    doc="Lists the TensorFlow file in `documentation_tests.txt` (to 4.33), at its place in the order, where the PyTorch file is "
    "listed.",
    plan=plan,
)
