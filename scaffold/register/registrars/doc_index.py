"""Tick the model in the support table of the documentation's index.

Source: `docs/source/en/index.md` and `utils/check_table.py` of Transformers up to 4.49 (the table went in 0863eef248). All
rows whose models share a configuration class flip together.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import PythonFile, TextFile, doubled, exactly_one, missing
from scaffold.register.mappings import CONFIGURATION, names_by_key
from scaffold.register.registrar import Registrar

NAME = "doc-index"
PATHS = ("docs/source/en/index.md", "docs/source/en/index.mdx", "docs/source/index.mdx")
SCRIPT = "utils/check_table.py"
HEADER = "TensorFlow support"
YES, NO = "✅", "❌"

#: What the table counts as "the model has TensorFlow": an exported class of one of these kinds.
_COUNTED = re.compile(r"TF(.*)(?:Model|Encoder|Decoder|ForConditionalGeneration)")
_WORDS = re.compile(r".+?(?:(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|$)")


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """A tick for every row whose configuration class has an exported TensorFlow model."""
    path = next((p for p in PATHS if tree.read(p) is not None), PATHS[0])
    file = TextFile.open(tree, path)
    if file is None:
        return (Absent(path=path, by=NAME, why="the checkout has no documentation index"),)
    headers = [i for i in range(len(file.lines)) if HEADER in file.line(i) and file.line(i).lstrip().startswith("|")]
    if not headers:
        return (Absent(path=path, by=NAME, why="the index has no support table"),)
    header = exactly_one(headers, path=path, sought=f"table header with a column `{HEADER}`")
    ticked = titles(located, port, tree)
    if not ticked:
        return (Absent(path=path, by=NAME, why="the port exports no class that the table counts"),)
    _tick(file, header, ticked, _excluded(tree))
    return (tree.plan(path, file.edited(), by=NAME, why="tick TensorFlow support"),)


def titles(located: Located, port: Port, tree: Tree) -> list[str]:
    """Names of the rows, the located model's own first."""
    configs = names_by_key(tree, CONFIGURATION, "CONFIG_MAPPING_NAMES")
    shown = names_by_key(tree, CONFIGURATION, "MODEL_NAMES_MAPPING")
    prefixes = {config.replace("Config", "") for config in configs.values()}
    counted = {prefix for name in port.public if (prefix := _prefix(name, prefixes))}
    found = [shown[key] for key, config in configs.items() if config.replace("Config", "") in counted and key in shown]
    shared = [name for name, other in _shared(tree).items() if other in found]
    own = shown.get(located.names.model_type)
    return sorted({*found, *shared}, key=lambda title: (title != own, title))


def _prefix(name: str, prefixes: set[str]) -> str | None:
    """The configuration's prefix that the table derives from a class name, dropping words from its end."""
    match = _COUNTED.match(name)
    rest = match.group(1) if match else ""
    while rest and rest not in prefixes:
        rest = "".join([m.group() for m in _WORDS.finditer(rest) if m.group()][:-1])
    return rest or None


def _tick(file: TextFile, header: int, titles: Iterable[str], excluded: frozenset[str]) -> None:
    column = [cell.strip() for cell in file.line(header).split("|")].index(HEADER)
    rows = rows_by_title(file, header)
    for title in titles:
        lines = rows.get(title, [])
        if not lines and title in excluded:
            continue
        if not lines:
            raise missing(file.path, f"row of {title} in the support table")
        if len(lines) > 1:
            raise doubled(file.path, f"row of {title} in the support table", (line + 1 for line in lines))
        cells = file.line(lines[0]).split("|")
        if cells[column].strip() == NO:
            cells[column] = cells[column].replace(NO, YES)
            file.replace(lines[0], lines[0] + 1, ["|".join(cells)])


def rows_by_title(file: TextFile, header: int) -> dict[str, list[int]]:
    """Title → the lines of the support table below `header` that are about it."""
    rows: dict[str, list[int]] = {}
    index = header + 2
    while index < len(file.lines) and file.line(index).lstrip().startswith("|"):
        first = file.line(index).split("|")[1].strip()
        link = re.match(r"\[(.*)\]\(.*\)$", first)
        rows.setdefault(link.group(1) if link else first, []).append(index)
        index += 1
    return rows


def _shared(tree: Tree) -> dict[str, str]:
    """Rows that the table's script gives another model's support: `{"Llama2": "LLaMA"}`; since 18fbeec824 (4.35)."""
    file = PythonFile.open(tree, SCRIPT)
    for node in file.tree.body if file else []:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MODEL_NAMES_WITH_SAME_CONFIG":
            value = ast.literal_eval(node.value)
            return {str(name): str(other) for name, other in value.items()}
    return {}


def _excluded(tree: Tree) -> frozenset[str]:
    """Models that the table's script leaves out."""
    file = PythonFile.open(tree, SCRIPT)
    found: set[str] = set()
    for node in ast.walk(file.tree) if file else []:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
            "names_to_exclude",
            "MODEL_NAMES_TO_IGNORE",
        ):
            found.update(str(name) for name in ast.literal_eval(node.value))
    return frozenset(found)


REGISTRAR = Registrar(
    name=NAME,
    place="doc-index",
    title="Support table",
    doc="Flips the cell below “TensorFlow support” in the model's row and in every row that shares its configuration class.",
    plan=plan,
    where={"doc_index": "columns"},
)
