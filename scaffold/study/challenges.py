"""What in a PyTorch file will be hard in TensorFlow, with its lines: names without a rule, and constructs known for trouble.

Sources: the translator's own rules; translator.md (where ports differ and where parity breaks). Only the syntax tree is read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scaffold.translate.registry import find
from scaffold.translate.sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One kind of difficulty. `lines` are 1-based lines of the PyTorch file."""

    subject: str
    advice: str
    lines: tuple[int, ...]


def _called(*names: str) -> Callable[[ast.AST], bool]:
    """True for a call of a function or method with one of these bare names."""

    def test(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        function = node.func
        bare = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        return bare in names

    return test


def _base(pattern: str) -> Callable[[ast.AST], bool]:
    compiled = re.compile(pattern)

    def test(node: ast.AST) -> bool:
        return isinstance(node, ast.ClassDef) and any(compiled.search(ast.unparse(base)) for base in node.bases)

    return test


#: (what, advice, test). Each advice says how ports deal with it.
PATTERNS: tuple[tuple[str, str, Callable[[ast.AST], bool]], ...] = (
    (
        "convolutions",
        "TensorFlow's are channels-last: inputs, paddings and the normalisation's axis change with them",
        _called("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d"),
    ),
    (
        "batch normalisation",
        "epsilon and momentum have other defaults and another meaning; `training` must be passed down",
        _called("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"),
    ),
    (
        "resizing",
        "tf.image.resize has no align_corners and another bicubic; compare the first resized tensor",
        _called("interpolate", "grid_sample"),
    ),
    (
        "values taken out of tensors",
        "in graph mode there is no value yet: the branch or length must be computed with tensors",
        _called("item", "tolist", "nonzero", "masked_select", "unique"),
    ),
    (
        "writing into tensors",
        "TensorFlow's tensors cannot be changed: tf.tensor_scatter_nd_update or tf.where make a new one",
        _called("scatter_", "scatter_add_", "index_add_", "masked_fill_", "index_copy_", "masked_scatter", "copy_"),
    ),
    (
        "autograd functions",
        "tf.custom_gradient; without one TensorFlow differentiates the forward pass",
        _base(r"autograd\.Function|^Function$"),
    ),
    (
        "a backbone from another file",
        "the part needs a TensorFlow class of its own first",
        _called("load_backbone", "from_config"),
    ),
    (
        "a Cache object",
        "TensorFlow's generation has tuples of keys and values instead",
        _called("get_seq_length", "get_max_cache_shape", "get_usable_length"),
    ),
    (
        "matching predictions to labels",
        "the assignment runs outside of the graph; only the loss is differentiated",
        _called("linear_sum_assignment"),
    ),
    ("weight normalisation", "a layer of its own that keeps weight_g and weight_v", _called("weight_norm")),
)


def challenges(text: str, package: str) -> list[Challenge]:
    """The challenges of a file, those with most lines first. `package` is its dotted package, for relative imports."""
    source = Source(text, package=package)
    tree = source.tree
    found: dict[tuple[str, str], list[int]] = {}
    for node in ast.walk(tree):
        for subject, advice, test in PATTERNS:
            if test(node):
                found.setdefault((subject, advice), []).append(_line(node))
    for name, line in _without_rule(source):
        found.setdefault((name, "no rule: it will be marked, with its line, to be written by hand"), []).append(line)
    made = [
        Challenge(subject=subject, advice=advice, lines=tuple(sorted(set(lines))))
        for (subject, advice), lines in found.items()
    ]
    return sorted(made, key=lambda challenge: (-len(challenge.lines), challenge.subject))


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _without_rule(source: Source) -> Iterator[tuple[str, int]]:
    """Calls of torch's functions and layers that the translator has no rule for."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = source.qualname(node.func)
            if name is not None and name.startswith("torch.") and find(name) is None and not _settled(name):
                yield name, _line(node)


#: Parts of torch that a port has no use for: the translator leaves statements with them out (translate/truth.py).
_NEEDLESS = (
    "torch.jit.",
    "torch.amp.",
    "torch.fx.",
    "torch.onnx.",
    "torch.cuda.",
    "torch.utils.",
    "torch.distributed.",
    "torch.autograd.",
    "torch.backends.",
)
#: What other parts of the translator than its rules deal with: parameters, lists of layers, losses.
_ELSEWHERE = (
    "Parameter",
    "ParameterList",
    "ModuleList",
    "ModuleDict",
    "Sequential",
    "Identity",
    "Module",
    "Loss",
    "_loss",
)
_KINDS = (
    "torch.device",
    "torch.autocast",
    "torch.enable_grad",
    "torch.Tensor",
    "torch.no_grad",
    "torch.Size",
    "torch.Generator",
    "torch.is_grad_enabled",
)


def _settled(name: str) -> bool:
    return name.startswith((*_NEEDLESS, "torch.nn.init.")) or name.endswith(_ELSEWHERE) or name in _KINDS
