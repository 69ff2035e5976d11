"""Caches of recurrent states (of convolutions and scans), which a port leaves out: every call starts from the beginning.

They are objects that layers change in place, and neither Keras' calls nor TensorFlow's generation know such a thing, only
tuples of keys and values. Results are the same without; generation computes the whole sequence anew for each token.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.classes import ClassInfo
    from scaffold.translate.context import Context

_NAME = re.compile(r"\b\w+Cache\b")


def classes(engine: Context) -> frozenset[str]:
    """Cache classes that hold something else than keys and values: the file's own, and the library's that are no `Cache`."""
    own = {
        node.name
        for node in engine.source.tree.body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Cache") and "states" in ast.unparse(node)
    }
    text = engine.library_text("cache_utils.py")
    theirs = {
        name
        for name, qualname in engine.source.imports.items()
        if qualname.startswith("transformers.cache_utils.") and re.search(rf"^class {name}:", text, re.M)
    }
    return frozenset(own | (theirs - {"Cache"}))


def parameters(engine: Context, names: frozenset[str]) -> frozenset[str]:
    """Parameters of the file's functions that are annotated with such a class."""
    return frozenset(
        argument.arg
        for node in ast.walk(engine.source.tree)
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
        if argument.annotation is not None and set(_NAME.findall(ast.unparse(argument.annotation))) & names
    )


def settled(engine: Context, function: ast.FunctionDef) -> dict[str, bool]:
    """Conditions of a function that hold because such a parameter is always None."""
    found: dict[str, bool] = {}
    for name in {a.arg for a in function.args.args} & engine.state_parameters:
        found |= {name: False, f"{name} is None": True, f"{name} is not None": False}
        found |= {f"isinstance({name}, {kind})": False for kind in engine.state_caches}
    if kept_on_layers(engine) and any(a.arg == "use_cache" for a in function.args.args):
        found["use_cache"] = False
    return found


def done_besides(engine: Context, branch: ast.If) -> list[ast.If]:
    """Of the branch that runs with states: what it does to the layer's input by a parameter that the other one does not read.

    `if cache is not None: …; if attention_mask is not None: x = x * attention_mask` would else be lost with the cache. Only
    what the first call of all runs counts, not the steps after it.
    """
    function = engine.function_of(branch)
    if function is None or not _names(branch.test) & engine.state_parameters:
        return []
    otherwise = set().union(*map(_names, branch.orelse))
    told = {a.arg for a in function.args.args} - {"self"} - engine.state_parameters - otherwise
    return [
        statement
        for statement in _first_call(branch.body, engine.state_parameters)
        if isinstance(statement, ast.If)
        and _names(statement.test) & told
        and not _names(statement) & engine.state_parameters
        and not statement.orelse
    ]


def _first_call(body: list[ast.stmt], parameters: frozenset[str]) -> list[ast.stmt]:
    """The statements that run while no state is there yet."""
    found = []
    for statement in body:
        if isinstance(statement, ast.If) and _names(statement.test) & parameters:
            found += _first_call(statement.orelse, parameters)
        else:
            found.append(statement)
    return found


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


#: Methods of layers that keep their states themselves, as the library's first recurrent models do.
ON_LAYERS = frozenset({"_setup_cache", "_update_cache"})


def kept_on_layers(engine: Context) -> bool:
    """True for a file whose layers make room for states as attributes (`self._setup_cache(…)` in `forward`)."""
    return any(_makes_room(info.methods["forward"]) for info in engine.classes.values() if "forward" in info.methods)


@lru_cache(maxsize=512)
def _makes_room(function: ast.FunctionDef) -> bool:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(isinstance(func, ast.Attribute) and ast.unparse(func) == "self._setup_cache" for func in calls)


def kept_keys(engine: Context, branch: ast.If) -> ast.stmt | None:
    """`key_states, value_states = self._update_cache(key_states, value_states)`: a window of keys, not a running state."""
    found = (s for s in branch.body if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Tuple))
    kept = next((s for s in found if ast.unparse(s.value).startswith("self._update_cache(")), None)
    return kept if kept_on_layers(engine) else None


def makes(engine: Context, statement: ast.stmt) -> bool:
    """`cache_params = MambaCache(config, …)`, and `cache_params.seqlen_offset += n`."""
    target = statement.target if isinstance(statement, ast.AugAssign) else None
    if isinstance(target, ast.Attribute) and ast.unparse(target.value) in engine.state_parameters:
        return True
    value = statement.value if isinstance(statement, ast.Assign) else None
    return isinstance(value, ast.Call) and ast.unparse(value.func) in engine.state_caches


def prepared_inputs(engine: Context, info: ClassInfo) -> list[str] | None:
    """What generation hands to a model without a past: the whole sequence. None for models without such a cache."""
    own = info.methods.get("prepare_inputs_for_generation")
    generates = any(base.endswith("GenerationMixin") for base in info.bases)
    inherits = own is None and generates and kept_on_layers(engine)
    if not inherits and (own is None or not {a.arg for a in own.args.args} & engine.state_parameters):
        return None
    forward = info.methods.get("forward")
    mask = forward is not None and any(a.arg == "attention_mask" for a in forward.args.args)
    handed = ["input_ids", *(["attention_mask"] if mask else [])]
    return [
        "def prepare_inputs_for_generation(self, input_ids, attention_mask=None, use_cache=None, **kwargs):",
        "    # recurrent states are not kept between calls: each one gets the whole sequence",
        f"    return {{{', '.join(f'{chr(34)}{name}{chr(34)}: {name}' for name in handed)}}}",
    ]


def is_about_states(engine: Context, function: ast.FunctionDef) -> bool:
    """True for the model's own hand-over of states from one step of generation to the next, and for those of its layers."""
    if function.name in ON_LAYERS:
        return kept_on_layers(engine)
    if function.name != "_update_model_kwargs_for_generation":
        return False
    keys = {n.value for n in ast.walk(function) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return bool(keys & engine.state_parameters)
