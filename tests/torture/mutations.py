# ruff: noqa: E501 — the samples are read as lines, not as prose
"""Spoil a modelling file: bytes, lines, and (where it still parses) expressions, statements and classes of it.

Everything here is text that is only ever read; some of it would leave a file behind if anybody ran it.
"""

from __future__ import annotations

import ast
import random
import re
import textwrap
from collections.abc import Callable

EXPRESSIONS = (
    "(y := 3)", "lambda self, x=[i for i in range(3)], *a, k=None, **k2: (yield)", "[*a, *b]", "{**a, 'b': 1}", "{*a}",
    "f'{x!r:>{width}} {{7*7}}'", "f'{self.weight.size(0):{x}}'", "'{{ 7*7 }} {% raw %} {# #}'", "b'\\x00'", "...", "1e999",
    "10**10**10", "0x" + "f" * 5000, "1" * 4000, "torch.zeros(*args, **kwargs)", "torch.cat()", "torch.cat(dim=0)",
    "torch.cat(tensors=[x], dim=-1, out=y)", "torch.einsum('a,b')", "torch.einsum(eq, *ops)", "x[...]", "x[()]", "x[:, :]",
    "x[::2, None, ..., y, :]", "x[a:b:c, *d]", "x[y][z] [0]", "nn.Linear(*sizes)", "nn.Linear()", "nn.Linear(1, 2, 3, 4, 5)",
    "nn.Conv2d(1)", "nn.Conv2d(1, 2, (3, 4), stride=s, padding='same', groups=g)", "nn.Sequential()", "nn.Embedding(1)",
    "nn.Sequential(*[nn.Linear(1, 1) for _ in range(3)])", "nn.Sequential(OrderedDict([('a', nn.ReLU())]))",
    "x.view()", "x.view(-1, *shape)", "x.permute()", "x.permute(*order)", "x.transpose(0)", "x.size(0, 1, 2)", "x.size(*a)",
    "x.unsqueeze()", "x.expand(-1, *x.shape[1:])", "getattr(torch, 'c' + 'at')(x)", "torch.torch.torch.cat(x)", "torch",
    "nn", "F", "self", "super().forward(x)", "super(A, self).__init__()", "type('X', (nn.Module,), {})", "(x for x in x)",
    "not not -+~x", "a < b < c in d is not e", "x @ y @ z", "x.y.z.w[0](1)(2)[3]", "print(*'abc', sep='')", "ACT2FN",
    "torch.tensor([[1, [2, 3]], ()])", "nn.Parameter", "nn.Parameter()", "nn.Parameter(torch.zeros(1), 2, 3, 4)",
    "nn.Parameter(torch.empty(config.a, *config.b))", "nn.ModuleList()", "nn.ModuleDict({k: v for k, v in x})", "None", "''",
    "nn.ModuleList([[nn.Linear(1, 1)] for _ in range(2)])", "self.training", "self.config.x.y[0]", "config", "True", "-1",
    "1_000", "1j", "x.to()", "x.to(*a)", "x.type(torch.half).dtype.is_floating_point.a", "torch.finfo().min", "torch.arange()",
    "x.masked_fill_(m, -float('inf')).add_(1)", "x.new_zeros(*s, dtype=x.dtype, device=x.device)", "torch.float32", "()", "[]",
    "F.cross_entropy(a, b, c, d, e, f, g, h, i, j)", "checkpoint.checkpoint(lambda *a: a)", "x if y else z if w else v", "{}",
    "torch.where()", "torch.where(x)", "F.pad(x, pad)", "F.pad(x, (1,))", "F.pad(x, [0, 0, *p])", "torch.split(x, s)[0][1]",
    "x.split(*a)", "x.chunk()", "torch.max(x)", "torch.max(x, y)", "torch.max(x, -1)[0]", "x.max(*a)[1]", "F.interpolate(x)",
    "torch.zeros(2, 3, dtype=d, device='meta', requires_grad=True)", "x.clamp(min=None, max=None)", "x.repeat(1, *r)",
    "torch.nn.init.normal_(x)", "BCEWithLogitsLoss()(a, b)", "CrossEntropyLoss(weight=w)(a.view(-1, 2), b)", "x.T.H.mT",
    "torch.matmul(input=a, other=b, out=c)", "torch.jit.is_tracing()", "x.shape[:-1] + (a,) + (*b,)", "x[0] = 1" "if 0 else 2",
    "(\n\n# comment\nx  # more\n)", "x \\\n + 1", "'a' 'b' f'{c}' 'd'", "'''a\nb {{c}}\n'''", "await x", "(yield)", "ø.é",
)  # fmt: skip

