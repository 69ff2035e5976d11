"""What behaves differently in training: layers, methods that use such layers, functions that are handed them (guide.md G33)."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.translate.foreign import is_foreign
from scaffold.translate.names import AUTO, switches_mode, trained_parameter

if TYPE_CHECKING:
    from scaffold.translate.classes import Analyser, Child, ClassInfo

#: torch layers that behave differently in training.
TRAINING_LAYERS = frozenset(
    f"torch.nn.{n}"
    for n in (
        "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d",
        "SyncBatchNorm", "MultiheadAttention", "LSTM", "GRU",
    )
)  # fmt: skip

#: Methods that look at the parts of a model and compute nothing.
_LOOKS = re.compile(
    r"get_(input_embeddings|output_embeddings|encoder|decoder)|(set|resize)_\w+|_?(un)?freeze\w*|requires_grad_"
    r"|(named_)?(parameters|modules)"
)


class Training:
    """Marks the methods of all classes that depend on the mode."""

    def __init__(self, analyser: Analyser) -> None:
        self.analyser = analyser
        self.classes = analyser.classes

    def find(self) -> None:
        """Fixpoint: a method is training-dependent when it reads `self.training` or calls something that is."""
        changed = True
        while changed:
            changed = False
            for info in self.classes.values():
                for name, method in self._all_methods(info).items():
                    left_out = name in info.training_methods or name == "__init__" or _LOOKS.fullmatch(name)
                    if not left_out and self._depends(info, method):
                        info.training_methods.add(name)
                        changed = True
            for names in self.analyser.alternatives.values():  # whichever class it is, it is called alike
                depends = [self.classes[name].needs_training for name in names]
                for name in names if any(depends) and not all(depends) else ():
                    self.classes[name].training_methods.add("forward")
                    changed = True

        for (
            info
        ) in self.classes.values():  # a method of the pretrained base is called as that of a model that has sub-modules
            for base in (self.classes[b] for b in info.bases if b in self.classes):
                if base.category.value == "base":
                    base.training_methods |= info.training_methods & (base.methods.keys() - {"forward"})

    def _all_methods(self, info: ClassInfo) -> dict[str, ast.FunctionDef]:
        methods: dict[str, ast.FunctionDef] = {}
        for base in info.bases:
            if base in self.classes:
                methods |= self._all_methods(self.classes[base])
        return {**methods, **info.methods}

    def _depends(self, info: ClassInfo, method: ast.FunctionDef) -> bool:
        modes = [n for n in ast.walk(method) if isinstance(n, ast.If) and switches_mode(n)]
        left_out = {part for node in modes for part in ast.walk(node)}
        for node in ast.walk(method):
            if isinstance(node, ast.Attribute) and node.attr == "training" and ast.unparse(node.value) == "self":
                if node not in left_out:
                    return True
            elif isinstance(node, ast.Call):
                if any(self._method_value(info, n) for n in (node.func, *node.args)):
                    return True
                if self._uses_training_child(info, node.func) or self._trains_function(node.func):
                    return True
            if isinstance(node, (ast.For, ast.comprehension)) and self._uses_training_child(info, node.iter):
                return True
        return False

    def _trains_function(self, func: ast.expr) -> bool:
        """True for a function of this file that reads `training` of a layer it is given."""
        name = ast.unparse(func.value) if isinstance(func, ast.Subscript) else ast.unparse(func)
        function = self.analyser.functions.get(self.analyser.variants.get(name, {}).get("eager", name))
        return function is not None and trained_parameter(function) is not None

    @staticmethod
    def _method_value(info: ClassInfo, node: ast.AST) -> bool:
        """`apply_chunking_to_forward(self.feed_forward_chunk, …)`."""
        return (
            isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and node.attr in info.training_methods
        )

    def _uses_training_child(self, info: ClassInfo, node: ast.AST) -> bool:
        """True when an expression is (or iterates over) a sub-module that behaves differently in training."""
        called = node.func if isinstance(node, ast.Call) else node
        if isinstance(called, ast.Attribute) and _LOOKS.fullmatch(called.attr):
            return False
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and ast.unparse(part.value) == "self":
                child = info.children.get(part.attr)
                if child is not None and child.qualname.startswith(AUTO) and part is not node:
                    continue  # a method of a part, `self.language_model.get_input_embeddings()`
                if child is not None and self._child_depends(child):
                    return True
        return False

    def _child_depends(self, child: Child) -> bool:
        names = {child.qualname, *(self.analyser.constructor_name(c) or "" for c in child.calls)}
        return any(
            n.startswith(AUTO)
            or is_foreign(n)
            or n in TRAINING_LAYERS
            or (n in self.classes and self._class_depends(self.classes[n]))
            for n in names
        )

    @staticmethod
    def _class_depends(info: ClassInfo) -> bool:
        """Every model's `call` takes `training`, whether it matters or not."""
        return info.needs_training or info.category.value == "model"
