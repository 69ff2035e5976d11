"""`dummy_inputs`, `serving` and `serving_output` of the models themselves, as before 814de8fac7 (4.30).

Until then TFPreTrainedModel knew dummy inputs and a serving signature for `input_ids`, `attention_mask` and `token_type_ids`
only, and `serving_output` had to be written in every model. What the translator says with `input_signature` is said here
with those three. Source: the hand-written files of 4.22 and 4.26, eras.md §8.
"""

from __future__ import annotations

import ast

from scaffold.translate.era.building import model_classes
from scaffold.translate.era.splicing import Splicer, class_methods, first_line

_TEXT = ("input_ids", "attention_mask", "token_type_ids")
_INFERRED = (*_TEXT, "decoder_input_ids", "decoder_attention_mask")
_IMAGE = ("None", "self.config.num_channels", "self.config.image_size", "self.config.image_size")

Spec = tuple[tuple[str, ...], str]  # dimensions as source, dtype as source


def with_methods(text: str) -> str:
    """The module with the three methods where the release's base class does not do."""
    splicer = Splicer(text)
    classes = {node.name: node for node in splicer.tree.body if isinstance(node, ast.ClassDef)}
    models = model_classes(classes.values())
    bases = [n for n in classes.values() if any(ast.unparse(b) == "TFPreTrainedModel" for b in n.bases)]
    imported: set[str] = set()
    for base in bases:
        derived = [n for n in classes.values() if n.name in models and n not in bases]
        _describe_inputs(splicer, base, derived, imported)
    for name in sorted(models):
        node = classes[name]
        if "call" in class_methods(node) and "serving_output" not in class_methods(node):
            lines = _serving_output(node, classes)
            if name.endswith("ForMultipleChoice"):
                lines = [*_choices(_arguments(node)), "", *lines]
                imported.add("MULTIPLE_CHOICE_DUMMY_INPUTS")
            _append(splicer, node, lines)
    imports = [n for n in splicer.tree.body if isinstance(n, ast.ImportFrom)]
    if imported and imports:
        line = f"from ...utils import {', '.join(sorted(imported))}"
        splicer.insert_after(imports[-1].end_lineno or imports[-1].lineno, [line])
    return splicer.text()


def _append(splicer: Splicer, node: ast.ClassDef, lines: list[str]) -> None:
    """Put a member at the end of a class."""
    splicer.insert_after(node.end_lineno or node.lineno, ["", *(f"    {line}" if line else "" for line in lines)])


def _arguments(node: ast.ClassDef) -> list[str]:
    call = class_methods(node).get("call")
    return [a.arg for a in call.args.args[1:]] if call is not None else []


# --- inputs -----------------------------------------------------------------------------------------------------------


def _describe_inputs(splicer: Splicer, base: ast.ClassDef, derived: list[ast.ClassDef], imported: set[str]) -> None:
    """`dummy_inputs` and `serving` of the base class, in place of its `input_signature`."""
    methods = class_methods(base)
    called = next((n for n in derived if _arguments(n)), None)
    arguments = _arguments(called) if called is not None else []
    stated, complete = _stated(methods.get("input_signature"))
    specs = dict(stated) if complete else {**_inferred(arguments), **stated}
    lines: list[str] = []
    if "dummy_inputs" not in methods and (set(stated) - {"input_ids"} or set(specs) - set(_TEXT)):
        lines = _dummy_inputs(specs, imported)
    if specs and set(specs) != set(_TEXT):
        lines += [*([""] if lines else []), *_serving(specs)]
    signature = methods.get("input_signature")
    if signature is not None:
        splicer.drop_lines(first_line(signature), signature.end_lineno or signature.lineno)
    if lines:
        _append(splicer, base, lines)


def _inferred(arguments: list[str]) -> dict[str, Spec]:
    """What the newer base class infers from the parameters of `call`."""
    found: dict[str, Spec] = {name: (("None", "None"), "tf.int32") for name in arguments if name in _INFERRED}
    if "pixel_values" in arguments:
        found["pixel_values"] = (_IMAGE, "tf.float32")
    return found


def _stated(signature: ast.FunctionDef | None) -> tuple[dict[str, Spec], bool]:
    """The specs of an `input_signature`, and whether they are all there are (it does not ask its base class)."""
    if signature is None:
        return {}, False
    found: dict[str, Spec] = {}
    for node in ast.walk(signature):
        pairs: list[tuple[ast.expr | None, ast.expr]] = []
        if isinstance(node, ast.Dict):
            pairs = list(zip(node.keys, node.values, strict=True))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            pairs = [(node.targets[0].slice, node.value)]
        for key, value in pairs:
            if isinstance(key, ast.Constant) and isinstance(value, ast.Call) and len(value.args) > 1:
                shape = value.args[0]
                dims = tuple(ast.unparse(e) for e in shape.elts) if isinstance(shape, (ast.Tuple, ast.List)) else ()
                found[str(key.value)] = (dims, ast.unparse(value.args[1]))
    return found, "super()" not in ast.unparse(signature)


