"""What an equation of `torch.einsum` says of its operands."""

from __future__ import annotations

from scaffold.translate.callsite import Arg, parenthesised


def _axes(equation: object) -> tuple[str, str, str] | None:
    """The axes of two operands and of the result; None for other equations."""
    inputs, _, output = str(equation).replace(" ", "").partition("->")
    left, _, right = inputs.partition(",")
    letters = left.isalpha() and right.isalpha() and output.isalpha()
    return (left, right, output) if isinstance(equation, str) and letters else None


def may_broadcast(equation: object, operands: list[Arg]) -> bool:
    """True where one operand lacks axes of the other, so that PyTorch's stretching of axes of size 1 is likely meant."""
    if (axes := _axes(equation)) is None:
        return False
    left, right, output = axes
    shared = set(left) & set(right) & set(output)
    return len(left) != len(right) and bool(shared) and all(o.rank not in (1, 2) for o in operands)


def product(equation: object, operands: list[str]) -> str | None:
    """`blq,bhlk->bhlqk`, which sums over nothing, as a product of operands with axes of size 1; None for anything else.

    TensorFlow Lite multiplies matrices for it, of which it gets the sizes wrong.
    """
    axes = _axes(equation) if len(operands) == 2 else None
    if axes is None:
        return None
    *terms, output = axes
    in_order = all("".join(axis for axis in output if axis in term) == term for term in terms)
    if not in_order or set(output) != set("".join(terms)) or not set(terms[0]) & set(terms[1]):
        return None
    places = (", ".join(":" if axis in term else "None" for axis in output) for term in terms)
    factors = zip(operands, terms, places, strict=True)
    return " * ".join(parenthesised(o) if term == output else f"{parenthesised(o)}[{p}]" for o, term, p in factors)
