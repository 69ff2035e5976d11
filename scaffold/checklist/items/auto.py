"""G26: the classes in the Auto mappings.

Rule: for every PyTorch mapping that has a TensorFlow twin, the model's row is repeated with each class prefixed `TF`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scaffold.checklist.classes import leaf
from scaffold.checklist.item import Item, Verdict, failed, manual, passed, skipped
from scaffold.checklist.repo_rules import listed
from scaffold.checklist.subject import SourceFile, Subject

PT_AUTO = "src/transformers/models/auto/modeling_auto.py"
TF_AUTO = "src/transformers/models/auto/modeling_tf_auto.py"

#: mapping → model type → (classes, line)
Mappings = dict[str, dict[str, tuple[tuple[str, ...], int]]]


def mappings(file: SourceFile | None) -> Mappings:
    """The `…_MAPPING_NAMES` dictionaries of an auto module."""
    found: Mappings = {}
    for node in file.tree.body if file else ():
        if isinstance(node, ast.Assign) and leaf(node.targets[0]).endswith("MAPPING_NAMES"):
            found[leaf(node.targets[0])] = dict(_rows(node.value))
    return found


def _rows(node: ast.expr) -> Iterator[tuple[str, tuple[tuple[str, ...], int]]]:
    items = node.args[0] if isinstance(node, ast.Call) and node.args else node
    for row in items.elts if isinstance(items, ast.List | ast.Tuple) else ():
        if isinstance(row, ast.Tuple) and len(row.elts) == 2 and isinstance(row.elts[0], ast.Constant):
            classes = tuple(c.value for c in ast.walk(row.elts[1]) if isinstance(c, ast.Constant))
            yield str(row.elts[0].value), (tuple(map(str, classes)), row.lineno)


def registered(subject: Subject) -> dict[str, str]:
    """The port's classes that are in a mapping, each with its first place."""
    found: dict[str, str] = {}
    for mapping, rows in mappings(subject.parsed(TF_AUTO)).items():
        for model_type, (classes, line) in rows.items():
            for name in classes:
                if name in subject.port.classes:
                    found.setdefault(name, f'{TF_AUTO}:{line} {mapping}["{model_type}"] = {name}')
    return found


def _judge(subject: Subject) -> Verdict:
    pt, tf = subject.parsed(PT_AUTO), subject.parsed(TF_AUTO)
    if pt is None or tf is None:
        return skipped(f"{PT_AUTO} or {TF_AUTO} is missing or does not parse")
    have, good = mappings(tf), registered(subject)
    exempt = listed(subject, "IGNORE_NON_AUTO_CONFIGURED")
    missing: dict[bool, list[str]] = {True: [], False: []}
    for mapping, model_type, name in _wanted(subject, mappings(pt), set(have)):
        if name not in have[f"TF_{mapping}"].get(model_type, ((), 0))[0] and name not in exempt:
            needed = name not in good or _names_head(mapping, name)
            missing[needed].append(f'{TF_AUTO}: TF_{mapping}["{model_type}"] lacks {name}')
    if missing[True]:
        return failed(missing[True] + missing[False], "Add the rows, sorted by model type.")
    if missing[False]:
        return manual(missing[False], "Decide whether TensorFlow needs these further rows that PyTorch has.")
    if not good:
        return skipped("no PyTorch class of the file is in a mapping that has a TensorFlow twin")
    return passed(*good.values())


def _names_head(mapping: str, name: str) -> bool:
    """The mapping is the one that the class's own name asks for: MODEL_FOR_MASKED_LM and TFXForMaskedLM."""
    task = mapping.removeprefix("MODEL_").removesuffix("MAPPING_NAMES").replace("_", "").lower()
    return not task or name.lower().endswith(task)


def _wanted(subject: Subject, pt: Mappings, have: set[str]) -> Iterator[tuple[str, str, str]]:
    for mapping, rows in pt.items():
        row = rows.get(subject.names.model_type)
        if row is None or f"TF_{mapping}" not in have:
            continue
        for name in row[0]:
            if f"TF{name}" in subject.port.classes:
                yield mapping, subject.names.model_type, f"TF{name}"


ITEMS = (Item(code="CHK133", title="Auto classes know the model", requirements=("G26",), judge=_judge),)