def _dummy_inputs(specs: dict[str, Spec], imported: set[str]) -> list[str]:
    """Tensors of ones: three examples, five positions where a length is free, as DUMMY_INPUTS has them."""
    lines = ["@property", "def dummy_inputs(self):", "    return {"]
    for name, (dims, dtype) in specs.items():
        if name in ("input_ids", "decoder_input_ids"):
            imported.add("DUMMY_INPUTS")
            lines.append(f'        "{name}": tf.constant(DUMMY_INPUTS),')
        elif "attention_mask" not in name and name != "token_type_ids":
            sizes = ["3" if k == 0 else "5" if d == "None" else d for k, d in enumerate(dims)]
            lines.append(f'        "{name}": tf.ones([{", ".join(sizes)}], dtype={dtype}),')
    return [*lines, "    }"]


def _serving(specs: dict[str, Spec]) -> list[str]:
    """The method that a saved model exports; its signature cannot ask the configuration, so such sizes are free."""
    lines = ["@tf.function(", "    input_signature=[", "        {"]
    for name, (dims, dtype) in specs.items():
        free = [d if d.isdigit() else "None" for d in dims]
        shape = ", ".join(free) + ("," if len(free) == 1 else "")
        lines.append(f'            "{name}": tf.TensorSpec(({shape}), {dtype}, name="{name}"),')
    lines += ["        }", "    ]", ")", "def serving(self, inputs):"]
    return [*lines, "    output = self.call(inputs)", "", "    return self.serving_output(output)"]


def _choices(arguments: list[str]) -> list[str]:
    """Both for inputs with an axis of choices."""
    specs: dict[str, Spec] = {name: (("None",) * 3, "tf.int32") for name in arguments if name in _TEXT}
    dummy = ["@property", "def dummy_inputs(self):"]
    return [*dummy, '    return {"input_ids": tf.constant(MULTIPLE_CHOICE_DUMMY_INPUTS)}', "", *_serving(specs)]


# --- outputs ----------------------------------------------------------------------------------------------------------


def _serving_output(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> list[str]:
    """The outputs as tensors: what the configuration asks for stacked, everything else as it is, no loss."""
    output = _returned(node, classes)
    head = ["def serving_output(self, output):"]
    if output is None:
        return [*head, "    return output"]
    name, fields = output
    lines: list[str] = []
    values: list[str] = []
    for field in fields:
        asked = _asked(field)
        if field == "loss" or field.endswith("_loss"):
            continue
        if asked is None:
            values.append(f"{field}=output.{field}")
            continue
        lines.append(f"    {field} = tf.convert_to_tensor(output.{field}) if {asked} else None")
        values.append(f"{field}={field}")
    return [*head, *lines, *([""] if lines else []), f"    return {name}({', '.join(values)})"]


def _asked(field: str) -> str | None:
    """The configuration's switch for an output that is a tuple of tensors; None for a tensor."""
    if field.endswith("hidden_states"):
        return "self.config.output_hidden_states"
    if field == "cross_attentions":
        return "self.config.output_attentions and output.cross_attentions is not None"
    if field.endswith("attentions"):
        return "self.config.output_attentions"
    if field == "past_key_values":
        return "self.config.use_cache and output.past_key_values is not None"
    return None


def _returned(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> tuple[str, list[str]] | None:
    """(class, fields) of the output that `call` returns last, looked for in the main layer where `call` only hands on."""
    seen: set[str] = set()
    current: ast.ClassDef | None = node
    while current is not None and current.name not in seen:
        seen.add(current.name)
        call = class_methods(current).get("call")
        for statement in reversed(list(ast.walk(call)) if call is not None else []):
            made = statement.value if isinstance(statement, ast.Return) else None
            if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id.startswith("TF"):
                names = [k.arg for k in made.keywords if k.arg is not None]
                if names and len(names) == len(made.keywords) and not made.args:
                    return made.func.id, names
        current = _main_layer(current, classes)
    return None


def _main_layer(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> ast.ClassDef | None:
    init = class_methods(node).get("__init__")
    for item in ast.walk(init) if init is not None else ():
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Name) and item.func.id.endswith("MainLayer"):
            return classes.get(item.func.id)
    return None
