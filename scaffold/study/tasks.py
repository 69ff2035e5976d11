"""What kinds of model a checkout knows: class → task, read from the auto mappings, and the families made of tasks."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.errors import ScaffoldError
from scaffold.locate.naming import MODELS, AutoTables, auto_tables, read_names
from scaffold.locate.reading import parse_source
from scaffold.locate.resolve import folders, lacking, stems

_AUTO = f"{MODELS}/auto/modeling_auto.py"
_AUTO_TF = f"{MODELS}/auto/modeling_tf_auto.py"

#: Family → the tasks that make it, most telling first. A file belongs to the first family one of whose tasks it has.
FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("detection and segmentation", ("OBJECT_DETECTION", "SEGMENTATION", "DEPTH_ESTIMATION")),
    ("vision and text", ("VISION_2_SEQ", "IMAGE_TEXT", "VISUAL_QUESTION", "ZERO_SHOT_IMAGE", "DOCUMENT_QUESTION")),
    ("audio", ("AUDIO", "CTC", "SPEECH", "SPECTROGRAM", "WAVEFORM")),
    ("vision", ("IMAGE_CLASSIFICATION", "MASKED_IMAGE", "BACKBONE", "VIDEO", "IMAGE_TO_IMAGE", "KEYPOINT")),
    ("encoder-decoder", ("SEQ_TO_SEQ",)),
    ("decoder", ("CAUSAL_LM",)),
    ("encoder", ("MASKED_LM", "SEQUENCE_CLASSIFICATION", "PRETRAINING", "QUESTION_ANSWERING")),
    ("time series", ("TIME_SERIES",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One PyTorch modelling file: its public classes (those of the auto mappings), tasks, family and number of lines."""

    folder: str
    stem: str
    title: str
    model_type: str
    classes: tuple[str, ...]
    tasks: tuple[str, ...]
    family: str
    lines: int


def tasks_of(root: Path, *, tensorflow: bool = False) -> dict[str, tuple[str, ...]]:
    """Class → tasks (`CAUSAL_LM`), from every mapping of the auto module; empty where the checkout lacks it."""
    path = _AUTO_TF if tensorflow else _AUTO
    if not (root / path).is_file():
        return {}
    found: dict[str, list[str]] = {}
    for node in ast.walk(parse_source(root, path)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            task = re.fullmatch(r"(?:TF_)?MODEL_(?:FOR_)?(\w*?)_?MAPPING_NAMES", node.targets[0].id)
            if task is not None:
                for value in ast.walk(node.value):
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        found.setdefault(value.value, []).append(task[1] or "BASE")
    return {name: tuple(dict.fromkeys(tasks)) for name, tasks in found.items()}


def family_of(tasks: tuple[str, ...]) -> str:
    """The family of a file with these tasks; `other` without any that tells."""
    for family, telling in FAMILIES:
        if any(part in task for part in telling for task in tasks):
            return family
    return "other"


def read_source(root: Path, folder: str, stem: str, tables: AutoTables, known: dict[str, tuple[str, ...]]) -> Source:
    """The facts of one file. LOC107 and LOC108 as for a port of it."""
    names, _, _ = read_names(root, folder, stem, tables)
    text = (root / names.pt_path).read_bytes().decode("utf-8")
    tree = parse_source(root, names.pt_path)
    classes = tuple(node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.name in known)
    tasks = tuple(dict.fromkeys(task for name in classes for task in known[name]))
    return Source(
        folder=folder,
        stem=stem,
        title=names.title,
        model_type=names.model_type,
        classes=classes,
        tasks=tasks,
        family=family_of(tasks),
        lines=text.count("\n"),
    )


def sources(root: Path, *, ported: bool = False) -> tuple[Source, ...]:
    """Every modelling file that lacks TensorFlow (or, with `ported`, that has it) and has a class in an auto mapping."""
    known, tables = tasks_of(root), auto_tables(root)
    found = []
    for folder in folders(root):
        without = lacking(root, folder)
        for stem in [s for s in stems(root, folder) if s not in without] if ported else without:
            try:
                source = read_source(root, folder, stem, tables, known)
            except ScaffoldError:  # not a model that can be ported, which is what this list is about
                continue
            if source.classes:
                found.append(source)
    return tuple(found)


def located_source(located: Located) -> Source:
    """The facts of a located model."""
    names, root = located.names, located.root
    return read_source(root, names.folder, names.stem, auto_tables(root), tasks_of(root))
