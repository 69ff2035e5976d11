"""Read back what a port in a clone consists of, from its TensorFlow file and the exports; hand-written ports too."""

from __future__ import annotations

import ast
import re

from scaffold.core.checkout import Located
from scaffold.core.port import Port
from scaffold.locate.reading import parse_source, read_source

TOP = "src/transformers/__init__.py"


def _bases(node: ast.ClassDef) -> list[str]:
    return [base.id if isinstance(base, ast.Name) else getattr(base, "attr", "") for base in node.bases]


def _exported(located: Located, tree: ast.Module) -> set[str]:
    """Names in quotation marks or import lists of the main `__init__`, and the file's own `__all__`."""
    names = set(re.findall(r"\bTF\w+\b", read_source(located.root, TOP)))
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
            names |= {c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
    return names


def port_of(located: Located) -> Port:
    """The port's classes: exported ones, and those that are complete models."""
    tree = parse_source(located.root, located.names.tf_path)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    pretrained = {"TFPreTrainedModel"}
    for node in classes:  # a base stands before what derives from it
        if pretrained & set(_bases(node)) or any(base.endswith("PreTrainedModel") for base in _bases(node)):
            pretrained.add(node.name)
    exported = _exported(located, tree)
    models = tuple(
        node.name for node in classes if node.name in pretrained and not re.search(r"Pre[Tt]rained", node.name)
    )
    public = tuple(node.name for node in classes if node.name in exported)
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    # to 4.39 a file exports the list of its checkpoints beside its classes
    constants = tuple(t.id for t in targets if isinstance(t, ast.Name) and t.id in exported and t.id.isupper())
    return Port(names=located.names, public=public, models=models, constants=constants)
