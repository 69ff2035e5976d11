"""Output classes that `modeling_tf_outputs.py` lacks: made from the checkout's PyTorch class, in the file that needs them."""

from __future__ import annotations

import ast
import re
import textwrap

from scaffold.core.checkout import Located
from scaffold.translate import prose
from scaffold.translate.sources import Source

MODULE = "transformers.modeling_outputs"
_TENSOR = re.compile(r"\btorch\.\w*Tensor\b")


def twin(located: Located, name: str) -> list[str] | None:
    """Lines of `TF<name>`; None when the checkout has no such class."""
    path = located.root / "src/transformers/modeling_outputs.py"
    if not path.is_file():
        return None
    source = Source(path.read_text(encoding="utf-8"), str(path))
    node = next((n for n in source.tree.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    if node is None:
        return None
    lines = ["@dataclass", f"class TF{name}(ModelOutput):"]
    for statement in node.body:
        if isinstance(statement, ast.Expr):
            text = textwrap.dedent(" " * statement.col_offset + source.segment(statement))
            lines += [f"    {line}" if line else "" for line in prose.translate(text, {}).split("\n")] + [""]
        elif isinstance(statement, ast.AnnAssign):
            kind = re.sub(
                r"^Optional\[tf\.Tensor\]$|^tf\.Tensor$",
                "tf.Tensor | None",
                _TENSOR.sub("tf.Tensor", ast.unparse(statement.annotation)),
            )
            lines.append(f"    {ast.unparse(statement.target)}: {kind} = None")
    return lines