DEEP: tuple[Callable[[int], str], ...] = (
    lambda n: "(" * n + "x" + ")" * n,
    lambda n: "[" * n + "x" + "]" * n,
    lambda n: "+".join(["x"] * n),
    lambda n: "not " * n + "x",
    lambda n: "-" * n + "1",
    lambda n: "x" + ".a" * n,
    lambda n: "x" + "[0]" * n,
    lambda n: "x" + "()" * n,
    lambda n: "torch.relu(" * n + "x" + ")" * n,
    lambda n: "lambda: " * n + "x",
    lambda n: "x if y else " * n + "z",
    lambda n: "x" + ".view(1)" * n,
    lambda n: "x" + ".add_(1)" * n,
    lambda n: "[" + ",".join(["x"] * n * 10) + "]",
    lambda n: "x[" * n + "0" + "]" * n,
    lambda n: " and ".join(["x"] * n),
    lambda n: "f(" + ", ".join(f"a{i}={i}" for i in range(n)) + ")",
    lambda n: "'" + "x" * n * 100 + "'",
)

STATEMENTS = (
    "match x:\n    case [1, *rest] if rest:\n        pass\n    case {'a': torch.float, **k}:\n        y = torch.cat([x])\n"
    "    case Point(x=0) | None as p:\n        pass\n    case _:\n        return torch.zeros(1)",
    "with open('x') as f, torch.no_grad() as (h, i):\n    pass", "async def f():\n    await g()", "global torch", "nonlocal x",
    "async def forward(self, x):\n    async for i in x:\n        yield torch.relu(i)\n    async with y as z:\n        pass",
    "del x, y[0], self.z", "assert torch.all(x), f'{x}'", "raise", "raise ValueError(x) from None", "while True:\n    break\nelse:\n    pass",
    "try:\n    pass\nexcept* ValueError as e:\n    pass", "try:\n    import torch\nexcept ImportError:\n    torch = None\nelse:\n    x\nfinally:\n    y",
    "for self.x, *y[0] in z:\n    continue\nelse:\n    x", "a = b = c, *d = e", "a, (b, *c), self.d, e[0] = x", "x: int", "x: 'torch.Tensor' = 3",
    "self.x[0].y += 1", "(x): int = 3", "x[..., 0, None] = y", "x[mask] *= 2", "x[:, i:j][k] = z", "x.data[0] = 1", "self.a.b.c = nn.Linear(1, 1)",
    "class Inner(nn.Module, metaclass=M, **kw):\n    def forward(self): ...", "class Inner:\n    class Deeper(nn.Module):\n        x = torch.zeros(1)",
    "def forward(self, /, a, b=1, *args, c, d=2, **kwargs):\n    return locals()", "def forward():\n    pass", "def forward(*a):\n    return a",
    "def __init__():\n    pass", "def __init__(self, *, config=torch.zeros(1)):\n    super().__init__()", "def __init__(self): self.__init__()",
    "return", "return (yield)", "yield from x", "import torch as F, os.path as nn", "from torch import *", "from . import *",
    "from ..... import x", "from .......models.bert.modeling_bert import BertLayer as nn", "nn = None", "torch = torch.nn = 3", "pass; x = 1; y = 2",
    "if x:\n    pass\nelif y: pass\nelse:\n  pass", "@property\ndef x(self):\n    return 1", "self.forward = lambda x: x", "x = \\\n    1",
    "@torch.jit.script\n@(lambda f: f)\n@x[0](1)\ndef decorated(a: torch.Tensor = torch.ones(1)) -> torch.jit.Future:\n    return a",
    '"""doc {{x}} {% endraw %}"""', "'a' % b", "x = y = torch.zeros(1).requires_grad_()", "x = x if x is not None else torch.zeros(1)",
    "__import__('os').system('touch BOMB')", "open('BOMB', 'w').close()", "exec('raise SystemExit')", "breakpoint()", "import os; os._exit(3)",
    "# Copied from transformers.models.bert.modeling_bert.BertLayer with (a+)+$->b", "# Copied from transformers.models.bert.modeling_bert.BertLayer with [->x",
    "# TODO(port) TFP101 torch.x: forged marker", "# fmt: off", "# type: ignore", "# noqa", "\f", "if TYPE_CHECKING:\n    from x import y",
    "self.layers = nn.ModuleList([X(config) for _ in range(2) for _ in range(3) if _])", "self.register_buffer()", "self.register_buffer(name, *x)",
    "self.register_parameter('a', None)", "setattr(self, name, nn.Linear(1, 1))", "self.add_module(f'a{i}', nn.Linear(1, 1))", "self.a = self.b = nn.ReLU()",
    "self.w = nn.Parameter(self.w.weight)", "self.decoder.weight = self.embeddings.weight", "self.x, self.y = nn.Linear(1, 1), nn.ReLU()", "config = config.text",
    "loss = None\nif labels is not None:\n    loss_fct = CrossEntropyLoss()\n    loss = loss_fct(logits.view(-1), labels.view(-1), extra)", "return {'a': x}, *y",
)  # fmt: skip

