"""Take the registrations of hand-written ports out of a checkout, plan them anew, and compare with what people wrote.

Usage: `python benchmarks/replay_registration.py --repo path/to/transformers [--diff PLACE] [model …]`. Nothing is written: the
stripped files exist only on a `Tree`. Source of truth: the checkout's own registrations.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.edits import Tree
from scaffold.core.errors import ScaffoldError
from scaffold.core.port import Port
from scaffold.locate import locate
from scaffold.register import register
from scaffold.register.anchors import PythonFile, TextFile
from scaffold.register.check_lists import check_list
from scaffold.register.exports import defined, main_exports
from scaffold.register.guards import (
    import_module_of,
    import_structure_key,
    names_in,
    tf_guards,
    type_checking,
)
from scaffold.register.mappings import TF_MODELS, mappings
from scaffold.register.ordering import import_order
from scaffold.register.pages import entries, framework_blocks
from scaffold.register.registrars import doc_index, docstring_checks, dummies, main_init, repo_checks

Strip = Callable[[Located, Port, Tree], None]


def port_of(located: Located, tree: Tree) -> Port:
    """The port that the hand-written file is."""
    path = located.names.tf_path
    exported = main_exports(tree, located.names.folder)
    file = PythonFile.open(tree, path)
    derived: set[str] = {"TFPreTrainedModel"}
    for node in file.tree.body if file else []:
        if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id in derived for b in node.bases):
            derived.add(node.name)
    public = tuple(name for name in defined(tree, path) if name in exported)
    models = tuple(
        n for n in defined(tree, path) if n in derived and not n.endswith(("PreTrainedModel", "PretrainedModel"))
    )
    return Port(names=located.names, public=public, models=models)


def strip_main_init(located: Located, port: Port, tree: Tree) -> None:
    """Drop the names from both TensorFlow blocks, and statements left empty."""
    file = PythonFile.open(tree, main_init.PATH)
    assert file is not None
    key = f"models.{located.names.folder}"
    blocks = [tf_guards(file.tree.body), tf_guards(type_checking(file).body)]
    for node in [node for guards in blocks for guard in guards for node in guard.body]:
        if import_structure_key(node) == key or import_module_of(node) == key:
            drop_names(file, node, port)
    tree.plan(main_init.PATH, file.edited(), by="strip", why="")


def drop_names(file: PythonFile, node: ast.stmt, port: Port) -> None:
    """Remove the port's names from one statement; names on lines of their own only, else all of it."""
    rest = [name for name in names_in(node) if name not in port.public]
    if not rest:
        file.replace_node(node, [])
        return
    for index in range(node.lineno - 1, node.end_lineno or node.lineno):
        if file.line(index).strip().strip('",') in port.public:
            file.replace(index, index + 1, [])


def strip_model_init(located: Located, port: Port, tree: Tree) -> None:
    """Drop the TensorFlow module from both halves, with a guard that held nothing else, and the unused import."""
    path = f"{located.names.package_path}/__init__.py"
    file = PythonFile.open(tree, path)
    assert file is not None
    module = located.names.tf_module
    if "define_import_structure" in file.text:
        lines = [line for line in file.lines if line.strip() != f"from .{module} import *"]
        tree.plan(path, "\n".join(lines), by="strip", why="")
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
        strip_import(file)
    tree.plan(path, file.edited(), by="strip", why="")


def strip_import(file: PythonFile) -> None:
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


def strip_auto(located: Located, port: Port, tree: Tree) -> None:
    """Drop the rows that name nothing but the port's classes."""
    file = PythonFile.open(tree, TF_MODELS)
    assert file is not None
    for mapping in mappings(file):
        for row in mapping.rows:
            if (
                row.classes
                and set(row.classes) <= set(port.public)
                and mapping.items.lineno != mapping.items.end_lineno
            ):
                file.replace_node(row.node, [])
    tree.plan(TF_MODELS, file.edited(), by="strip", why="")


def strip_dummies(located: Located, port: Port, tree: Tree) -> None:
    """What the stripped main `__init__` would generate."""
    init = PythonFile.open(tree, main_init.PATH)
    assert init is not None
    tree.plan(dummies.PATH, dummies.generated(init), by="strip", why="")


