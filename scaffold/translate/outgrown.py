"""A past that an own `prepare_inputs_for_generation` drops once the text outgrows a length: its keys change from there on.

PyTorch then computes all tokens anew. TensorFlow's generation has handed over the last token alone by then
(`generation/tf_utils.py`), so a port refuses that step and names what works.
"""

from __future__ import annotations

import ast
import re

from scaffold.translate import markers
from scaffold.translate.engine import Engine

_PAST = "past_key_values"
_GROWN = re.compile(r"input_ids\.shape\[1\] (?:>= (?P<at>self\.config\.\w+) \+ 1|> (?P<above>self\.config\.\w+))")


def refusal(engine: Engine, method: ast.FunctionDef | None) -> list[str]:
    """The lines that refuse the step, for the start of the method's body; a marker for a past that goes for other reasons."""
    statement = next((s for s in method.body if _drops_past(s)), None) if method is not None else None
    if statement is None:
        return []
    conditions = _conditions(statement)
    limit = next((m["at"] or m["above"] for c in conditions if (m := _GROWN.fullmatch(c))), None)
    others = [c for c in conditions if not _GROWN.fullmatch(c) and c not in (_PAST, f"{_PAST} is not None")]
    known = re.compile(rf"self\.config\.\w+|past_length <= {re.escape(limit or '')}|cache_position\[0\] <= {limit}")
    if limit is None or not all(known.fullmatch(c) for c in others):
        why = "generation drops the past where this says so, and TensorFlow's has handed over the last token alone by then"
        engine.diagnose("TFP122", _PAST, why, statement, "generate with use_cache=False")
        return [f"    {line}" for line in markers.write(engine.diagnostics[-1])]
    engine.uses.add("shape_list")
    options = "".join(f" and {c}" for c in others if c.startswith("self.config."))
    return [
        "    # keys change when a text outgrows this length, and generation hands over its last token alone",
        f"    if {_PAST} is not None{options}:",
        f"        limit = {limit}",
        f"        past_length = shape_list({_PAST}[0][0])[-2]  # in a graph, with padding",
        "        crosses = past_length <= limit or not tf.executing_eagerly()",
        "        if crosses and past_length + shape_list(input_ids)[-1] > limit:",
        "            raise NotImplementedError(",
        '                f"The past of a text that grows beyond {limit} tokens cannot be used; generate with `use_cache=False`."',
        "            )",
        "",
    ]


def _drops_past(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and any(
        isinstance(n, ast.Assign) and ast.unparse(n) == f"{_PAST} = None" for n in ast.walk(statement)
    )


def _conditions(statement: ast.stmt) -> list[str]:
    """All that must hold on the way to the assignment."""
    found: list[str] = []
    for node in ast.walk(statement):
        if isinstance(node, ast.If):
            parts = node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]
            joined = not isinstance(node.test, ast.BoolOp) or isinstance(node.test.op, ast.And)
            found += [ast.unparse(part) if joined and not node.orelse else "" for part in parts]
    return found
