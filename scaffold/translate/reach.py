"""What never runs in a port: branches whose condition is settled, and what only they use.

Optional kernels are the case in point: a file imports them if their package is there and has `None` in their place otherwise.
A port has no such package, so whatever calls them cannot run, and the methods that only such code calls go with it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from scaffold.translate.names import blocks
from scaffold.translate.truth import truth

Parents = Mapping[ast.AST, ast.AST]

#: Methods of PyTorch models that a port has no use for.
DROPPED_METHODS = frozenset(
    "_init_weights _prune_heads prune_heads _tie_weights tie_weights _set_gradient_checkpointing _reorder_cache"
    " gradient_checkpointing_enable extra_repr reset_parameters _load_from_state_dict _init_rope _check_and_enable_sdpa"
    " _reset_parameters _autoset_attn_implementation parallelize deparallelize"
    " _init_params init_weights train apply_weight_norm remove_weight_norm"
    " load_hook enable_input_require_grads disable_input_require_grads".split()
)


def branches(node: ast.AST, parents: Parents) -> list[tuple[ast.If | ast.IfExp, bool]]:
    """The conditions of its function around a node, outermost first, and whether it stands in their body."""
    found: list[tuple[ast.If | ast.IfExp, bool]] = []
    child, parent = node, parents.get(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef):
        if isinstance(parent, ast.If) and child is not parent.test:
            found.append((parent, child in parent.body))
        elif isinstance(parent, ast.IfExp) and child is not parent.test:
            found.append((parent, child is parent.body))
        child, parent = parent, parents.get(parent)
    return found[::-1]


def may_run(node: ast.AST, parents: Parents, known: Mapping[str, bool]) -> bool:
    """False when a settled condition keeps a node from running."""
    if any(truth(branch.test, known) is (not body) for branch, body in branches(node, parents)):
        return False
    child, parent = node, parents.get(node)
    while parent is not None and not isinstance(child, ast.FunctionDef):
        for block in blocks(parent):
            if child in block and any(leaves(s, known) for s in block[: block.index(child)]):
                return False
        child, parent = parent, parents.get(parent)
    return True


def leaves(statement: ast.stmt, known: Mapping[str, bool]) -> bool:
    """True for a settled condition whose branch raises or returns: what stands below it is never reached."""
    if not isinstance(statement, ast.If):
        return False
    outcome = truth(statement.test, known)
    block = [] if outcome is None else statement.body if outcome else statement.orelse
    return bool(block) and isinstance(block[-1], (ast.Raise, ast.Return))


def absent(tree: ast.Module) -> frozenset[str]:
    """Names of a file that are None for want of a package: `if is_x_available(): from x import f` … `else: f = None`."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.If) and truth(node.test) is False:
            for part in node.body:
                if isinstance(part, (ast.Import, ast.ImportFrom)):
                    found |= {(alias.asname or alias.name).split(".")[0] for alias in part.names}
    return frozenset(found)


def compiled(tree: ast.Module) -> frozenset[str]:
    """Names that are None until a function of the file compiles a kernel for them (`torch.utils.cpp_extension.load`)."""
    found: set[str] = set()
    loaders = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("cpp_extension")
        for alias in node.names
    }
    for node in tree.body:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        if isinstance(node, ast.FunctionDef) and (names & loaders or "cpp_extension" in ast.unparse(node)):
            found |= {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}
    return frozenset(found)


def without_kernel(function: ast.FunctionDef, tree: ast.Module) -> list[str]:
    """The body of a function that cannot do without a kernel, in PyTorch neither; nothing for any other function."""
    names = compiled(tree)
    for statement in function.body:
        if isinstance(statement, (ast.If, ast.For, ast.While, ast.Try, ast.With)):
            continue
        for node in ast.walk(statement):
            of = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
            if isinstance(of, ast.Name) and of.id in names:
                return [f'raise NotImplementedError("The kernel `{of.id}` exists for PyTorch alone.")']
    return []


def constants(tree: ast.Module) -> dict[str, bool]:
    """Settled names of a file: the absent ones, and `fast = all((f, g))` of them."""
    found = dict.fromkeys(absent(tree), False)
    for name in compiled(tree):
        found |= {name: False, f"{name} is None": True, f"{name} is not None": False}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Call) and ast.unparse(value.func) in ("all", "any") and len(value.args) == 1:
                items = value.args[0].elts if isinstance(value.args[0], (ast.Tuple, ast.List)) else []
                outcomes = [truth(item, found) for item in items]
                if outcomes and None not in outcomes:
                    found[node.targets[0].id] = (all if ast.unparse(value.func) == "all" else any)(outcomes)
    return found


def calls_absent(statements: list[ast.stmt], names: frozenset[str]) -> bool:
    """True when straight-line code calls a name that is None: its condition never holds."""
    for statement in statements:
        if not isinstance(statement, (ast.If, ast.For, ast.While, ast.Try, ast.With)):
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                    return True
    return False


def unreached(
    methods: Mapping[str, ast.FunctionDef], tree: ast.Module, parents: Parents, known: Mapping[str, bool]
) -> set[str]:
    """A class's methods that call absent names where they run, while every use of them stands where nothing runs.

    `forward` is used by every call of the layer, so it stays.
    """
    names = frozenset(name for name, value in known.items() if not value)
    found = set()
    for name, method in methods.items():
        calls = [
            node
            for node in ast.walk(method)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        ]
        if name == "forward" or not any(may_run(call, parents, known) for call in calls):
            continue
        uses = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == name]
        if not any(may_run(use, parents, known) for use in uses):
            found.add(name)
    return found


def constants_read(node: ast.ClassDef) -> frozenset[str]:
    """Class attributes that the class's own methods ask for: `self.SCALE`, `next(Attention.NEW_ID)`."""
    own = [
        n for n in node.body if isinstance(n, ast.Assign) and not ast.unparse(n.value).startswith("PreTrainedModel.")
    ]
    names = {ast.unparse(n.targets[0]) for n in own}  # a method of the library's models is called as theirs
    names |= {ast.unparse(n.target) for n in node.body if isinstance(n, ast.AnnAssign) and n.value is not None}
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
    read = [n for method in methods for n in ast.walk(method) if isinstance(n, ast.Attribute)]
    owners = {"self", "cls", node.name}
    return frozenset(n.attr for n in read if n.attr in names and ast.unparse(n.value) in owners)
