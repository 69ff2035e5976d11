"""What a rule sees of one call: its bound arguments, their TensorFlow text and what is known of their types."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scaffold.core.typedb import TypeInfo
from scaffold.translate.names import sliced_names
from scaffold.translate.rule import Unmapped

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Dict, ast.ListComp, ast.JoinedStr)
#: An argument whose value is not a literal.
NOT_CONSTANT = object()


def parenthesised(text: str, node: ast.AST | None = None) -> str:
    """`text` ready to stand before `.attr`, `[…]` or an operator: in parentheses unless it is an atom."""
    if node is None or not isinstance(node, ATOMS):
        try:
            node = ast.parse(text.strip(), mode="eval").body
        except SyntaxError:
            return f"({text})"
    if isinstance(node, ATOMS) or (isinstance(node, ast.Constant) and not isinstance(node.value, (int, float))):
        return text
    return text if isinstance(node, ast.Constant) else f"({text})"


#: Python's types as dtypes; torch's `int` has 64 bits, a port's integers have 32.
_BUILTIN_DTYPES = {"int": "tf.int32", "float": "tf.float32", "bool": "tf.bool"}


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument: the PyTorch node, its TensorFlow text and its type (of the PyTorch value)."""

    node: ast.AST | None
    text: str
    info: TypeInfo

    @property
    def atom(self) -> str:
        """The text, parenthesised unless it is an atom: for `{x}.attr`, `{x}[i]`, `a * {x}`."""
        return parenthesised(self.text)

    @property
    def kind(self) -> str | None:
        """Kind of value (`tensor`, `int`, …), None when unknown."""
        return self.info.kind

    @property
    def dtype(self) -> str | None:
        """Torch dtype of a tensor, None when unknown."""
        return self.info.dtype

    @property
    def rank(self) -> int | None:
        """Rank of a tensor (or length of a size, tuple, list), None when unknown."""
        return self.info.rank

    @property
    def constant(self) -> Any:
        """The literal value (`-1`, `(2, 3)`, `"mean"`, None …) or NOT_CONSTANT."""
        try:
            return ast.literal_eval(self.node) if self.node is not None else NOT_CONSTANT
        except (ValueError, TypeError, SyntaxError):
            return NOT_CONSTANT


def as_dtype(argument: Arg) -> Arg:
    """An argument that is a dtype, where it is one of Python's types by the name that TensorFlow has for it."""
    return Arg(argument.node, _BUILTIN_DTYPES.get(argument.text, argument.text), argument.info)


