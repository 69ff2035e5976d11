"""Output layers that share their weight with the input embeddings.

PyTorch ties tensors and its safetensors files drop the duplicates, so a separate TensorFlow variable would stay random
(translator.md §1.5). The head computes with the embedding layer itself; when the configuration unties them it has a layer
of its own. A head with a bias of its own has a layer for it in either case (`TiedDense`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scaffold.translate import composite, tied_methods, weight_names
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.promotion import ABOUT, COMPUTED, named, table_of
from scaffold.translate.tied_methods import kept_name


@dataclass(frozen=True, slots=True)
class Tie:
    """`owner.attr` is tied in `model`; `path` leads to it, `embeddings` is the embedding layer as the model writes it."""

    model: str
    owner: str
    attr: str
    path: tuple[str, ...]
    embeddings: str
    bias: str | None
    own_bias: str = ""  # the linear layer's own `use_bias`, where that may be true
    beside: bool = False  # to other embeddings than the words', which another layer of the model is tied to


def find(engine: Engine, base_prefix: str) -> list[Tie]:
    """Ties of all heads, from `_tied_weights_keys` and `get_output_embeddings`.

    A release that does not know the first (before 4.30) ties whatever the second returns.
    """
    found = []
    engine.always_tied = _within(engine)
    declares = _library_declares(engine)
    for info in engine.classes.values():
        if info.category is Category.MODEL and (not declares or "_tied_weights_keys" in ast.unparse(info.node)):
            words = _embeddings(engine, info, base_prefix)
            pairs = [(_returned_path(info, "get_output_embeddings"), words), *_explicit(engine, info)]
            made = [tie for path, table in pairs if (tie := _tie(engine, info, path, table)) is not None]
            head = any(tie.embeddings == words for tie in made)
            found += [replace(tie, beside=head and tie.embeddings != words) for tie in made]
    return found


def _within(engine: Engine) -> dict[tuple[str, str], str]:
    """(class, linear layer) → the embedding layer of the same class whose weight its constructor gives to the linear layer."""
    found = {}
    for info in engine.classes.values():
        for node in ast.walk(info.init) if info.init is not None else ():
            text = ast.unparse(node) if isinstance(node, ast.Assign) else ""
            match = re.fullmatch(r"self\.(\w+)\.weight = (self\.\w+)\.weight", text)
            child = info.children.get(match[1]) if match else None
            table = info.children.get(match[2].removeprefix("self.")) if match else None
            is_table = table is not None and table.qualname == "torch.nn.Embedding"
            if match and is_table and child is not None and child.qualname == "torch.nn.Linear":
                found[info.name, match[1]] = match[2]
    return found


def _library_declares(engine: Engine) -> bool:
    """True where the checkout's PreTrainedModel knows `_tied_weights_keys`, and where there is no checkout to ask."""
    path = engine.library / "modeling_utils.py" if engine.library is not None else None
    return path is None or not path.is_file() or "_tied_weights_keys" in path.read_text(encoding="utf-8")


def _tie(engine: Engine, info: ClassInfo, path: tuple[str, ...] | None, embeddings: str | None) -> Tie | None:
    owner = _owner(engine, info, path) if path else None
    if path is None or embeddings is None or owner is None or path[-1] not in owner.children:
        return None
    if (owner.name, path[-1]) in engine.always_tied:
        return None
    if owner.children[path[-1]].qualname != "torch.nn.Linear":
        return None
    bias = _shared_bias(owner, path[-1])
    own_bias = "" if bias else _own_bias(engine, owner.children[path[-1]].calls)
    return Tie(info.name, owner.name, path[-1], path, embeddings, bias, own_bias)


def _explicit(engine: Engine, info: ClassInfo) -> list[tuple[tuple[str, ...] | None, str | None]]:
    """`self._tie_or_clone_weights(self.entity_predictions.decoder, self.luke.entity_embeddings)` in `tie_weights`.

    Of locals, `words = self.get_decoder().get_input_embeddings()`, the place is what the methods return.
    """
    found: list[tuple[tuple[str, ...] | None, str | None]] = []
    for node in ast.walk(info.node):
        is_tie = isinstance(node, ast.Call) and ast.unparse(node.func) == "self._tie_or_clone_weights"
        if isinstance(node, ast.Call) and is_tie and len(node.args) == 2:
            places = [_place(engine, info, argument) for argument in node.args]
            if places[0] is not None and places[1] is not None:
                found.append((places[0][1], ".".join(["self", *places[1][1]])))
    return found


