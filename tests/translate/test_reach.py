"""Methods that only an optional kernel's code reaches go; those that merely hold such code in a branch stay."""

from __future__ import annotations

import ast

from scaffold.translate.reach import constants, unreached

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