class CallSite:
    """One call under translation. `bound` maps the rule's parameter names to arguments; varargs map to a list."""

    def __init__(
        self, engine: Engine, node: ast.Call, qualname: str, bound: dict[str, Arg], varargs: dict[str, list[Arg]]
    ) -> None:
        self.engine = engine
        self.node = node
        self.qualname = qualname
        self.bound = bound
        self.varargs = varargs

    def has(self, name: str) -> bool:
        """True when the argument was given (and isn't the literal None)."""
        return name in self.bound and self.bound[name].constant is not None

    def arg(self, name: str) -> Arg:
        """The argument. KeyError when absent: guard with `has`."""
        return self.bound[name]

    def text(self, name: str, default: str = "") -> str:
        """TensorFlow text of the argument, or the default."""
        return self.bound[name].text if name in self.bound else default

    def constant(self, name: str, default: Any = None) -> Any:
        """Literal value of the argument, the default when absent, NOT_CONSTANT when it is no literal."""
        return self.bound[name].constant if name in self.bound else default

    def items(self, name: str) -> list[Arg]:
        """Arguments bound to varargs `*name`; a single tuple/list literal is unpacked into its items.

        Empty when the single argument is a sequence that is not a literal: then use `sequence`.
        """
        given = self.varargs.get(name, [])
        if len(given) == 1 and isinstance(given[0].node, (ast.Tuple, ast.List)):
            return [self.engine.arg(item) for item in given[0].node.elts]
        if len(given) == 1 and given[0].kind in ("size", "tuple", "list"):
            return []
        return given

    def sequence(self, name: str) -> str:
        """Varargs as one Python list/expression: `[a, b]`, or the text of the single sequence argument.

        `x.view(*shape)` gives `shape`; tuples become lists, which is what tf.reshape wants with `shape_list`'s lists.
        """
        given = self.varargs.get(name, [])
        if len(given) == 1:
            node = given[0].node
            if isinstance(node, ast.Starred):
                return self.engine.arg(node.value).text
            if isinstance(node, (ast.Tuple, ast.List)):
                return "[" + ", ".join(self.engine.expression(item) for item in node.elts) + "]"
            if given[0].kind in ("size", "tuple", "list"):
                return given[0].text
        return "[" + ", ".join(item.text for item in given) + "]"

    @property
    def result(self) -> TypeInfo:
        """What is known of the call's own value."""
        return self.engine.type_of(self.node)

    @property
    def sliced(self) -> frozenset[str]:
        """Variables that the function also takes parts of along several axes: tensors, whatever else is known of them."""
        function = self.engine.function_of(self.node)
        return sliced_names(function) if function is not None else frozenset()

    def uses(self, name: str) -> str:
        """Note that the text needs an import (`shape_list`, `stable_softmax`, `get_initializer`, `math`, `np` …)."""
        self.engine.uses.add(name)
        return name

    def emits(self, name: str) -> str:
        """Note that templates/model/functions/NAME.py must stand in the file; returns NAME."""
        self.engine.emits.add(name)
        return name

    def shape(self, arg: Arg) -> str:
        """`shape_list(x)`: static dimensions as ints, dynamic ones as tensors."""
        return f"{self.uses('shape_list')}({arg.text})"

    def cast(self, arg: Arg, torch_dtype: str) -> str:
        """The argument's text, wrapped in `tf.cast` unless it is known to have that dtype already."""
        return arg.text if arg.dtype == torch_dtype else f"tf.cast({arg.text}, {tf_dtype(torch_dtype)})"

    def refuse(self, code: str, message: str, help: str = "") -> Unmapped:
        """Leave the call in place with a marker."""
        return Unmapped(code, message, help)

    def need_rank(self, arg: Arg) -> int | Unmapped:
        """The argument's rank, or a refusal that says the probe did not reach it."""
        if arg.rank is not None and arg.kind == "tensor":
            return arg.rank
        return Unmapped("TFP110", "the rank of this tensor is not known", "add a probe recipe that reaches this line")


#: The generated code holds every integer tensor as int32: `unpack_inputs` casts int64 inputs to it.
TF_DTYPES = {
    "float32": "tf.float32",
    "float64": "tf.float64",
    "float16": "tf.float16",
    "bfloat16": "tf.bfloat16",
    "int64": "tf.int32",
    "int32": "tf.int32",
    "int16": "tf.int16",
    "int8": "tf.int8",
    "uint8": "tf.uint8",
    "bool": "tf.bool",
    "complex64": "tf.complex64",
    "complex128": "tf.complex128",
}


def tf_dtype(torch_dtype: str) -> str:
    """`float32` → `tf.float32`; both torch integer types used for indices become tf.int32."""
    return TF_DTYPES[torch_dtype]


def rewritten(rewrite: Callable[[CallSite], str | Unmapped], site: CallSite) -> str | Unmapped:
    """What a rule's function makes of a call.

    The functions count on calls that torch would accept. What torch would not (a missing argument, a list where a number
    belongs) makes them fail, and is refused like anything else that has no TensorFlow form.
    """
    try:
        return rewrite(site)
    except KeyError as missing:
        return Unmapped("TFP102", f"argument {missing} is not given", "give it explicitly")
    except (IndexError, TypeError, ValueError, AttributeError, SyntaxError) as error:
        return Unmapped(
            "TFP102", f"the arguments are not what torch takes ({error})".replace("\n", " "), "check the call"
        )
