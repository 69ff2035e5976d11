"""G10, G15, G16 and the translator's markers: the TensorFlow file as a text free of PyTorch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scaffold.checklist.item import Item, Verdict, failed, passed, verdict
from scaffold.checklist.subject import SourceFile, Subject

MARKER = re.compile(r"#\s*TODO\(port\)\s*(?P<code>TFP\d+)?\s*(?P<rest>.*)")
#: Tensor methods that exist in PyTorch only, whatever they are called on.
_TORCH_METHODS = re.compile(
    "masked_fill_?|unsqueeze|squeeze_|permute|contiguous|index_select|scatter_|scatter_add_|expand_as|view_as|type_as|"
    "new_zeros|new_ones|new_full|repeat_interleave|masked_select|index_copy_|register_buffer|register_parameter"
)


def _present(subject: Subject) -> Verdict:
    path = subject.names.tf_path
    if subject.tf is not None:
        return passed(f"{path}:1 {len(subject.tf.lines)} lines, {len(subject.tf.classes)} classes")
    text = subject.read(path)
    if text is None:
        return failed([f"{path} does not exist"], f"Create it: `scaffold new-tf-model {subject.names.stem}`.")
    try:
        ast.parse(text)
        problem = f"{path} cannot be read"
    except (SyntaxError, ValueError) as error:
        problem = f"{path}:{getattr(error, 'lineno', 1) or 1} {error}"
    return failed([problem], "Mend the syntax error.")


def _prefix(subject: Subject) -> Verdict:
    port, twins = subject.port, set(subject.pt.classes) if subject.pt else set()
    table = port.classes
    judged = [n for n in table if table.is_layer(n) or table.is_model(n) or "ModelOutput" in table.ancestors(n)]
    problems = [
        port.at(table[name].node.lineno, f"class {name} has no prefix TF")
        for name in judged
        if not name.startswith("TF") and (name in twins or table.is_model(name))
    ]
    return verdict(
        problems,
        "Prefix the classes named with `TF`.",
        f"{port.path}: {sum(name.startswith('TF') for name in port.classes)} classes start with TF",
    )


def _no_torch(subject: Subject) -> Verdict:
    return verdict(
        _torch_references(subject.port),
        "Replace what is left of PyTorch by its TensorFlow counterpart.",
        f"{subject.port.path}: no reference to torch in the code",
    )


def _torch_references(port: SourceFile) -> Iterator[str]:
    foreign = {"torch", "nn"} - _imported(port.tree)
    for node in ast.walk(port.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = _imports_torch(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found = bool(_TORCH_METHODS.fullmatch(node.func.attr))
        else:
            found = isinstance(node, ast.Name) and node.id in foreign
        if found:
            yield port.at(node.lineno)  # type: ignore[attr-defined]


def _imports_torch(node: ast.Import | ast.ImportFrom) -> bool:
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    names = [module, *(alias.name for alias in node.names)]
    return any(name.split(".")[0] == "torch" or name == "is_torch_available" for name in names)


def _imported(tree: ast.Module) -> set[str]:
    """Names bound by imports from elsewhere than torch."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            module = getattr(node, "module", None) or ""
            found |= {
                alias.asname or alias.name
                for alias in node.names
                if not (module or alias.name).split(".")[0].startswith("torch")
            }
    return found


def markers(file: SourceFile) -> list[str]:
    """The translator's open places in a file, as evidence."""
    return [file.at(number) for number, line in enumerate(file.lines, 1) if MARKER.search(line)]


def _no_markers(subject: Subject) -> Verdict:
    test = subject.parsed(subject.names.tf_test_path)
    found = [*markers(subject.port), *(markers(test) if test else ())]
    return verdict(
        found,
        "Write the operation by hand at each marker, then delete the comment; `scaffold explain CODE` says more.",
        f"{subject.port.path}: no `# TODO(port)` left",
    )


ITEMS = (
    Item(
        code="CHK110",
        title="TensorFlow model file",
        requirements=("G10", "G14"),
        judge=_present,
        needs_tf=False,
    ),
    Item(
        code="CHK111",
        title="classes start with TF",
        requirements=("G15",),
        judge=_prefix,
    ),
    Item(
        code="CHK112",
        title="no PyTorch left in the TensorFlow file",
        requirements=("G16", "G17"),
        judge=_no_torch,
    ),
    Item(
        code="CHK113",
        title="no open place left by the translator",
        requirements=("G16",),
        judge=_no_markers,
    ),
)
