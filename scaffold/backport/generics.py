"""`class XForY(GenericForY, XPreTrainedModel): pass` written out: the head's text is in the class, as in every older model.

Source: `modeling_layers.py` of the 5.x tree, whose text it is. A generic head makes its body by the name of an attribute; here
the body is the file's own model.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from scaffold.backport.splice import Edit, Source, bases

_LAYERS = "src/transformers/modeling_layers.py"
_PREFIX = "base_model_prefix"


def written_out(source: Source, tree: Path) -> Source:
    """The module with its generic heads written out; those whose body is not in the file stay."""
    imported = {alias.asname or alias.name for s, alias in source.imports() if s.module == "modeling_layers"}
    wanted = {name: node for name, node in source.classes.items() if imported & _generic(node)}
    if not wanted or not (tree / _LAYERS).is_file():
        return source
    layers = Source(_LAYERS, (tree / _LAYERS).read_text(encoding="utf-8"))
    edits: list[Edit] = []
    for node in wanted.values():
        edits += _head(source, layers, node)
    if not edits:
        return source
    first = next(n for n in source.tree.body if isinstance(n, ast.Import | ast.ImportFrom))
    return source.edited([*edits, source.before(first, _imports(layers)), *_logger(source)])


def _generic(node: ast.ClassDef) -> set[str]:
    return {name for name in bases(node) if name.startswith("GenericFor")}


def _head(source: Source, layers: Source, node: ast.ClassDef) -> list[Edit]:
    generic = next(name for name in bases(node) if name.startswith("GenericFor"))
    pretrained = next((name for name in bases(node) if name.endswith("PreTrainedModel")), "")
    model = f"{pretrained.removesuffix('PreTrainedModel')}Model"
    if generic not in layers.classes or model not in source.classes or not pretrained:
        return []
    own = [item for item in node.body if not isinstance(item, ast.Pass) and not _is_text(item)]
    prefix = _prefix(own) or _prefix(layers.classes[generic].body) or "model"
    text = "" if _prefix(own) else f'    {_PREFIX} = "{prefix}"\n'
    for item in layers.classes[generic].body:
        if isinstance(item, ast.FunctionDef):
            start, end, _ = layers.without_lines(item)
            text += "\n" + layers.text.encode("utf-8")[start:end].decode("utf-8")
    text = text.replace(
        "setattr(self, self.base_model_prefix, AutoModel.from_config(config))", f"self.{prefix} = {model}(config)"
    )
    text = text.replace("getattr(self, self.base_model_prefix)", f"self.{prefix}")
    text = re.sub(r" *# Similar to `self\.model = .*\n", "", text)
    edits = [source.without_lines(item) for item in node.body if isinstance(item, ast.Pass)]
    end = source.line_start((node.end_lineno or node.lineno) + 1)
    kept = ", ".join(ast.unparse(base) for base in node.bases if ast.unparse(base) != generic)
    head = (source.span(node.bases[0])[0], source.span(node.bases[-1])[1], kept)
    return [head, *edits, (end, end, text)]


def _is_text(item: ast.stmt) -> bool:
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)


def _prefix(body: list[ast.stmt]) -> str | None:
    for item in body:
        if isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == _PREFIX:
            return str(ast.literal_eval(item.value))
    return None


def _imports(layers: Source) -> list[str]:
    """What the generic heads import, seen from a model's folder; the formatter takes away what is not used."""
    lines = []
    for node in layers.tree.body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            names = ", ".join(alias.name for alias in node.names)
            lines.append(f"from ...{node.module} import {names}")
    return lines


def _logger(source: Source) -> list[Edit]:
    if any(isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "logger" for n in source.tree.body):
        return []
    last = [n for n in source.tree.body if isinstance(n, ast.Import | ast.ImportFrom)][-1]
    return [source.after(last, ["", "", "logger = logging.get_logger(__name__)", ""])]
