"""Take a port out of every place that names it, and its files away: the checkout as it was before somebody wrote the port.

Planned on a `Tree` like everything else. What remains of a place is what its registrar would find there for a new model; the
order of things and blank lines may differ from what a person once found.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from scaffold.core.checkout import Located
from scaffold.core.edits import Tree
from scaffold.core.port import Port
from scaffold.register.anchors import PythonFile, TextFile
from scaffold.register.check_lists import check_list
from scaffold.register.exports import defined
from scaffold.register.guards import import_module_of, import_structure_key, names_in, tf_guards, type_checking
from scaffold.register.mappings import TF_MODELS, mappings
from scaffold.register.ordering import import_order
from scaffold.register.pages import entries, framework_blocks
from scaffold.register.registrars import doc_index, docstring_checks, doctest_list, dummies, main_init, repo_checks

BY = "remove"
_WHY = "the existing TensorFlow port is taken away first"

Strip = Callable[[Located, Port, Tree], None]


def unregister(located: Located, port: Port, tree: Tree) -> None:
    """Plan the removal of the port's entries in all places; one that the checkout lacks has none."""
    port = replace(port, public=(*port.public, *port.constants))
    for strip in _STRIPS:
        strip(located, port, tree)


def remove(located: Located, port: Port, tree: Tree) -> None:
    """Plan the removal of the port: its entries, its TensorFlow file and its test file."""
    unregister(located, port, tree)
    for path in (located.names.tf_path, located.names.tf_test_path):
        tree.plan(path, None, by=BY, why=_WHY)


def _strip_main_init(located: Located, port: Port, tree: Tree) -> None:
    """Drop the names from both TensorFlow blocks, and statements left empty."""
    file = PythonFile.open(tree, main_init.PATH)
    if file is None or not tf_guards(file.tree.body):
        return  # the names are derived from the files
    key = f"models.{located.names.folder}"
    blocks = [tf_guards(file.tree.body), tf_guards(type_checking(file).body)]
    for node in [node for guards in blocks for guard in guards for node in guard.body]:
        if import_structure_key(node) == key or import_module_of(node) == key:
            _drop_names(file, node, port)
    tree.plan(main_init.PATH, file.edited(), by=BY, why=_WHY)


def _drop_names(file: PythonFile, node: ast.stmt, port: Port) -> None:
    """Remove the port's names from one statement; names on lines of their own only, else all of it."""
    rest = [name for name in names_in(node) if name not in port.public]
    if not rest:
        file.replace_node(node, [])
        return
    for index in range(node.lineno - 1, node.end_lineno or node.lineno):
        if file.line(index).strip().strip('",') in port.public:
            file.replace(index, index + 1, [])


def _strip_model_init(located: Located, port: Port, tree: Tree) -> None:
    """Drop the TensorFlow module from both halves, with a guard that held nothing else, and the unused import."""
    path = f"{located.names.package_path}/__init__.py"
    file = PythonFile.open(tree, path)
    if file is None:
        return
    module = located.names.tf_module
    if "define_import_structure" in file.text:
        lines = [line for line in file.lines if line.strip() != f"from .{module} import *"]
        tree.plan(path, "\n".join(lines), by=BY, why=_WHY)
        return
    alone = True
    for body in (file.tree.body, type_checking(file).body):
        for guard in tf_guards(body):
            ours = [n for n in guard.body if import_structure_key(n) == module or import_module_of(n) == module]
            if ours and len(ours) == len(guard.body):
                end = guard.node.end_lineno or guard.node.lineno
                blank = 1 if not file.line(end).strip() else 0
                file.replace(guard.node.lineno - 1, end + blank, [])
                continue
            alone = alone and not guard.body
            for node in ours:
                file.replace_node(node, [])
    if alone:
        _strip_import(file)
    tree.plan(path, file.edited(), by=BY, why=_WHY)


def _strip_import(file: PythonFile) -> None:
    """Take `is_tf_available` out of the import and let it collapse as the formatter would."""
    for node in file.tree.body:
        if isinstance(node, ast.ImportFrom) and "is_tf_available" in names_in(node):
            names = [name for name in names_in(node) if name != "is_tf_available"]
            line = f"from {'.' * node.level}{node.module} import {', '.join(names)}"
            if names != sorted(names, key=import_order) or len(line) > 119 or node.lineno != node.end_lineno:
                index = next(a.lineno for a in node.names if a.name == "is_tf_available") - 1
                file.replace(index, index + 1, [])
            else:
                file.replace_node(node, [line])


