"""Methods that only an optional kernel's code reaches go; those that merely hold such code in a branch stay."""

from __future__ import annotations

import ast

from scaffold.translate.reach import constants, constants_read, unreached

SOURCE = """
if is_causal_conv1d_available():
    from causal_conv1d import kernel
else:
    kernel = None

if is_accelerate_available():
    from accelerate.utils import reduce

fast = all((kernel,))

class Mixer:
    def cuda(self, x):
        return kernel(x)

    def slow(self, x):
        return x

    def loss(self, x):
        if is_accelerate_available():
            x = reduce(x)
        return x

    def forward(self, x):
        if is_accelerate_available():
            x = reduce(x)
        if fast:
            return self.cuda(x)
        return self.slow(x)
"""


def test_what_is_never_reached() -> None:
    tree = ast.parse(SOURCE)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    (mixer,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    methods = {node.name: node for node in mixer.body if isinstance(node, ast.FunctionDef)}
    assert unreached(methods, tree, parents, constants(tree)) == {"cuda"}


def test_class_attributes_that_methods_ask_for() -> None:
    text = """
class Attention:
    NEW_ID = count()
    SCALE, unused = 2, 3
    width: int = 4
    left = 5

    def __init__(self):
        self.layer_id = next(Attention.NEW_ID)

    def forward(self, x):
        return x * self.width + x.left
"""
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.ClassDef)
    assert constants_read(node) == {"NEW_ID", "width"}


def test_a_method_taken_from_the_librarys_models_is_no_constant() -> None:
    text = "class A:\n    get_head_mask = PreTrainedModel.get_head_mask\n    def f(self):\n        return self.get_head_mask()"
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.ClassDef) and not constants_read(node)
