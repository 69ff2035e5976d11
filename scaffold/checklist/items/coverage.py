"""What of the PyTorch file has a twin: public classes, losses, and the repository lists that want to know of exceptions."""

from __future__ import annotations

import ast
import re

from scaffold.checklist.classes import PRETRAINED, Function, leaf, parameters
from scaffold.checklist.exports import expected_tf_classes, public_pt_classes
from scaffold.checklist.item import Item, Verdict, failed, manual, passed, skipped, verdict
from scaffold.checklist.items.auto import TF_AUTO, mappings, registered
from scaffold.checklist.repo_rules import CHECK_REPO, listed
from scaffold.checklist.subject import SourceFile, Subject


def _twins(subject: Subject) -> Verdict:
    public = public_pt_classes(subject)
    if subject.pt is None or not public:
        return skipped(f"{subject.names.pt_path} has no exported class")
    defined = set(subject.port.classes) | _imported_names(subject.port)
    missing = [n for n in public if f"TF{n}" not in defined and not re.search("Pre[Tt]rained", n)]
    if len(missing) == len(public):
        return failed([f"{subject.port.path}: no public PyTorch class has a twin"], "Port the classes.")
    if missing:
        return manual(
            [subject.pt.at(subject.pt.classes[name].node.lineno, f"{name} has no TF{name}") for name in missing],
            "Port these classes too, or say in the pull request why TensorFlow does without them.",
        )
    return passed(f"{subject.port.path}: all {len(public)} public PyTorch classes have a twin")


def _imported_names(file: SourceFile) -> set[str]:
    imports = (node for node in ast.walk(file.tree) if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name for node in imports for alias in node.names}


def _losses(subject: Subject) -> Verdict:
    port = subject.port
    heads = {name: call for name in subject.models for call in [_labelled(subject, name)] if call is not None}
    if not heads:
        return skipped("no class of the PyTorch file computes a loss that TensorFlow could compute too")
    problems = [
        port.at(call.lineno, f"{name}: PyTorch computes a loss from labels, TensorFlow does not")
        for name, call in heads.items()
        if not (_labels(call) or call.args.kwarg) or not any(map(_uses_loss, port.classes[name].methods.values()))
    ]
    if problems:
        return manual(
            problems,
            "Compute the loss from `labels` as PyTorch does, or say in the pull request why TensorFlow leaves it out.",
        )
    return passed(f"{port.path}: {len(heads)} heads compute a loss")


def _labelled(subject: Subject, name: str) -> Function | None:
    """The TensorFlow `call` of a class whose PyTorch `forward` takes labels."""
    twin = name.removeprefix("TF")
    forward = subject.pt.classes.method(twin, "forward") if subject.pt and twin in subject.pt.classes else None
    return subject.port.classes.method(name, "call") if forward is not None and _labels(forward) else None


def _labels(function: Function) -> list[str]:
    return [name for name in parameters(function) if "label" in name or name == "start_positions"]


def _uses_loss(method: Function) -> bool:
    """It calls something named after a loss, computes a value of that name, or hands its labels to another model."""
    calls = [n for n in ast.walk(method) if isinstance(n, ast.Call)]
    names = [ast.unparse(c.func).lower().replace("_", "") for c in calls]
    named = any("loss" in name.rpartition(".")[2] or "crossentropy" in name for name in names)
    computed = [n for n in ast.walk(method) if isinstance(n, ast.Assign) and not isinstance(n.value, ast.Constant)]
    if named or any("loss" in leaf(target) for node in computed for target in node.targets):
        return True
    return any(k.arg is not None and "label" in k.arg for c in calls for k in c.keywords)


def _base_class(subject: Subject) -> Verdict:
    """The pretrained base class knows its configuration class and its prefix, so that it can build itself."""
    port, table = subject.port, subject.port.classes
    bases = [n for n in table if PRETRAINED.fullmatch(n) and "TFPreTrainedModel" in table[n].bases]
    if not bases:
        return skipped("the file takes its pretrained base class from elsewhere")
    problems = []
    for name in bases:
        body = table[name].node.body
        assigned = {leaf(t) for node in body if isinstance(node, ast.Assign) for t in node.targets}
        problems += [
            port.at(table[name].node.lineno, f"{name} sets no `{wanted}`")
            for wanted in ("config_class", "base_model_prefix")
            if wanted not in assigned
        ]
    return verdict(
        problems,
        "Set `config_class` and `base_model_prefix` in the base class's body.",
        *(port.at(table[name].node.lineno) for name in bases),
    )


def _check_repo(subject: Subject) -> Verdict:
    """Exported models in no mapping must be on check_repo.py's list; that script fails in CI otherwise."""
    if subject.read(CHECK_REPO) is None:
        return skipped(f"the checkout has no {CHECK_REPO}")
    if not mappings(subject.parsed(TF_AUTO)):
        return skipped(f"{TF_AUTO} is missing or does not parse")
    mapped = registered(subject)
    exempt = listed(subject, "IGNORE_NON_AUTO_CONFIGURED", "PRIVATE_MODELS")
    exported = [n for n in expected_tf_classes(subject) if n in subject.models]
    problems = [
        f"{CHECK_REPO}: {name} is in no Auto mapping and not in IGNORE_NON_AUTO_CONFIGURED"
        for name in exported
        if name not in mapped and name not in exempt and "Encoder" not in name and "Decoder" not in name
    ]
    return verdict(
        problems,
        "Register the class in an Auto mapping, or add it to IGNORE_NON_AUTO_CONFIGURED beside its PyTorch twin.",
        *(exempt[name] + f" {name}" for name in exported if name in exempt),
        f"{CHECK_REPO}: nothing missing",
    )


ITEMS = (
    Item(code="CHK118", title="public PyTorch classes have a twin", requirements=("G14",), judge=_twins),
    Item(code="CHK119", title="heads compute their loss", requirements=("G18",), judge=_losses),
    Item(code="CHK121", title="pretrained base class", requirements=("G24",), judge=_base_class),
    Item(code="CHK139", title="repository's exception lists", requirements=("G25", "G26"), judge=_check_repo),
)