def _place(engine: Engine, info: ClassInfo, node: ast.expr, depth: int = 0) -> tuple[str, tuple[str, ...]] | None:
    """The class of a sub-module and the attributes that lead to it; None for what is no such thing."""
    if isinstance(node, ast.Name) and node.id == "self":
        return info.name, ()
    if depth > 9:
        return None
    if isinstance(node, ast.Name):
        bound = [
            n.value for n in ast.walk(info.node) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == node.id
        ]
        same = {ast.unparse(value) for value in bound}
        return _place(engine, info, bound[0], depth + 1) if len(same) == 1 else None
    if isinstance(node, ast.Attribute):
        owner = _place(engine, info, node.value, depth + 1)
        child = engine.classes[owner[0]].children.get(node.attr) if owner and owner[0] in engine.classes else None
        return None if owner is None or child is None else (child.class_name, (*owner[1], node.attr))
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.args:
        return None
    owner = _place(engine, info, node.func.value, depth + 1)
    owned = engine.classes.get(owner[0]) if owner is not None else None
    method = owned.methods.get(node.func.attr) if owned is not None else None
    returned = [n.value for n in ast.walk(method) if isinstance(n, ast.Return)] if method is not None else []
    if owner is None or owned is None or len(returned) != 1 or returned[0] is None:
        return None
    below = _place(engine, owned, returned[0], depth + 1)
    return None if below is None else (below[0], owner[1] + below[1])


def _returned_path(info: ClassInfo, method: str) -> tuple[str, ...] | None:
    """`return self.cls.predictions.decoder` → ("cls", "predictions", "decoder")."""
    function = info.methods.get(method)
    for node in ast.walk(function) if function else ():
        if isinstance(node, ast.Return) and node.value is not None:
            parts: list[str] = []
            value: ast.expr = node.value
            while isinstance(value, ast.Attribute):
                parts.insert(0, value.attr)
                value = value.value
            if isinstance(value, ast.Name) and value.id == "self" and parts:
                return tuple(parts)
    return None


def _embeddings(engine: Engine, info: ClassInfo, prefix: str) -> str | None:
    """The input embedding layer as the head reaches it."""
    own = _returned_path(info, "get_input_embeddings")
    if own:
        return "self." + ".".join(own)
    child = info.children.get(prefix)
    if child is None:
        return None
    base = engine.classes.get(child.class_name)
    path = _returned_path(base, "get_input_embeddings") if base else None
    asked = ast.parse(f"self.{prefix}.get_input_embeddings()", mode="eval").body
    place = None if path else _place(engine, info, asked)  # which may ask a part of its own in turn
    path = (prefix, *path) if path else place[1] if place else None
    return "self." + ".".join(path) if path else None


def _owner(engine: Engine, info: ClassInfo, path: tuple[str, ...]) -> ClassInfo | None:
    current: ClassInfo | None = info
    for attr in path[:-1]:
        child = current.children.get(attr) if current else None
        current = engine.classes.get(child.class_name) if child else None
    return current


def _shared_bias(owner: ClassInfo, attr: str) -> str | None:
    """`self.decoder.bias = self.bias` → `bias`."""
    for node in ast.walk(owner.node):
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == f"self.{attr}.bias"
            and isinstance(node.value, ast.Attribute)
        ):
            return node.value.attr
    return None


def _own_bias(engine: Engine, calls: Sequence[ast.Call]) -> str:
    """`use_bias` of the linear layer, "" if it has none."""
    texts = set()
    for call in [c for c in calls if engine.constructor_name(c) == "torch.nn.Linear"]:
        named = [keyword.value for keyword in call.keywords if keyword.arg == "bias"]
        given = named or call.args[2:3]
        texts.add(engine.expression(given[0]) if given else "True")
    return texts.pop() if len(texts) == 1 and texts != {"False"} else ""


def apply(engine: Engine, ties: list[Tie]) -> None:
    """Tell the engine how the tied layers are constructed, called and reached."""
    for tie in ties:
        engine.tied_models.add(tie.model)
        nested = tie.owner != tie.model
        embeddings = "self.input_embeddings" if nested else tie.embeddings
        if nested:
            for name in _chain(engine, tie):
                engine.extras.setdefault(name, {})["input_embeddings"] = tie.embeddings
        if tie.own_bias:
            engine.biased_ties[tie.owner, tie.attr] = (embeddings, tie.own_bias)
        engine.tied_calls[tie.owner, tie.attr] = (embeddings, tie.bias)
        engine.tied_attributes.setdefault(tie.owner, {})[tie.attr] = tie.bias
        keys = [".".join(tie.path) + ".weight"] + ([".".join(tie.path) + ".bias"] if tie.bias else [])
        keys = [*engine.tied_keys.setdefault(tie.model, []), *keys]
        engine.tied_keys[tie.model] = keys
        _unused_elsewhere(engine, tie)
        tied_methods.write(engine, tie, nested)


