"""Make the auto class that a head lacks: `TFAutoModelFor…` with its mapping, exports and documentation.

Only on request (`--new-auto-classes`): the usual port exempts such a class in `check_repo.py` instead, and six of 35
hand-written ones made the mapping. Source: eras.md §4; a mapping needs its `_NAMES`, the lazy twin, the class, both halves of
two `__init__` files, and the page of the auto classes. From 4.52 the exports follow the module's `__all__`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import WIDTH, PythonFile, TextFile, exactly_one
from scaffold.register.guards import (
    add_names,
    assign_lines,
    import_lines,
    import_module_of,
    import_structure_key,
    tf_guards,
    type_checking,
)
from scaffold.register.mappings import AUTO, MODELS, TF_MODELS, mappings
from scaffold.register.ordering import list_order
from scaffold.register.pages import entries
from scaffold.register.registrar import Registrar
from scaffold.register.registrars import main_init
from scaffold.register.registrars.auto_mappings import tf_rows

NAME = "auto-classes"
_PAGES = ("docs/source/en/model_doc/auto.md", "docs/source/en/model_doc/auto.mdx", "docs/source/model_doc/auto.mdx")


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoClass:
    """An auto class of PyTorch whose TensorFlow twin is missing."""

    name: str
    mapping: str  # MODEL_FOR_CTC_MAPPING
    update: str  # the arguments of auto_class_update behind the class, as source
    heads: tuple[str, ...]  # the port's classes that only it could find

    @property
    def names(self) -> tuple[str, str]:
        """What is exported: the mapping and the class."""
        return f"TF_{self.mapping}", f"TF{self.name}"


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """The missing auto classes, or a line that says which are missing."""
    file, source = PythonFile.open(tree, TF_MODELS), PythonFile.open(tree, MODELS)
    if file is None or source is None or not any(m.name.endswith("_MAPPING_NAMES") for m in mappings(file)):
        return ()  # the registrar of the mappings says so
    wanted = missing_classes(file, source, port, every=port.new_auto_classes)
    if not wanted:
        return ()
    if not port.new_auto_classes:
        names = ", ".join(f"TF{auto.name} for {', '.join(auto.heads)}" for auto in wanted)
        return (Absent(path=TF_MODELS, by=NAME, why=f"there is no {names} (--new-auto-classes makes it)"),)
    for auto in wanted:
        _define(file, auto)
    names_ = tuple(name for auto in wanted for name in auto.names)
    _add_to_all(file, names_)
    why = "make the auto class that a head needs"
    planned = [(TF_MODELS, file.edited()), *_exports(located, tree, names_), *_documented(tree, wanted)]
    return tuple(tree.plan(path, text, by=NAME, why=why) for path, text in planned)


def missing_classes(file: PythonFile, source: PythonFile, port: Port, *, every: bool) -> list[AutoClass]:
    """The auto classes that the PyTorch twins of the port's heads have and TensorFlow lacks.

    Those without which a head is in no mapping at all, or `every` one.
    """
    ours = {mapping.name for mapping in mappings(file)}
    rows = tf_rows(source, port)
    placed = {name for mapping in ours & set(rows) for _, classes in rows[mapping] for name in classes}
    found = []
    for mapping, class_name, update in _auto_classes(source):
        asked = rows.get(f"TF_{mapping}_NAMES", []) if f"TF_{mapping}_NAMES" not in ours else []
        heads = tuple(dict.fromkeys(name for _, classes in asked for name in classes if every or name not in placed))
        if heads:
            found.append(AutoClass(name=class_name, mapping=mapping, update=update, heads=heads))
    return found


def _auto_classes(source: PythonFile) -> list[tuple[str, str, str]]:
    """(mapping, class, arguments of its update) of every auto class of a module."""
    updates = {
        ast.unparse(node.targets[0]): ", ".join(ast.unparse(keyword) for keyword in node.value.keywords)
        for node in source.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "auto_class_update"
    }
    found = []
    for node in source.tree.body:
        for item in node.body if isinstance(node, ast.ClassDef) and node.name.startswith("AutoModelFor") else ():
            if isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == "_model_mapping":
                assert isinstance(node, ast.ClassDef)
                found.append((ast.unparse(item.value), node.name, updates.get(node.name, "")))
    return found


def _define(file: PythonFile, auto: AutoClass) -> None:
    """The empty mapping (the registrar of the mappings fills it), its lazy twin and the class."""
    mapping, name = auto.names
    file.insert_after(mappings(file)[-1].node, ["", f"{mapping}_NAMES = OrderedDict([])"])
    lazy = exactly_one(_calls(file, "_LazyAutoMapping")[-1:], path=file.path, sought="`… = _LazyAutoMapping(…)`")
    one_line = f"{mapping} = _LazyAutoMapping(CONFIG_MAPPING_NAMES, {mapping}_NAMES)"
    exploded = [f"{mapping} = _LazyAutoMapping(", f"    CONFIG_MAPPING_NAMES, {mapping}_NAMES", ")"]
    file.insert_after(lazy, [one_line] if len(one_line) <= WIDTH else exploded)
    update = exactly_one(_calls(file, "auto_class_update")[-1:], path=file.path, sought="`… = auto_class_update(…)`")
    arguments = ", ".join(part for part in (name, auto.update.replace("'", '"')) if part)
    line = f"{name} = auto_class_update({arguments})"
    updated = [line] if len(line) <= WIDTH else [f"{name} = auto_class_update(", f"    {arguments}", ")"]
    head = ["", "", f"class {name}(_BaseAutoModelClass):", f"    _model_mapping = {mapping}", "", ""]
    file.insert_after(update, [*head, *updated])


def _calls(file: PythonFile, function: str) -> list[ast.Assign]:
    return [
        node
        for node in file.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == function
    ]


def _add_to_all(file: PythonFile, names: tuple[str, ...]) -> None:
    """`__all__`, one name a line, which modules have since 54a123f068 (4.52)."""
    lists = [n for n in file.tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    if not lists:
        return
    value = exactly_one(lists, path=file.path, sought="`__all__`").value
    elements = [e for e in getattr(value, "elts", []) if isinstance(e, ast.Constant)]
    for name in sorted(names, key=list_order):
        greater = [e for e in elements if list_order(str(e.value)) > list_order(name)]
        line = greater[0].lineno - 1 if greater else (value.end_lineno or value.lineno) - 1
        file.insert(line, [f'    "{name}",'])


def _exports(located: Located, tree: Tree, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Both halves of the main `__init__` and of the auto package's, where they are lists."""
    found = []
    collapsed = located.layout.value("init_imports") == "collapsed"
    init = PythonFile.open(tree, main_init.PATH)
    if init is not None and "define_import_structure(" not in init.text:
        main_init.export(init, "models.auto", names, collapsed=collapsed)
        found.append((main_init.PATH, init.edited()))
    path, key = f"{AUTO}/__init__.py", "modeling_tf_auto"
    package = PythonFile.open(tree, path)
    if package is None or "define_import_structure" in package.text:
        return found
    for body, key_of in ((package.tree.body, import_structure_key), (type_checking(package).body, import_module_of)):
        nodes = [node for guard in tf_guards(body) for node in guard.body if key_of(node) == key]
        node = exactly_one(nodes, path=path, sought=f"TensorFlow entry of `{key}` in one half")
        indent = package.indent_of(node)
        if key_of is import_structure_key:
            add_names(package, node, names, lambda every, indent=indent: assign_lines(key, every, indent))  # type: ignore[misc]
        else:
            add_names(
                package,
                node,
                names,
                lambda every, indent=indent: import_lines(f".{key}", every, indent, collapsed=collapsed),  # type: ignore[misc]
            )
    return [*found, (path, package.edited())]


def _documented(tree: Tree, wanted: list[AutoClass]) -> list[tuple[str, str]]:
    """A section behind that of the PyTorch auto class."""
    path = next((p for p in _PAGES if tree.read(p) is not None), None)
    page = TextFile.open(tree, path) if path else None
    if path is None or page is None:
        return []
    for auto in wanted:
        found = [entry for entry in entries(page) if entry.name == auto.name]
        entry = exactly_one(found, path=path, sought=f"`[[autodoc]] {auto.name}`")
        marks = re.match(r"#+", page.line(entry.start))
        heading = marks.group() if marks else "###"
        page.insert(entry.end, ["", f"{heading} TF{auto.name}", "", f"[[autodoc]] TF{auto.name}"])
    return [(path, page.edited())]


REGISTRAR = Registrar(
    name=NAME,
    place="auto-classes",
    title="New auto classes",
    doc="With `--new-auto-classes`: makes `TFAutoModelFor…` and its mapping where a head has none, exports and documents them. "
    "Without, the head is exempt in `check_repo.py` and this place says what is missing.",
    plan=plan,
)
