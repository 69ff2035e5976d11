"""Expressions of a PyTorch test file in TensorFlow: the translator's rules, and what only tests say.

Source: the repository's hand-written pairs of test files.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from scaffold.core.typedb import Observation, TypeInfo
from scaffold.translate import infer, operators
from scaffold.translate.callsite import parenthesised
from scaffold.translate.engine import Engine
from scaffold.translate.sources import Source
from scaffold.translate.suite_names import SuiteNames

#: Makers of random inputs in the common test file → dtype; their first argument is the shape.
FACTORIES = {"ids_tensor": "int64", "floats_tensor": "float32", "random_attention_mask": "int64"}
#: Methods that only move a tensor or a model, or detach it from a graph.
_IDLE = frozenset({"detach", "cpu", "contiguous", "eval", "clone"})
_LAYERS = (
    "torch.nn.Module",
    "torch.nn.Linear",
    "torch.nn.Embedding",
    "torch.nn.Conv2d",
    "torch.nn.LayerNorm",
    "torch.nn.Conv1d",
)
_INTEGER = ("int", "uint", "bool")


def given_types(source: Source) -> dict[str, TypeInfo]:
    """Tensors by name: a test file gives one name one meaning (`input_ids`), from the tester to the last check."""
    seen: dict[str, set[Observation]] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call):
            observation = _made(node.value)
            if observation is not None:
                seen.setdefault(node.targets[0].id, set()).add(observation)
    return {name: TypeInfo(tuple(found), static=True) for name, found in seen.items() if len(found) == 1}


def _made(call: ast.Call) -> Observation | None:
    name = call.func.id if isinstance(call.func, ast.Name) else None
    if name not in FACTORIES:
        return None
    shape = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "shape"), None)
    rank = len(shape.elts) if isinstance(shape, (ast.List, ast.Tuple)) else None
    return Observation("tensor", FACTORIES[name], rank)


class SuiteInference(infer.Inference):
    """Static types in a test file."""

    def _call(self, node: ast.Call) -> TypeInfo:
        made = _made(node)
        if made is not None:
            return TypeInfo((made,), static=True)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "item":
                return infer.static("int")
            if node.func.attr in _IDLE or node.func.attr == "to":
                receiver = self(node.func.value)
                if receiver.seen:
                    return receiver
        return super()._call(node)

    def _parameter(self, function: ast.FunctionDef, name: str) -> TypeInfo | None:
        return super()._parameter(function, name)


class SuiteEngine(Engine):
    """Translates the expressions of one test file."""

    def __init__(self, source: Source, names: SuiteNames, keras: str) -> None:
        super().__init__(source, given=given_types(source))
        self.infer = SuiteInference(self)
        self.names = names
        self.keras = keras  # how the checkout spells Keras
        own = {n.name: f"TF{n.name}" for n in source.tree.body if isinstance(n, ast.ClassDef)}
        self.renames = {**names.renames, **{k: v for k, v in own.items() if not k.startswith("TF")}}

    # -- names and attributes ----------------------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute) -> str:
        qualname = self.source.qualname(node)
        if qualname in _LAYERS:
            self.uses.add("keras")
            return f"{self.keras}.layers.Layer"
        if qualname == "torch.Size":
            return "tf.TensorShape"
        if qualname == "torch.Tensor":
            return "tf.Tensor"
        if node.attr == "forward":
            return f"{self.expression(node.value)}.call"
        if node.attr == "shape":  # static in eager mode: no need for shape_list
            return f"{parenthesised(self.expression(node.value), node.value)}.shape"
        return super()._attribute(node)

    def _subscript(self, node: ast.Subscript) -> str:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return self.splice(node)
        return super()._subscript(node)

    def _constant(self, node: ast.Constant) -> str:
        parent = self.parent(node)
        if node.value == "pt" and isinstance(parent, ast.keyword) and parent.arg == "return_tensors":
            return '"tf"'
        return super()._constant(node)

    def _compare(self, node: ast.Compare) -> str:
        # `x.shape == (1, 2)` holds for TensorFlow's shapes as it does for torch's.
        if any(isinstance(o, ast.Attribute) and o.attr == "shape" for o in (node.left, *node.comparators)):
            return self.splice(node)
        return super()._compare(node)

    def _binop(self, node: ast.BinOp) -> str:
        if any(isinstance(o, ast.Attribute) and o.attr == "shape" for o in (node.left, node.right)):
            return self.splice(node)
        return super()._binop(node)

    # -- calls -------------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> str:
        for special in (self._model_call, self._method, self._function):
            text = special(node)
            if text is not None:
                return text
        return super()._call(node)

    def _model_call(self, node: ast.Call) -> str | None:
        """Checkpoints hold PyTorch weights until converted ones are published."""
        func = node.func
        if not (
            isinstance(func, ast.Attribute) and func.attr == "from_pretrained" and isinstance(func.value, ast.Name)
        ):
            return None
        if self.renames.get(func.value.id, "") not in (*self.names.translation.public, *self._automatic()):
            return None
        dropped = ("torch_dtype", "device_map", "attn_implementation", "low_cpu_mem_usage", "from_pt")
        texts = [self.expression(a) for a in node.args]
        texts += [
            f"{k.arg}={self.expression(k.value)}" for k in node.keywords if k.arg is not None and k.arg not in dropped
        ]
        return f"{self.expression(func)}({', '.join([*texts, 'from_pt=True'])})"

    def _automatic(self) -> tuple[str, ...]:
        return tuple(name for name in self.renames.values() if name.startswith("TFAuto"))

    def _method(self, node: ast.Call) -> str | None:
        func = node.func
        if not isinstance(func, ast.Attribute) or self.source.qualname(func) is not None:
            return None
        handler: Callable[[ast.Call, ast.expr], str | None] | None = getattr(self, f"_on_{func.attr}", None)
        if func.attr in _IDLE and not node.args:
            return self.expression(func.value)
        return handler(node, func.value) if handler is not None else None

    def _on_to(self, node: ast.Call, receiver: ast.expr) -> str | None:
        arguments = [*node.args, *(k.value for k in node.keywords)]
        if arguments and all(ast.unparse(a).endswith(("device", '"cpu"', "'cpu'", "'cuda'")) for a in arguments):
            return self.expression(receiver)
        if len(arguments) == 1 and (self.source.qualname(arguments[0]) or "").startswith("torch."):
            return f"tf.cast({self.expression(receiver)}, {self.expression(arguments[0])})"
        return None

    def _on_item(self, node: ast.Call, receiver: ast.expr) -> str:
        del node
        return f"{parenthesised(self.expression(receiver))}.numpy().item()"

    def _on_tolist(self, node: ast.Call, receiver: ast.expr) -> str:
        del node
        text = parenthesised(self.expression(receiver))
        return f"{text}.tolist()" if text.endswith(".numpy()") else f"{text}.numpy().tolist()"

    def _on_size(self, node: ast.Call, receiver: ast.expr) -> str:
        shape = f"{parenthesised(self.expression(receiver))}.shape"
        return f"{shape}[{self.expression(node.args[0])}]" if node.args else shape

    def _on_expand(self, node: ast.Call, receiver: ast.expr) -> str | None:
        """`x.unsqueeze(1).expand(-1, n, -1)`, the way every multiple-choice test repeats its inputs."""
        sizes = [self.constant(a) for a in node.args]
        repeated = [k for k, size in enumerate(sizes) if size != -1]
        if len(repeated) != 1 or not (isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Attribute)):
            return None
        if receiver.func.attr != "unsqueeze" or [self.constant(a) for a in receiver.args] != repeated:
            return None
        multiples = ", ".join("1" if k != repeated[0] else self.expression(a) for k, a in enumerate(node.args))
        return f"tf.tile(tf.expand_dims({self.expression(receiver.func.value)}, {repeated[0]}), ({multiples}))"

    def _function(self, node: ast.Call) -> str | None:
        qualname = self.source.qualname(node.func)
        if qualname in ("torch.tensor", "torch.as_tensor", "torch.LongTensor", "torch.FloatTensor") and node.args:
            return self._tensor(node, qualname)
        if qualname == "torch.Size":
            return operators.write_call(self, node, "tf.TensorShape")
        if qualname in ("torch.all", "torch.eq", "torch.equal", "torch.allclose") and self._holds(node) is not None:
            return self._holds(node)
        return None

    def _tensor(self, node: ast.Call, qualname: str) -> str:
        value = self.expression(node.args[0])
        dtype = next((self.expression(k.value) for k in node.keywords if k.arg == "dtype"), None)
        dtype = dtype or {"torch.LongTensor": "tf.int32", "torch.FloatTensor": "tf.float32"}.get(qualname)
        return f"tf.constant({value}, dtype={dtype})" if dtype else f"tf.constant({value})"

    def _holds(self, node: ast.Call) -> str | None:
        """A truth value of two tensors, where it is not asserted (see suite_passes)."""
        leaf = ast.unparse(node.func).split(".")[-1]
        texts = [self.expression(a) for a in node.args]
        if leaf == "all" and len(texts) == 1:
            return f"tf.reduce_all({texts[0]})"
        if leaf in ("eq", "equal") and len(texts) == 2:
            return (
                f"tf.equal({texts[0]}, {texts[1]})"
                if leaf == "eq"
                else f"tf.reduce_all(tf.equal({texts[0]}, {texts[1]}))"
            )
        return None

    def near(self, left: ast.expr, right: ast.expr, keywords: list[ast.keyword]) -> str:
        """An assertion that two tensors agree."""
        texts = f"{self.expression(left)}, {self.expression(right)}"
        dtypes = [self.type_of(side).dtype or "" for side in (left, right)]
        if any(d.startswith(_INTEGER) for d in dtypes) or any(self._literal_integers(side) for side in (left, right)):
            return f"tf.debugging.assert_equal({texts})"
        limits = [f"{k.arg}={self.expression(k.value)}" for k in keywords if k.arg in ("atol", "rtol")]
        return f"tf.debugging.assert_near({', '.join([texts, *(limits or ['atol=1e-5', 'rtol=1e-5'])])})"

    def _literal_integers(self, node: ast.expr) -> bool:
        """True for a name bound to `torch.tensor([[1, 2]])`."""
        function = self.function_of(node)
        values = [node]
        if isinstance(node, ast.Name) and function is not None:
            values = [
                a.value
                for a in ast.walk(function)
                if isinstance(a, ast.Assign) and isinstance(a.targets[0], ast.Name) and a.targets[0].id == node.id
            ]
        for value in values:
            if isinstance(value, ast.Call) and self.source.qualname(value.func) == "torch.tensor" and value.args:
                numbers = [n.value for n in ast.walk(value.args[0]) if isinstance(n, ast.Constant)]
                return bool(numbers) and all(isinstance(n, int) for n in numbers)
        return False