def _unused_elsewhere(engine: Engine, tie: Tie) -> None:
    """Models that have the tied layer without tying it, and never call it: its weight is not theirs to load."""
    first = engine.classes[tie.model].children.get(tie.path[0])
    for info in engine.classes.values():
        forward = info.methods.get("forward")
        if info.category is not Category.MODEL or info.name == tie.model or forward is None or len(tie.path) < 2:
            continue
        for attr, child in info.children.items():
            same = first is not None and child.class_name == first.class_name
            if (
                same
                and f"self.{attr}" not in ast.unparse(forward)
                and _returned_path(info, "get_output_embeddings") is None
            ):
                engine.tied_keys.setdefault(info.name, []).append(".".join([attr, *tie.path[1:], "weight"]))


def declare(engine: Engine) -> None:
    """Keys of checkpoints that ties make superfluous: those of `_tied_weights_keys` and of the ties found."""
    for info in engine.classes.values():
        if info.category is not Category.MODEL:
            continue
        keys = dict.fromkeys(engine.tied_keys.get(info.name, []))
        for node in info.node.body:
            if (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == "_tied_weights_keys"
                and isinstance(node.value, ast.List)
            ):
                keys.update(dict.fromkeys(str(ast.literal_eval(item)) for item in node.value.elts))
        shared = weight_names.shared_in(engine, info)
        if shared is not None:
            keys.setdefault(rf"\b{shared[0]}\.\d+\.{shared[1]}\.")
        keys.update(dict.fromkeys(composite.shared_in_parts(engine, info)))
        if keys:
            engine.ignored_keys[info.name] = (
                "# names with a '.' represents the authorized unexpected/missing layers when a TF model is loaded from a PT"
                " model",
                "_keys_to_ignore_on_load_unexpected = [" + ", ".join(f'r"{k}"' for k in keys) + "]",
                "",
            )


def _chain(engine: Engine, tie: Tie) -> list[str]:
    names = []
    current = engine.classes[tie.model]
    for attr in tie.path[:-1]:
        current = engine.classes[current.children[attr].class_name]
        names.append(current.name)
    return names


def constructed(engine: Engine, owner: str, attr: str, value: ast.expr, text: str) -> str:
    """What a constructor makes of a tied layer: `text`, its own, is what it has when the configuration unties it."""
    if not isinstance(value, ast.Call) or engine.constructor_name(value) != "torch.nn.Linear":
        return text
    if (owner, attr) not in engine.biased_ties:
        return f"None if config.tie_word_embeddings else {text}"
    embeddings, use_bias = engine.biased_ties[owner, attr]
    units = next((k.value for k in value.keywords if k.arg == "out_features"), None) or value.args[1]
    options = "" if use_bias == "True" else f", use_bias={use_bias}"
    engine.layers.add("TiedDense")
    tied = f'TFModelTiedDense({engine.expression(units)}, {embeddings}{options}, name="{attr}")'
    return f"{tied} if config.tie_word_embeddings else {text}"


def call(engine: Engine, owner: ClassInfo, attr: str, argument: str, plain: str) -> str:
    """The tied layer's call: a product with the embedding matrix, or the layer of its own."""
    if (owner.name, attr) in engine.always_tied:
        return _product(argument, engine.always_tied[owner.name, attr])
    if (owner.name, attr) in engine.biased_ties:
        return plain
    embeddings, bias = engine.tied_calls[owner.name, attr]
    text = f"{_product(argument, embeddings)} if self.{kept_name(owner, attr)} is None else {plain}"
    return f"tf.nn.bias_add({text}, self.{bias})" if bias else text


def _product(argument: str, embeddings: str) -> str:
    return f"tf.matmul({argument}, {table_of(embeddings, named(argument) or COMPUTED)}, transpose_b=True)"


def part(engine: Engine, node: ast.Attribute) -> str | None:
    """`self.decoder.weight` and `self.decoder.bias` of a tied layer that is not called but computed with."""
    layer = node.value
    owner = engine.owner_of(layer.value) if isinstance(layer, ast.Attribute) else None
    if owner is None or not isinstance(layer, ast.Attribute) or ast.unparse(layer.value) != "self":
        return None
    embeddings, bias = engine.tied_calls.get((owner.name, layer.attr), ("", None))
    text = f"self.{kept_name(owner, layer.attr)}"
    if not embeddings:
        return None
    parent = engine.parent(node)
    about = isinstance(parent, ast.Attribute) and parent.attr in ABOUT
    table = f"{embeddings}.embeddings" if about else table_of(embeddings)
    if node.attr == "weight" and (owner.name, layer.attr) in engine.biased_ties:
        return f'({table} if hasattr({text}, "input_embeddings") else tf.transpose({text}.kernel))'
    if node.attr == "weight":
        return f"({table} if {text} is None else tf.transpose({text}.kernel))"
    return f"self.{bias}" if node.attr == "bias" and bias else None