def _strip_auto(located: Located, port: Port, tree: Tree) -> None:
    """Drop the rows that name nothing but the port's classes."""
    file = PythonFile.open(tree, TF_MODELS)
    if file is None:
        return
    for mapping in mappings(file):
        for row in mapping.rows:
            if (
                row.classes
                and set(row.classes) <= set(port.public)
                and mapping.items.lineno != mapping.items.end_lineno
            ):
                file.replace_node(row.node, [])
    tree.plan(TF_MODELS, file.edited(), by=BY, why=_WHY)


def _strip_dummies(located: Located, port: Port, tree: Tree) -> None:
    """What the stripped main `__init__` would generate."""
    init = PythonFile.open(tree, main_init.PATH)
    present = tree.read(dummies.PATH)
    if init is None or present is None or not tf_guards(init.tree.body):
        return
    tree.plan(dummies.PATH, dummies.generated(init, present), by=BY, why=_WHY)


def _strip_page(located: Located, port: Port, tree: Tree) -> None:
    """Drop the sections, and a `<tf>` block left empty."""
    file = TextFile.open(tree, located.doc_page) if located.doc_page else None
    if file is None or located.doc_page is None:
        return
    page = entries(file)
    ours = [entry for entry in page if entry.name in port.public]
    blocks = [b for b in framework_blocks(file) if b.tf_start is not None and b.tf_end is not None]
    gone: list[tuple[int, int]] = []
    for block in blocks:
        inside = [e for e in page if (block.tf_start or 0) < e.line < (block.tf_end or 0)]
        if inside and all(e in ours for e in inside):
            gone.append((block.tf_start or 0, (block.tf_end or 0) + 1))
    for entry in ours:
        if not any(start <= entry.line < end for start, end in gone):
            end = entry.end
            while end < len(file.lines) - 1 and not file.line(end).strip():
                end += 1
            gone.append((entry.start, end))
    lines = [line for i, line in enumerate(file.lines) if not any(start <= i < end for start, end in gone)]
    tree.plan(located.doc_page, "\n".join(lines).rstrip() + "\n", by=BY, why=_WHY)


def _strip_index(located: Located, port: Port, tree: Tree) -> None:
    """Cross out the rows that the registrar would tick."""
    path = next((path for path in doc_index.PATHS if tree.exists(path)), "")
    file = TextFile.open(tree, path) if path else None
    header = next((i for i, line in enumerate(file.lines) if doc_index.HEADER in line), None) if file else None
    if file is None or header is None:
        return
    column = [cell.strip() for cell in file.line(header).split("|")].index(doc_index.HEADER)
    for title in doc_index.titles(located, port, tree):
        for index in doc_index.rows_by_title(file, header).get(title, []):
            cells = file.line(index).split("|")
            cells[column] = cells[column].replace(doc_index.YES, doc_index.NO)
            file.replace(index, index + 1, ["|".join(cells)])
    tree.plan(path, file.edited(), by=BY, why=_WHY)


def _strip_lists(located: Located, port: Port, tree: Tree) -> None:
    """Drop the port's names from the check scripts' lists."""
    ours = {*port.public, *port.models, *defined(tree, located.names.tf_path)}
    for path, names in (
        (repo_checks.PATH, ("PRIVATE_MODELS", "IGNORE_NON_TESTED", "IGNORE_NON_AUTO_CONFIGURED")),
        (repo_checks.PATH, ("OBJECT_TO_SKIP_IN_MAIN_INIT_CHECK",)),
        (docstring_checks.PATH, (docstring_checks.LIST,)),
    ):
        file = PythonFile.open(tree, path)
        for name in names if file else ():
            found = check_list(file, name) if file else None
            for element in found.literal.elts if found else []:
                if file and isinstance(element, ast.Constant) and element.value in ours:
                    file.replace_node(element, [])
        if file:
            tree.plan(path, file.edited(), by=BY, why=_WHY)


def _strip_doctests(located: Located, port: Port, tree: Tree) -> None:
    """Drop the file from the list of those whose examples are run."""
    file = TextFile.open(tree, doctest_list.PATH)
    if file is not None:
        lines = [line for line in file.lines if line.strip() != located.names.tf_path]
        tree.plan(doctest_list.PATH, "\n".join(lines), by=BY, why=_WHY)


_STRIPS: tuple[Strip, ...] = (
    _strip_main_init,
    _strip_model_init,
    _strip_auto,
    _strip_dummies,
    _strip_page,
    _strip_index,
    _strip_lists,
    _strip_doctests,
)