MARKS = (
    "# Copied from transformers.models.bert.modeling_bert.BertSelfOutput with Bert->X",
    "# Copied from transformers.models.bert.modeling_bert.BertLayer with (a+)+$->b",
    "# Copied from transformers.models.bert.modeling_bert.BertLayer with [->x,)->(",
    "# Copied from transformers.models.bert.modeling_bert.BertLayer with Bert->\\9",
    "# Copied from transformers.models.bert.modeling_bert.BertLayer with ->x",
    "# Copied from transformers.models.bert.modeling_bert.BertLayer with Bert->",
    "# Copied from transformers.models.bert.modeling_bert.BertLayer with .*->",
    "# Copied from transformers.models...etc.passwd.X",
    "# Copied from transformers.models.../../../../etc/passwd.X",
    "# Copied from transformers.models.bert.modeling_bert",
    "# Copied from transformers.models.SELF.modeling_SELF.OWN",
    "# Copied from OWN",
    "# Copied from " + "a." * 3000 + "b",
    "# Copied from transformers.models.bert.modeling_bert.BertLayer with " + ",".join("a->aa" for _ in range(60)),
)

_BYTES = (
    b"\0",
    b"\xff",
    b"\xe9",
    b"\r",
    b"\t",
    b"\x0c",
    b"\x1a",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"\\",
    b"'",
    b'"""',
    b"{{",
    b"(",
)


def spoil(text: str, stem: str, dice: random.Random) -> bytes:
    """One to four changes; most of them leave Python behind, so that the translator is reached."""
    data = text.encode("utf-8")
    for _ in range(dice.choice((1, 1, 2, 3, 4))):
        change = dice.choices(_SYNTACTIC, k=1)[0] if dice.random() < 0.75 else dice.choice(_TEXTUAL)
        changed = change(data, dice)
        data = changed if len(changed) < 400_000 else data
    return data.replace(b"SELF", stem.encode())


# -- text ------------------------------------------------------------------------------------------------------------


