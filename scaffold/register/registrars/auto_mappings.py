"""Put the port into the auto classes: `models/auto/modeling_tf_auto.py`.

Source: the `TF_…_MAPPING_NAMES` of Transformers 4.20 to 4.57, sorted by key since ddb1a47ec8 (4.20). The rule, which
nearly all hand-written ports follow: every PyTorch mapping that has a TensorFlow twin gives its row, classes renamed.
"""

from __future__ import annotations

from collections.abc import Sequence

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.port import Port
from scaffold.register.anchors import WIDTH, PythonFile, exactly_one, missing
from scaffold.register.mappings import MODELS, TF_MODELS, Mapping, Row, mappings
from scaffold.register.registrar import Registrar

NAME = "auto-mappings"


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """A row in every TensorFlow mapping whose PyTorch twin names a ported class."""
    file = PythonFile.open(tree, TF_MODELS)
    source = PythonFile.open(tree, MODELS)
    if file is None or source is None:
        path = TF_MODELS if file is None else MODELS
        return (Absent(path=path, by=NAME, why="the checkout has no such auto module"),)
    rows = tf_rows(source, port)
    ours = mappings(file)
    if not any(mapping.name.endswith("_MAPPING_NAMES") for mapping in ours):
        # Before 9870093f7b (4.10) the mappings were from configuration to class, both imported.
        raise missing(TF_MODELS, "mapping of the form `TF_…_MAPPING_NAMES = OrderedDict([…])`")
    for name in sorted({m.name for m in ours} & set(rows)):
        mapping = exactly_one([m for m in ours if m.name == name], path=TF_MODELS, sought=f"definition of `{name}`")
        _add(file, mapping, rows[name])
    return (tree.plan(TF_MODELS, file.edited(), by=NAME, why="let the TensorFlow auto classes find the port"),)


def tf_rows(source: PythonFile, port: Port) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """TensorFlow mapping name → rows `(key, classes)` that the PyTorch mappings ask for, twin mapping or not."""
    twins = {port.pt_name(name): name for name in port.public}
    wanted: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for mapping in mappings(source):
        for row in mapping.rows:
            classes = tuple(twins[name] for name in row.classes if name in twins)
            if classes:
                wanted.setdefault(f"TF_{mapping.name}", []).append((row.key, classes))
    return wanted


def _add(file: PythonFile, mapping: Mapping, rows: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    new = []
    for key, classes in rows:
        present = [row for row in mapping.rows if row.key == key]
        if not present:
            new.append((key, classes))
        elif not set(classes) <= set(present[0].classes):
            _conflict(mapping, present[0], classes)
    if not new:
        return
    if mapping.items.lineno == mapping.items.end_lineno:
        _explode(file, mapping, new)
        return
    for key, classes in sorted(new):
        smaller = [row for row in mapping.rows if row.key < key]
        if smaller:
            file.insert_after(smaller[-1].node, _lines(key, classes))
        elif mapping.rows:
            file.insert_before(mapping.rows[0].node, _lines(key, classes))
        else:
            file.insert((mapping.items.end_lineno or 1) - 1, _lines(key, classes))


def _conflict(mapping: Mapping, row: Row, classes: tuple[str, ...]) -> None:
    raise ScaffoldError(
        "REG104",
        f"{TF_MODELS}:{row.node.lineno}: `{mapping.name}` maps {row.key!r} to {', '.join(row.classes)}, "
        f"the port would map it to {', '.join(classes)}",
        "Decide which class belongs there and edit the row by hand, or remove it.",
        exit_code=ExitCode.CONFLICT,
    )


def _explode(file: PythonFile, mapping: Mapping, new: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    """Rewrite a mapping that stands on one line, one row a line."""
    rows = sorted([*((row.key, row.classes) for row in mapping.rows), *new])
    body = [line for key, classes in rows for line in _lines(key, classes)]
    file.replace_node(mapping.node, [f"{mapping.name} = OrderedDict(", "    [", *body, "    ]", ")"])


def _lines(key: str, classes: tuple[str, ...]) -> list[str]:
    """One row as the formatter writes it; a row that needs several lines starts with a lone bracket."""
    quoted = ", ".join(f'"{name}"' for name in classes)
    value = quoted if len(classes) == 1 else f"({quoted})"
    one_line = f'        ("{key}", {value}),'
    if len(one_line) <= WIDTH:
        return [one_line]
    if len(f"            {value},") <= WIDTH:
        return ["        (", f'            "{key}",', f"            {value},", "        ),"]
    names = [f'                "{name}",' for name in classes]
    return ["        (", f'            "{key}",', "            (", *names, "            ),", "        ),"]


REGISTRAR = Registrar(
    name=NAME,
    place="auto-mappings",
    title="Auto mappings",
    doc="For every PyTorch mapping that has a TensorFlow twin and names one of the ported classes, adds the same row with "
    "the TensorFlow classes, in the sorted order. Several model types may share a class; each gets its row.",
    plan=plan,
    after=("auto-classes",),
)
