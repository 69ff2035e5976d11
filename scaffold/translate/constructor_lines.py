"""Lines that a constructor gets beyond PyTorch's own, and where they stand."""

from __future__ import annotations

import re


def with_config(statements: list[str], wanted: bool) -> list[str]:
    """`self.config` before its first use: PyTorch's models have it from their base class."""
    kept = "self.config = config"
    first = next((k for k, line in enumerate(statements) if re.search(r"\bself\.config\b", line)), None)
    if first is None:
        return after_super(statements, [kept]) if wanted else statements
    if kept in statements[: first + 1] or not (wanted or kept in statements):
        return statements
    return after_super([line for line in statements if line != kept], [kept])


#: The constructor of a class whose PyTorch twin calls `nn.Module.__init__` and not that of the class it derives from.
LAYER_INIT = "keras.layers.Layer.__init__"


def after_super(statements: list[str], extra: list[str]) -> list[str]:
    """Lines behind the call of the base class's constructor, or in front where there is none."""
    if not extra:
        return statements
    for k, line in enumerate(statements):
        if line.startswith(("super().__init__", LAYER_INIT)):
            return [*statements[: k + 1], *extra, *statements[k + 1 :]]
    return [*extra, *statements]


def below_docstring(lines: list[str], body: list[str]) -> list[str]:
    """A function's body with lines in front of all but its docstring."""
    if not lines or not body or not body[0].lstrip("r").startswith('"""'):
        return [*lines, *body]
    quotes = 0
    for number, line in enumerate(body):
        quotes += line.count('"""')
        if quotes >= 2:
            return [*body[: number + 1], *lines, *body[number + 1 :]]
    return [*lines, *body]