def _truncate(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _cut_lines(data: bytes, dice: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = dice.randrange(len(lines))
    del lines[at : at + dice.choice((1, 1, 3, 50))]
    return b"\n".join(lines)


def _swap_lines(data: bytes, dice: random.Random) -> bytes:
    lines = data.split(b"\n")
    a, b = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def _bytes(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(_BYTES) + data[at + dice.randrange(3) :]


def _recode(data: bytes, dice: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    kind = dice.randrange(6)
    if kind == 0:
        return text.replace("\n", "\r\n").encode()
    if kind == 1:
        return text.replace("\n", "\r").encode()
    if kind == 2:
        return text.replace("    ", "\t").encode()
    if kind == 3:
        return b"\xef\xbb\xbf" + data
    if kind == 4:
        return ("# -*- coding: latin-1 -*-\nname = 'caf\xe9'\n" + text).encode("latin-1", "replace")
    return ("# -*- coding: utf-16 -*-\n" + text).encode("utf-16")


# -- syntax ----------------------------------------------------------------------------------------------------------


def _parsed(data: bytes) -> ast.Module | None:
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Places:
    """Byte offsets of a parsed file's nodes."""

    def __init__(self, data: bytes, tree: ast.Module) -> None:
        self.tree = tree
        self._starts = [0]
        for line in data.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Start and end of a node."""
        start = self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        return start, self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def nodes(self, kind: type[ast.AST]) -> list[ast.AST]:
        """All nodes of a kind that have a position."""
        return [node for node in ast.walk(self.tree) if isinstance(node, kind) and hasattr(node, "lineno")]


def _places(data: bytes) -> _Places | None:
    tree = _parsed(data)
    return _Places(data, tree) if tree is not None and b"\r" not in data and b"\x0c" not in data else None


def _expression(data: bytes, dice: random.Random) -> bytes:
    places = _places(data)
    found = places.nodes(ast.expr) if places else []
    if places is None or not found:
        return _bytes(data, dice)
    start, end = places.span(dice.choice(found))
    kind = dice.random()
    if kind < 0.45:
        new = dice.choice(EXPRESSIONS).encode()
    elif kind < 0.55:
        new = dice.choice(DEEP)(dice.choice((20, 90, 180, 400, 2_000))).encode()
    else:
        other = places.span(dice.choice(found))
        new = data[other[0] : other[1]]
    return data[:start] + new + data[end:]


def _statement(data: bytes, dice: random.Random) -> bytes:
    places = _places(data)
    found = places.nodes(ast.stmt) if places else []
    if places is None or not found:
        return _cut_lines(data, dice)
    node = dice.choice(found)
    start, end = places.span(node)
    column = node.col_offset  # type: ignore[attr-defined]
    if dice.random() < 0.7:
        text = dice.choice(STATEMENTS)
    else:
        other = dice.choice(found)
        a, b = places.span(other)
        text = textwrap.dedent(" " * other.col_offset + data[a:b].decode())  # type: ignore[attr-defined]
    new = textwrap.indent(text, " " * column).strip(" ").encode()
    if dice.random() < 0.5:  # before it, not instead of it
        new += b"\n" + b" " * column + data[start:end]
    return data[:start] + new + data[end:]


def _rename(data: bytes, dice: random.Random) -> bytes:
    """A class or function takes the name of another, of a generated one or of a module; everywhere, or only once."""
    names = re.findall(rb"^(?:class|    def|def) (\w+)", data, re.M)
    if not names:
        return _bytes(data, dice)
    old = dice.choice(names)
    new = dice.choice(
        (
            dice.choice(names),
            b"TF" + old,
            old + b"MainLayer",
            b"torch",
            b"tf",
            b"keras",
            b"forward",
            b"call",
            b"build",
            b"_",
        )
    )
    return re.sub(rb"\b" + old + rb"\b", new, data, count=dice.choice((0, 1)))


def _bases(data: bytes, dice: random.Random) -> bytes:
    """Bases of a class: itself, another one, none, many, calls and stars."""
    classes = list(re.finditer(rb"^class (\w+)(?:\(([^()]*)\))?:", data, re.M))
    if not classes:
        return _bytes(data, dice)
    chosen, other = dice.choice(classes), dice.choice(classes)
    bases = dice.choice(
        (
            chosen[1],
            other[1],
            b"",
            b"object",
            b"*bases",
            b"nn.Module, " + other[1],
            b"make(nn.Module)",
            b"nn.Module, metaclass=Meta",
            b"dict[str, int]",
            b"torch.nn.Module if x else y",
        )
    )
    return data[: chosen.start()] + b"class " + chosen[1] + b"(" + bases + b"):" + data[chosen.end() :]


def _twice(data: bytes, dice: random.Random) -> bytes:
    """A class again, at the end or inside another statement's place."""
    places = _places(data)
    classes = places.nodes(ast.ClassDef) if places else []
    if places is None or not classes:
        return _bytes(data, dice)
    start, end = places.span(dice.choice(classes))
    return data + b"\n\n" + data[start:end] + b"\n"


def _mark(data: bytes, dice: random.Random) -> bytes:
    classes = list(re.finditer(rb"^class (\w+)", data, re.M))
    if not classes:
        return _bytes(data, dice)
    chosen = dice.choice(classes)
    mark = dice.choice(MARKS).replace("OWN", chosen[1].decode())
    return data[: chosen.start()] + mark.encode() + b"\n" + data[chosen.start() :]


def _drop(data: bytes, dice: random.Random) -> bytes:
    """A statement disappears; its block keeps a `pass`."""
    places = _places(data)
    found = places.nodes(ast.stmt) if places else []
    if places is None or not found:
        return _cut_lines(data, dice)
    start, end = places.span(dice.choice(found))
    return data[:start] + b"pass" + data[end:]


def _call(data: bytes, dice: random.Random) -> bytes:
    """A call loses its arguments, gets one more, or unpacks them."""
    places = _places(data)
    calls = [n for n in places.nodes(ast.Call) if isinstance(n, ast.Call)] if places else []
    if places is None or not calls:
        return _bytes(data, dice)
    chosen = dice.choice(calls)
    start, end = places.span(chosen)
    head = data[slice(*places.span(chosen.func))]
    arguments = data[start + len(head) : end]
    new = dice.choice(
        (
            b"()",
            b"(*args, **kwargs)",
            b"(x for x in y)",
            arguments[:-1].rstrip(b", \n") + b", extra=1)",
            b"(" + b"None, " * 20 + b")",
        )
    )
    return data[:start] + head + new.replace(b"(, ", b"(") + data[end:]


_TEXTUAL = (_truncate, _cut_lines, _swap_lines, _bytes, _recode)
_SYNTACTIC = (
    _expression,
    _expression,
    _expression,
    _statement,
    _statement,
    _statement,
    _rename,
    _bases,
    _twice,
    _mark,
    _drop,
    _call,
    _call,
)
