"""The documentation of models whose PyTorch file has `@auto_docstring` (since 5f5ccfdc54, 4.52) in TensorFlow's form.

TensorFlow's files document with `add_start_docstrings` and `add_start_docstrings_to_model_forward` in every release. The
texts are those that `@auto_docstring` would have put in: the checkout's `utils/args_doc.py`, read and never imported.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.translate.era.building import model_classes
from scaffold.translate.era.splicing import Splicer, class_methods

_ARGUMENTS = "src/transformers/utils/args_doc.py"
_DECORATOR = "auto_docstring"
_SEQUENCE = "batch_size, sequence_length"
_CONFIG = (
    "Model configuration class with all the parameters of the model.\n"
    "            Initializing with a config file does not load the weights associated with the model, only the\n"
    "            configuration. Check out the [`~TFPreTrainedModel.from_pretrained`] method to load the model weights."
)
_TRAINING = (
    "        training (`bool`, *optional*, defaults to `False`):\n"
    "            Whether the model is trained: dropout and the like behave differently then.\n"
)


def documented(text: str, located: Located, twins: Mapping[str, str], introduction: str | None) -> str:
    """The module with decorators on every model that PyTorch documents automatically; `twins`: PyTorch → TensorFlow class.

    `introduction` is what this checkout's TensorFlow files say about the inputs' formats.
    """
    source = ast.parse(located.source)
    intros = {twins[name]: custom for name, custom in _automatic(source).items() if name in twins}
    arguments, classes = _texts(located.root / _ARGUMENTS, "Args"), _texts(located.root / _ARGUMENTS, "ClassDocstring")
    if not intros or not arguments:
        return text
    splicer = Splicer(text)
    nodes = [n for n in splicer.tree.body if isinstance(n, ast.ClassDef)]
    models = model_classes(nodes)
    wanted = [
        n for n in nodes if n.name in models & set(intros) and "call" in class_methods(n) and not n.decorator_list
    ]
    if not wanted:
        return text
    prefix = located.names.stem.upper()
    entries = {name: lines for node in reversed(wanted) for name, lines in _entries(node, arguments).items()}
    first = min(first_line_of_class(node) for node in wanted)
    constants = _constants(prefix, located.config_class, introduction or "", entries)
    splicer.insert_after(_above_comments(text, first), constants)
    for node in wanted:
        about = intros[node.name] or _introduction(node.name, located.names.camel, classes)
        lines = _class_decorator(about.format(model_name=located.names.title), prefix)
        splicer.insert_after(first_line_of_class(node) - 1, lines)
        choices = node.name.endswith("ForMultipleChoice")
        shape = "batch_size, num_choices, sequence_length" if choices else _SEQUENCE
        call = class_methods(node)["call"]
        splicer.insert_after(
            call.lineno - 1,
            [f'    @add_start_docstrings_to_model_forward({prefix}_INPUTS_DOCSTRING.format("{shape}"))'],
        )
    imports = [n for n in splicer.tree.body if isinstance(n, ast.ImportFrom)]
    names = "add_start_docstrings, add_start_docstrings_to_model_forward"
    splicer.insert_after(imports[-1].end_lineno or imports[-1].lineno, [f"from ...utils import {names}"])
    return splicer.text()


def first_line_of_class(node: ast.ClassDef) -> int:
    """The line of its first decorator, or of `class`."""
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _above_comments(text: str, line: int) -> int:
    """The line (from 1) below which constants go: above the comments that belong to the class."""
    lines = text.split("\n")
    above = line - 1
    while above and lines[above - 1].startswith("#"):
        above -= 1
    return above


def _automatic(source: ast.Module) -> dict[str, str]:
    """PyTorch classes with `@auto_docstring` → their own introduction, empty where the class's name says it."""
    found: dict[str, str] = {}
    for node in source.body:
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if ast.unparse(called) != _DECORATOR or not isinstance(node, ast.ClassDef):
                continue
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            texts = [k.value.value for k in keywords if k.arg == "custom_intro" and isinstance(k.value, ast.Constant)]
            found[node.name] = str(texts[0]).replace("{", "{{").replace("}", "}}") if texts else ""
    return found


