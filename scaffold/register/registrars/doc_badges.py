"""Show the TensorFlow badge at the top of the model's page.

Source: the pages of Transformers 4.50 (c0f8d055ce, which deleted the support table) to 4.55. Two hosts: a row below the title,
and, in redesigned pages (d253de6d58), an indented block above it. Only the line is added: a Flax badge beside it holds an
image of 3 kB and stays as it is.
"""

from __future__ import annotations

import re

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import TextFile, doubled, exactly_one
from scaffold.register.registrar import Registrar

NAME = "doc-badges"
BADGE = '<img alt="TensorFlow" src="https://img.shields.io/badge/TensorFlow-FF6F00?style=flat&logo=tensorflow&logoColor=white">'
_FRAMEWORK = re.compile(r'\s*<img alt="(PyTorch|TensorFlow|Flax|JAX)"')
_PYTORCH = re.compile(r'(\s*)<img alt="PyTorch" src="https://img\.shields\.io/')
_TENSORFLOW = re.compile(r'\s*<img alt="TensorFlow"')


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """The badge behind PyTorch's, in the same column."""
    path = located.doc_page
    file = TextFile.open(tree, path) if path else None
    if path is None or file is None:
        return ()  # the model page's own registrar says so
    lines = range(len(file.lines))
    if not any(_FRAMEWORK.match(file.line(i)) for i in lines):
        if located.layout.value("doc_index") == "columns":
            return ()
        return (Absent(path=path, by=NAME, why="the page has no framework badges"),)
    present = [i for i in lines if _TENSORFLOW.match(file.line(i))]
    if len(present) > 1:
        raise doubled(path, "TensorFlow badge", (i + 1 for i in present))
    if not present and port.public:
        badges = [i for i in lines if _PYTORCH.match(file.line(i))]
        anchor = exactly_one(badges, path=path, sought="PyTorch badge")
        indent = file.line(anchor)[: len(file.line(anchor)) - len(file.line(anchor).lstrip())]
        file.insert(anchor + 1, [indent + BADGE])
    return (tree.plan(path, file.edited(), by=NAME, why="show the TensorFlow badge"),)


REGISTRAR = Registrar(
    name=NAME,
    place="doc-badges",
    title="Badge of the model page",
    doc="Adds the TensorFlow badge behind PyTorch's at the top of the page, in the same column.",
    plan=plan,
    after=("doc-page", "doc-credit"),
)
