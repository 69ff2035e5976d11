"""Register the TensorFlow module in `models/<model>/__init__.py` of the form with `try … is_tf_available()` guards.

Source: Transformers 4.19 (df735d1317) to 4.47, and the models that kept it until 4.51.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import WIDTH, PythonFile, exactly_one
from scaffold.register.guards import (
    add_names,
    add_sorted,
    assign_lines,
    guard_test,
    import_lines,
    import_module_of,
    import_structure_key,
    tf_guards,
    type_checking,
)
from scaffold.register.ordering import import_order
from scaffold.register.registrar import Registrar

NAME = "model-init-guards"


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """The guarded block in both halves and the two imports they need."""
    path = f"{located.names.package_path}/__init__.py"
    file = PythonFile.open(tree, path)
    if file is None:
        return (Absent(path=path, by=NAME, why="the model's folder has no __init__"),)
    if "define_import_structure" in file.text:
        return ()
    if port.exported:
        _imports(file, located)
        _structure(file, located, port.exported)
        _typed(file, located, port.exported)
    return (tree.plan(path, file.edited(), by=NAME, why="let the lazy module find the TensorFlow file"),)


# --- the import of the availability test ------------------------------------------------------------------------------


def _imports(file: PythonFile, located: Located) -> None:
    found = [
        node
        for node in file.tree.body
        if isinstance(node, ast.ImportFrom) and node.level == 3 and node.module in ("utils", "file_utils")
    ]
    present = {alias.name for node in found for alias in node.names}
    names = ["OptionalDependencyNotAvailable", "is_tf_available"] if _raises(file, located) else ["is_tf_available"]
    wanted = [name for name in names if name not in present]
    if wanted:
        lazy = [node for node in found if any(alias.name == "_LazyModule" for alias in node.names)]
        node = exactly_one(lazy, path=file.path, sought="import of `_LazyModule` from `...utils`")
        _add_imports(file, node, wanted)


def _raises(file: PythonFile, located: Located) -> bool:
    """False where the PyTorch block is of the form `if is_torch_available():`, as in every file before 4.19."""
    anchor = _torch_block(file, file.tree.body, lambda node: import_structure_key(node) == located.names.module)
    return isinstance(anchor, ast.Try)


def _add_imports(file: PythonFile, node: ast.ImportFrom, wanted: Sequence[str]) -> None:
    names = [alias.name for alias in node.names]
    for name in wanted:
        position = next((i for i, n in enumerate(names) if import_order(n) > import_order(name)), len(names))
        names.insert(position, name)
    on_own_lines = len({alias.lineno for alias in node.names}) == len(node.names) > 1
    if on_own_lines:
        _insert_lines(file, node, names, wanted)
        return
    one_line = f"from ...{node.module} import {', '.join(names)}"
    exploded = [f"from ...{node.module} import (", *(f"    {name}," for name in names), ")"]
    file.replace_node(node, [one_line] if len(one_line) <= WIDTH else exploded)


def _insert_lines(file: PythonFile, node: ast.ImportFrom, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Leave the lines of an exploded import, and their comments, alone."""
    lines = {alias.name: alias.lineno - 1 for alias in node.names}
    last = max(lines.values())
    for name in names:
        if name in wanted:
            following = [lines[n] for n in names[names.index(name) + 1 :] if n in lines]
            file.insert(following[0] if following else last + 1, [f"    {name},"])


# --- the two guarded blocks -------------------------------------------------------------------------------------------


def _structure(file: PythonFile, located: Located, names: tuple[str, ...]) -> None:
    key = located.names.tf_module
    _block(
        file,
        file.tree.body,
        indent="",
        key=key,
        torch_key=located.names.module,
        key_of=import_structure_key,
        write=lambda all_names, indent: assign_lines(key, all_names, indent),
        names=names,
    )


def _typed(file: PythonFile, located: Located, names: tuple[str, ...]) -> None:
    key = located.names.tf_module
    collapsed = located.layout.value("init_imports") == "collapsed"
    _block(
        file,
        type_checking(file).body,
        indent="    ",
        key=key,
        torch_key=located.names.module,
        key_of=import_module_of,
        write=lambda all_names, indent: import_lines(f".{key}", all_names, indent, collapsed=collapsed),
        names=names,
    )


def _block(
    file: PythonFile,
    body: Sequence[ast.stmt],
    *,
    indent: str,
    key: str,
    torch_key: str,
    key_of: Callable[[ast.stmt], str | None],
    write: Callable[[Sequence[str], str], list[str]],
    names: Sequence[str],
) -> None:
    """One half: into the TensorFlow block that is there, or as a new block after that of the PyTorch file."""
    guards = tf_guards(body)
    if not guards:
        anchor = _torch_block(file, body, lambda node: key_of(node) == torch_key)
        lines = write(names, f"{indent}    ")
        file.insert_after(anchor, ["", *_guard_lines(indent, lines, raises=isinstance(anchor, ast.Try))])
        return
    exactly_one(
        [guard.node for guard in guards], path=file.path, sought="block guarded by `is_tf_available()` in one half"
    )
    inner = [node for node in guards[0].body if not isinstance(node, ast.Pass)]
    if not inner:
        file.replace_node(guards[0].body[0], write(names, f"{indent}    "))
        return
    inner_indent = file.indent_of(inner[0])
    present = [node for node in inner if key_of(node) == key]
    if present:
        node = exactly_one(present, path=file.path, sought=f"entry of `{key}` in one half")
        add_names(file, node, names, lambda all_names: write(all_names, inner_indent))
    else:
        add_sorted(file, inner, key, key_of, write(names, inner_indent))


def _torch_block(file: PythonFile, body: Sequence[ast.stmt], is_entry: Callable[[ast.stmt], bool]) -> ast.stmt:
    """The guarded block that registers the PyTorch file.

    Blocks of other backends that import from its module by mistake (Flax's of vision_text_dual_encoder until 4.27) do not count.
    """
    blocks = [
        node
        for node in body
        if isinstance(node, ast.Try | ast.If)
        and any(is_entry(inner) for inner in (node.orelse if isinstance(node, ast.Try) else node.body))
    ]
    torch = [node for node in blocks if "is_torch_available()" in (guard_test(node) or _condition(node))]
    return exactly_one(torch or blocks, path=file.path, sought="guarded block that registers the PyTorch module")


def _condition(node: ast.stmt) -> str:
    return ast.unparse(node.test) if isinstance(node, ast.If) else ""


def _guard_lines(indent: str, body: Sequence[str], *, raises: bool) -> list[str]:
    if not raises:
        return [f"{indent}if is_tf_available():", *body]
    return [
        f"{indent}try:",
        f"{indent}    if not is_tf_available():",
        f"{indent}        raise OptionalDependencyNotAvailable()",
        f"{indent}except OptionalDependencyNotAvailable:",
        f"{indent}    pass",
        f"{indent}else:",
        *body,
    ]


REGISTRAR = Registrar(
    name=NAME,
    place="model-init",
    title="Model `__init__` with guards",
    doc="Adds a block guarded by `is_tf_available()` after the PyTorch block in both halves, and the imports it needs.",
    plan=plan,
    where={"model_init": "guards"},
)
