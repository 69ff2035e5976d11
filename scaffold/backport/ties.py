"""Shared weights: 5.x names each weight and what it is tied to, 4.x lists them and ties an output layer to the input embeddings.

Source: `modeling_utils.py` of both trees (`tie_weights`). 4.x shares the bias of a head with its output layer in the head itself.
"""

from __future__ import annotations

import ast

from scaffold.backport.refusal import refused
from scaffold.core.longhand.modules import members_of
from scaffold.core.longhand.splice import Edit, Source, method

_TABLE = "_tied_weights_keys"
_EMBEDDINGS = ("embed", "wte", "tok")
_ADVICE = "bring the model over by hand, then run new-tf-model without --pytorch-from"

_METHOD = """

    def _tie_weights(self):
        self.{layer}.bias = self.bias
"""


def has_ties(source: Source) -> bool:
    """True when some class of the modelling file shares weights."""
    return any(_table(owner) is not None for owner in source.classes.values())


def _table(owner: ast.ClassDef) -> ast.Dict | None:
    for node in owner.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == _TABLE and isinstance(node.value, ast.Dict):
            return node.value if node.value.keys else None
    return None


def listed(source: Source) -> Source:
    """The module with lists of weights, and heads that share their bias themselves."""
    edits: list[Edit] = []
    heads: dict[str, str] = {}
    methods: dict[str, dict[str, str]] = {}
    for owner in source.classes.values():
        table = _table(owner)
        if table is None:
            continue
        keys = [key for key in table.keys if key is not None]
        edits.append(source.replaced(table, f"[{', '.join(source.segment(key) for key in keys)}]"))
        for key, value in zip(keys, table.values, strict=True):
            heads |= _tie(source, owner, ast.literal_eval(key), ast.literal_eval(value), table.lineno)
        edits += _in_order(source, owner, table)
        for name, found in _accessors(source, owner, table).items():
            methods.setdefault(name, {}).update(found)
    for name, layer in heads.items():
        edits += _shared_bias(source, source.classes[name], layer)
    edits += [_added(source, source.classes[name], found) for name, found in methods.items()]
    return source.edited(edits)


def _accessors(source: Source, owner: ast.ClassDef, table: ast.Dict) -> dict[str, dict[str, str]]:
    """Class → `get_…` and `set_…` of the layers that are tied, which 5.x finds by their names."""
    found: dict[str, dict[str, str]] = {}
    for key, value in zip(table.keys, table.values, strict=True):
        output, embeddings = (
            str(ast.literal_eval(node)).removesuffix(".weight") for node in (key, value) if node is not None
        )
        parts = [*output.split("."), *embeddings.split(".")]
        if not all(part.isidentifier() for part in parts) or output.endswith(".bias") or "." not in embeddings:
            continue
        path, _, layer = embeddings.rpartition(".")
        inner = _class_at(source, owner, path)
        found.setdefault(owner.name, {}).update({"output": f"self.{output}", "input": f"self.{embeddings}"})
        if inner is not None and inner != owner.name:
            found.setdefault(inner, {})["input"] = f"self.{layer}"
    return found


def _added(source: Source, node: ast.ClassDef, found: dict[str, str]) -> Edit:
    """The methods that a class has not itself, behind its constructor."""
    text = ""
    for kind, place in found.items():
        if method(node, f"get_{kind}_embeddings") is None and method(node, f"set_{kind}_embeddings") is None:
            text += f"\n    def get_{kind}_embeddings(self):\n        return {place}\n"
            text += f"\n    def set_{kind}_embeddings(self, value):\n        {place} = value\n"
    init = method(node, "__init__")
    end = source.line_start(((init or node).end_lineno or node.lineno) + 1)
    return (end, end, text)


def _tie(source: Source, owner: ast.ClassDef, key: str, to: str, line: int) -> dict[str, str]:
    """Head → its output layer where both biases are the head's; nothing for what 4.x ties itself; BKP102 for other ties."""
    head, _, own = to.rpartition(".")
    layer = key.removeprefix(f"{head}.").removesuffix(".bias")
    found = _class_at(source, owner, head)
    if own == "bias" and key == f"{head}.{layer}.bias" and "." not in layer and found is not None:
        return {found: layer}
    if own == "bias" or not any(word in to for word in _EMBEDDINGS):
        raise refused(source.path, line, f"{owner.name}.{_TABLE}", f"4.x does not tie {key} to {to}", _ADVICE)
    return {}


def _in_order(source: Source, owner: ast.ClassDef, table: ast.Dict) -> list[Edit]:
    """A head that is made before the model whose embeddings it shares goes behind it: a port hands them to its constructor."""
    init = method(owner, "__init__")
    places = {
        ast.unparse(s.targets[0]): s for s in (init.body if init is not None else ()) if isinstance(s, ast.Assign)
    }
    for key, value in zip(table.keys, table.values, strict=True):
        parts = [str(ast.literal_eval(node)).split(".")[0] for node in (key, value) if node is not None]
        head, model = (places.get(f"self.{part}") for part in parts)
        if head is not None and model is not None and head.lineno < model.lineno:
            start, end = source.without_lines(head)[:2]
            return [(start, end, ""), source.after(model, source.segment(head).split("\n"))]
    return []


def _class_at(source: Source, owner: ast.ClassDef, path: str) -> str | None:
    """The class of the module at a path below a model, `cls.predictions`."""
    for part in path.split("."):
        found = [name for name in members_of(owner).get(part, ()) if name in source.classes]
        if len(found) != 1:
            return None
        owner = source.classes[found[0]]
    return owner.name


def _shared_bias(source: Source, head: ast.ClassDef, layer: str) -> list[Edit]:
    init = method(head, "__init__")
    if init is None or method(head, "_tie_weights") is not None:
        return []
    line = f"self.{layer}.bias = self.bias"
    end = source.line_start((init.end_lineno or init.lineno) + 1)
    return [(end, end, f"        {line}\n{_METHOD.format(layer=layer)[1:]}")]
