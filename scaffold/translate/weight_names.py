"""Names under which the library looks for PyTorch's weights, where its one rule about the prefix of a base model misses them.

Source: `modeling_tf_pytorch_utils.py`: when no PyTorch name starts with `base_model_prefix`, the first `prefix.` in a name
is taken out; a model that wraps a main layer has the prefix in front of every name (translator.md §2.1).
"""

from __future__ import annotations

import ast

from scaffold.translate import composite
from scaffold.translate.classes import ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.writer import indented

#: By which a module says what is done to a checkpoint's names before they are loaded.
_LOADING = "register_load_state_dict_pre_hook"


def main_attribute(prefix: str) -> str:
    """The attribute of a thin model that holds its main layer: the prefix, where Keras has no attribute of that name."""
    return "model_layer" if prefix in ("", "name", "layers") else prefix


def renamed(engine: Engine, info: ClassInfo, prefix: str, *, thin: bool) -> list[str]:
    """`tf_to_pt_weight_rename` of a model class, with a blank line behind; nothing where the library's own names are right."""
    parts = composite.renaming(engine, info, f"{engine.main_attribute}." if thin else "")
    value, why = ("", "") if composite.without_prefix(engine, prefix) else _value(engine, info, prefix, thin)
    aliases = [f'tf_weight.replace("{table}.", "{layer}.", 1)' for layer, table in _tied_to(engine, info)]
    first = value.removeprefix("(").removesuffix(")").rstrip(",") or "tf_weight"
    aliases += [f'{first.split(", ")[0]}.replace("{new}", "{old}", 1)' for old, new in _renamed_on_loading(engine)]
    if aliases:
        value = f"({', '.join([first, *aliases])})"
        why = why or "a checkpoint holds the weight under either of its names"
    shared = shared_in(engine, info)
    if shared is not None and not value:
        left, right = shared
        value = (
            f'(tf_weight, *(re.sub(r"\\b{left}\\.\\d+\\.{right}\\.", f"{left}.{{place}}.{right}.", tf_weight)'
            " for place in range(self.config.num_hidden_layers)))"
        )
        why = "a checkpoint holds the weights of a shared layer once, under any of its places"
    also = composite.aliases(engine, info)
    if not value and not parts and not also:
        return []
    if also and not value:
        value, why = f"(tf_weight, {', '.join(also)})", "a part may name its shared embeddings from the root"
    body = [*parts, *([f"# {why}"] if why else []), f"return {value or '(tf_weight,)'}"]
    return ["def tf_to_pt_weight_rename(self, tf_weight):", *indented(body), ""]


def _tied_to(engine: Engine, info: ClassInfo) -> list[tuple[str, str]]:
    """(linear layer, embedding layer) by PyTorch's paths, of the layers that always share a weight (ties.py)."""
    probed = engine.types.classes.get(info.name)
    found: list[tuple[str, str]] = []
    for group in probed.tied if probed is not None else ():
        for _, attr in engine.always_tied:
            layers = [n.removesuffix(".weight") for n in group if n.endswith(f".{attr}.weight")]
            tables = [n.removesuffix(".weight") for n in group if not n.endswith(f".{attr}.weight")]
            found += [(layers[0], table) for table in tables if layers]
    return found


def _renamed_on_loading(engine: Engine) -> list[tuple[str, str]]:
    """(old, new) of `state_dict[key.replace(old, new)] = …` in the methods that models register to be called on loading."""
    found: dict[tuple[str, str], None] = {}
    for info in engine.classes.values():
        for call in ast.walk(info.init) if info.init is not None else ():
            if not isinstance(call, ast.Call) or not ast.unparse(call.func).endswith(_LOADING) or not call.args:
                continue
            hook = info.methods.get(ast.unparse(call.args[0]).removeprefix("self."))
            found |= dict.fromkeys(_replaced_keys(hook) if hook is not None else ())
    return list(found)


def _replaced_keys(hook: ast.FunctionDef) -> list[tuple[str, str]]:
    keys = [n.slice for n in ast.walk(hook) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)]
    calls = [k for k in keys if isinstance(k, ast.Call) and ast.unparse(k.func).endswith(".replace")]
    texts = [[a.value for a in call.args if isinstance(a, ast.Constant)] for call in calls]
    return [(str(found[0]), str(found[1])) for found in texts if len(found) == 2]


def _value(engine: Engine, info: ClassInfo, prefix: str, thin: bool) -> tuple[str, str]:
    """The names to look for and why; empty texts where the library's own are right."""
    probed = engine.types.classes.get(info.name)
    names = list(probed.parameters) if probed is not None else []
    if not prefix and thin:
        return (
            f'(tf_weight.removeprefix("{main_attribute(prefix)}."),)',
            "the main layer is one level more than PyTorch has",
        )
    if not names or not prefix:
        return "", ""
    starts = any(name.startswith(prefix) for name in names)
    if thin and starts:
        return f'(tf_weight.removeprefix("{prefix}."),)', "the main layer is one level more than PyTorch has"
    if thin or starts:
        return "", ""
    leads = sorted({name[: name.index(f"{prefix}.")] for name in names if f"{prefix}." in name})
    aliases = [f'tf_weight.replace("{lead}", "{lead}{prefix}.", 1)' for lead in leads if lead]
    return (
        (f"(tf_weight, {', '.join(aliases)})", f'the library takes the first "{prefix}." out') if aliases else ("", "")
    )


def shared_in(engine: Engine, info: ClassInfo) -> tuple[str, str] | None:
    """("layers", "block") of a layer that is handed to several members of a list: `layers.2.block`, `layers.4.block`."""
    probed = engine.types.classes.get(info.name)
    for group in probed.tied if probed is not None else ():
        parts = [name.split(".") for name in group]
        if len({len(part) for part in parts}) != 1:
            continue
        columns = list(zip(*parts, strict=True))
        varying = [k for k, column in enumerate(columns) if len(set(column)) > 1]
        if len(varying) == 1 and all(item.isdigit() for item in columns[varying[0]]):
            place = varying[0]
            if 0 < place < len(columns) - 1 and columns[place + 1][0] in engine.handed.values():
                return columns[place - 1][0], columns[place + 1][0]
    return None