def _texts(path: Path, kind: str) -> dict[str, tuple[str, str]]:
    """Name → (description, shape) of the classes in `args_doc.py` whose name ends in `kind`."""
    found: dict[str, tuple[str, str]] = {}
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    for node in tree.body:
        for item in node.body if isinstance(node, ast.ClassDef) and node.name.endswith(kind) else ():
            if not (isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name)):
                continue
            try:
                value = ast.literal_eval(item.value)
            except ValueError:
                continue
            if isinstance(value, dict):
                text = (str(value.get("description", "")), str(value.get("shape") or ""))
            else:
                text = (str(value), "")
            found.setdefault(item.targets[0].id, text)
    return found


def _introduction(name: str, camel: str, classes: Mapping[str, tuple[str, str]]) -> str:
    """What the library says of a class of this kind: the entry with the longest name that ends the class's."""
    kind = name.removeprefix(f"TF{camel}")
    known = sorted((k for k in classes if kind.endswith(k)), key=len)
    return classes[known[-1]][0] if known else "The {model_name} model."


def _entries(node: ast.ClassDef, arguments: Mapping[str, tuple[str, str]]) -> dict[str, list[str]]:
    """Argument of `call` → its lines, for those that the library documents."""
    call = class_methods(node)["call"].args
    defaults: list[ast.expr | None] = [None] * (len(call.args) - len(call.defaults)) + list(call.defaults)
    found: dict[str, list[str]] = {}
    for argument, default in zip(call.args, defaults, strict=True):
        if argument.arg not in arguments or argument.arg in ("labels", "start_positions", "end_positions"):
            continue
        description, shape = arguments[argument.arg]
        kind = _type(ast.unparse(argument.annotation) if argument.annotation is not None else "", shape)
        optional = ", *optional*" if default is not None else ""
        head = f"        {argument.arg} ({kind}{f' {_free(shape)}' if shape else ''}{optional}):"
        lines = [
            f"            {line.strip()}" if line.strip() else "" for line in _plain(description).strip().split("\n")
        ]
        found[argument.arg] = [head, *lines]
    return found


def _indented(text: str, by: int) -> list[str]:
    """The text's lines at one column, those that are too long for the repository wrapped."""
    lines = [part for line in text.strip().split("\n") for part in textwrap.wrap(line.strip(), 119 - by) or [""]]
    return [" " * by + line if line else "" for line in lines]


def _type(annotation: str, shape: str) -> str:
    if "bool" in annotation:
        return "`bool`"
    if "ndarray" in annotation or "TFModelInputType" in annotation:
        return "`np.ndarray` or `tf.Tensor`"
    return "`tf.Tensor`" if shape or "Tensor" in annotation or not annotation else f"`{annotation.split(' |')[0]}`"


def _plain(text: str) -> str:
    """A description in TensorFlow's terms whose braces survive `str.format`."""
    text = re.sub(r"`?torch\.\w*Tensor`?", "`tf.Tensor`", text).replace("{processor_class}", "AutoProcessor")
    return text.replace("{", "{{").replace("}", "}}")


def _free(shape: str) -> str:
    return _plain(shape).replace(f"({_SEQUENCE}", "({0}")


def _constants(prefix: str, config: str, introduction: str, entries: Mapping[str, list[str]]) -> list[str]:
    inputs = [line for lines in entries.values() for line in lines]
    return [
        *f'{prefix}_START_DOCSTRING = r"""{introduction}'.split("\n"),
        "    Parameters:",
        f"        config ([`{config}`]): {_CONFIG}",
        '"""',
        "",
        f'{prefix}_INPUTS_DOCSTRING = r"""',
        "    Args:",
        *inputs,
        *_TRAINING.rstrip("\n").split("\n"),
        '"""',
        "",
        "",
    ]


def _class_decorator(about: str, prefix: str) -> list[str]:
    about = about.replace('"' * 3, "'" * 3).strip()
    lines = _indented(about, 4)
    return ["@add_start_docstrings(", '    """', *lines, '    """,', f"    {prefix}_START_DOCSTRING,", ")"]
