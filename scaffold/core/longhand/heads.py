"""`class XForY(GenericForY, XPreTrainedModel): ...` written out: the head's text is in the class, as in every older model.

Source: `modeling_layers.py` of the tree (since 4.54), whose text it is. A generic head makes its body by the name of an
attribute and the automatic model of the configuration; here the body is the file's own model.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from scaffold.core.longhand.splice import Edit, Source, bases, imports_for, names_in

#: Where a tree keeps its generic heads.
LAYERS = "src/transformers/modeling_layers.py"
_MODULE = LAYERS.rsplit("/", 1)[-1].removesuffix(".py")
_PREFIX = "base_model_prefix"
_LOGGER = "logger = logging.get_logger(__name__)"


@dataclass(frozen=True, slots=True)
class _Head:
    """A class of the module that is a generic head, and its text when it is written out."""

    node: ast.ClassDef
    text: str


def written_out(source: Source, layers: Source) -> Source:
    """The module with its generic heads written out where they stand; those whose body is not in the file stay."""
    heads = _heads(source, layers)
    if not heads:
        return source
    edits: list[Edit] = [(*source.span(head.node), head.text) for head in heads]
    first = next(n for n in source.tree.body if isinstance(n, ast.Import | ast.ImportFrom))
    lines = _imports(source, layers, heads)
    edits.append(source.before(first, [line for line in lines if line != _LOGGER]))
    if _LOGGER in lines:
        last = [n for n in source.tree.body if isinstance(n, ast.Import | ast.ImportFrom)][-1]
        edits.append(source.after(last, ["", "", _LOGGER, ""]))
    return source.edited(edits)


def _heads(source: Source, layers: Source) -> list[_Head]:
    imported = {alias.asname or alias.name for s, alias in source.imports() if s.module == _MODULE}
    found = []
    for node in source.classes.values():
        generic = next(
            (n for n in bases(node) if n in imported and n in layers.classes and n.startswith("GenericFor")), ""
        )
        body = _body(source, node)
        if generic and body:
            found.append(_Head(node, _text(source, layers, node, generic, body)))
    return found


def _body(source: Source, node: ast.ClassDef) -> str:
    """The model of the same file that the automatic model would make: by the class's own name, or by that of its base class."""
    pretrained = next((name for name in bases(node) if name.endswith("PreTrainedModel")), "")
    names = [f"{name}Model" for name in (node.name.split("For")[0], pretrained.removesuffix("PreTrainedModel"))]
    return next((name for name in names if pretrained and name in source.classes), "")


def _text(source: Source, layers: Source, node: ast.ClassDef, generic: str, body: str) -> str:
    own = [item for item in node.body if not isinstance(item, ast.Pass) and not _is_ellipsis(item)]
    prefix = _prefix(own) or _prefix(layers.classes[generic].body) or "model"
    lines = [source.lines_of(item) for item in own]
    if not _prefix(own):
        lines.append(f'    {_PREFIX} = "{prefix}"\n')
    for item in layers.classes[generic].body:
        if isinstance(item, ast.FunctionDef) and item.name not in {getattr(o, "name", "") for o in own}:
            lines.append("\n" + layers.lines_of(item))
    text = "".join(lines).rstrip("\n")
    made = "setattr(self, self.base_model_prefix, AutoModel.from_config(config))"
    text = text.replace(made, f"self.{prefix} = {body}(config)")
    text = text.replace("getattr(self, self.base_model_prefix)", f"self.{prefix}")
    text = re.sub(r" *# Similar to `self\.model = .*\n", "", text)
    kept = ", ".join(ast.unparse(base) for base in node.bases if ast.unparse(base) != generic)
    return f"class {node.name}({kept}):\n{text}"


def _is_ellipsis(item: ast.stmt) -> bool:
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and item.value.value is ...


def _prefix(body: list[ast.stmt]) -> str | None:
    for item in body:
        if isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == _PREFIX:
            return str(ast.literal_eval(item.value))
    return None


def _imports(source: Source, layers: Source, heads: list[_Head]) -> list[str]:
    """What the written text needs and the module has not: imports, and the logger."""
    made = {ast.unparse(n.targets[0]) for n in source.tree.body if isinstance(n, ast.Assign)}
    read = names_in(head.text for head in heads) - made
    if "logger" not in read:
        return imports_for(source, layers, read)
    return [*imports_for(source, layers, read | {"logging"}), _LOGGER]
