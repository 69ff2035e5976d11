"""Which output each label of a head belongs to, for the library's `train_step`, where it does not know their names.

Source: `modeling_tf_utils.py`, `get_label_to_output_name_mapping`.
"""

from __future__ import annotations

import ast

from scaffold.translate.classes import ClassInfo

#: Heads that the library knows by such a parameter.
_KNOWN = frozenset({"start_positions", "sentence_order_label", "next_sentence_label"})


def output_map(info: ClassInfo) -> list[str]:
    """`_label_to_output_map` of a head with several labels, with a blank line behind; nothing for any other."""
    forward = info.methods.get("forward")
    names = [a.arg for a in forward.args.args] if forward is not None else []
    labels = [name for name in names if "label" in name]
    if forward is None or len(labels) < 2 or _KNOWN & set(names):
        return []
    compared = _compared(forward, labels)
    outputs = _outputs(forward)
    found = {label: outputs[compared[label]] for label in labels if compared.get(label) in outputs}
    if len(found) < len(labels):
        return []
    pairs = ", ".join(f'"{label}": "{output}"' for label, output in found.items())
    return [f"_label_to_output_map = {{{pairs}}}", ""]


def _compared(forward: ast.FunctionDef, labels: list[str]) -> dict[str, str]:
    """Label → the local that a loss compares it with: `loss_fct(scores.view(-1, 2), labels.view(-1))`."""
    found: dict[str, str] = {}
    for node in ast.walk(forward):
        if isinstance(node, ast.Call) and len(node.args) == 2:
            scores, label = map(_root, node.args)
            if label in labels and scores and scores not in labels:
                found.setdefault(label, scores)
    return found


def _outputs(forward: ast.FunctionDef) -> dict[str, str]:
    """Local → the field of the output that it is returned in."""
    made = [n.value for n in ast.walk(forward) if isinstance(n, ast.Return) and isinstance(n.value, ast.Call)]
    return {
        k.value.id: k.arg for call in made for k in call.keywords if k.arg is not None and isinstance(k.value, ast.Name)
    }


def _root(node: ast.expr) -> str:
    """`scores` of `scores.view(-1, 2)` and of `scores[:, :-1]`."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        else:
            return ""
    return node.id