def strip_page(located: Located, port: Port, tree: Tree) -> None:
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
    tree.plan(located.doc_page, "\n".join(lines).rstrip() + "\n", by="strip", why="")


def strip_index(located: Located, port: Port, tree: Tree) -> None:
    """Cross out the rows that the registrar would tick."""
    file = TextFile.open(tree, doc_index.PATHS[0])
    if file is None:
        return
    header = next(i for i in range(len(file.lines)) if doc_index.HEADER in file.line(i))
    column = [cell.strip() for cell in file.line(header).split("|")].index(doc_index.HEADER)
    for title in doc_index._titles(located, port, tree):
        for index in doc_index._rows(file, header).get(title, []):
            cells = file.line(index).split("|")
            cells[column] = cells[column].replace(doc_index.YES, doc_index.NO)
            file.replace(index, index + 1, ["|".join(cells)])
    tree.plan(doc_index.PATHS[0], file.edited(), by="strip", why="")


def strip_lists(located: Located, port: Port, tree: Tree) -> None:
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
            tree.plan(path, file.edited(), by="strip", why="")


STRIPS: tuple[Strip, ...] = (
    strip_main_init,
    strip_model_init,
    strip_auto,
    strip_dummies,
    strip_page,
    strip_index,
    strip_lists,
)


def verdict(before: str, after: str) -> str:
    """`identical`, `same lines` in another order or with other blank lines, or `differs`."""
    if before == after:
        return "identical"
    first, second = (sorted(line.strip() for line in text.split("\n") if line.strip()) for text in (before, after))
    return "same lines" if first == second else "differs"


def replay(located: Located, shown: str) -> dict[str, str]:
    """Place → verdict for one port; `error` holds the message of a registrar that refused."""
    tree = Tree(located.root)
    port = port_of(located, tree)
    original: dict[str, str] = {}
    for strip in STRIPS:
        strip(located, port, tree)
    stripped = [edit.path for edit in tree.edits()]
    try:
        outcomes = register(located, port, tree)
    except ScaffoldError as error:
        return {"error": str(error)}
    verdicts: dict[str, str] = {}
    for path in sorted({*stripped, *(outcome.path for outcome in outcomes)}):
        file = located.root / path
        original[path] = file.read_bytes().decode("utf-8") if file.is_file() else ""
        after = tree.read(path) or ""
        place = (
            "model page"
            if "model_doc" in path
            else "model __init__"
            if path.startswith("src/transformers/models/")
            else path
        )
        place = TF_MODELS if path == TF_MODELS else place
        verdicts[place] = verdict(original[path], after)
        if shown and shown in path and original[path] != after:
            lines = difflib.unified_diff(original[path].splitlines(True), after.splitlines(True), path, "planned", n=1)
            sys.stdout.writelines(lines)
    return verdicts


def main() -> None:
    """Print one line a place with counts, and the ports that differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--diff", default="", help="print the differences of paths that contain this text")
    parser.add_argument("models", nargs="*")
    arguments = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    different: dict[str, list[str]] = {}
    ports = 0
    for path in sorted(arguments.repo.glob("src/transformers/models/*/modeling_tf_*.py")):
        folder, stem = path.parent.name, path.stem.removeprefix("modeling_tf_")
        if folder in ("auto", "deprecated") or (arguments.models and folder not in arguments.models):
            continue
        try:
            located = locate(arguments.repo, folder, stem=stem, ported_ok=True)
        except ScaffoldError as error:
            print(f"{stem}: not located: {error}")
            continue
        ports += 1
        for place, found in replay(located, arguments.diff).items():
            counts.setdefault(place, Counter())[found if place != "error" else "refused"] += 1
            if found != "identical":
                different.setdefault(place, []).append(f"{stem}: {found}" if place == "error" else f"{stem} ({found})")
    print(f"{ports} hand-written ports")
    for place, counter in sorted(counts.items()):
        print(f"{place}: " + ", ".join(f"{n} {name}" for name, n in counter.most_common()))
        for line in different.get(place, []):
            print(f"    {line}")


if __name__ == "__main__":
    main()
