# ruff: noqa: E501 — the samples are read as lines, not as prose
"""Whole modelling files written to break a translator: encodings, depths, sizes, bombs, names, inheritance, templates.

Each is text that is only ever read. `BOMB` is a file that none of them may leave behind.
"""

from __future__ import annotations

from collections.abc import Callable

HEAD = '''"""PyTorch BrandNew model."""
import math
from typing import Optional, Tuple
import torch
import torch.nn.functional as F
from torch import nn
from ...modeling_utils import PreTrainedModel
from .configuration_brand_new import BrandNewConfig
'''
BASE = """
class BrandNewPreTrainedModel(PreTrainedModel):
    config_class = BrandNewConfig
    base_model_prefix = "brand_new"
"""
BOMB = "__import__('os').system('touch BOMB')"


def _file(body: str, head: str = HEAD) -> bytes:
    return (head + BASE + body).encode("utf-8")


def _model(forward: str = "return x", init: str = "self.dense = nn.Linear(8, 8)", more: str = "") -> str:
    def lines(text: str) -> str:
        return "\n".join("        " + line for line in text.split("\n"))

    return (
        f"\n\nclass BrandNewModel(BrandNewPreTrainedModel):\n    def __init__(self, config):\n        super().__init__(config)\n"
        f"{lines(init)}\n\n    def forward(self, input_ids=None, x=None):\n{lines(forward)}\n{more}"
    )


def _chain(count: int, template: str) -> str:
    return "".join(template.format(i=i, j=i + 1) for i in range(count))


def _layers(count: int) -> str:
    return _chain(
        count, "\n\nclass BrandNewLayer{i}(nn.Module):\n    def forward(self, x):\n        return torch.relu(x)\n"
    )


#: Name → the file's bytes, made only when asked for.
CASES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one NUL": lambda: b"\0",
    "NUL in a string": lambda: _file(_model("return '\0'")),
    "NUL after the end": lambda: _file(_model()) + b"\0",
    "BOM": lambda: b"\xef\xbb\xbf" + _file(_model()),
    "two BOMs": lambda: b"\xef\xbb\xbf" * 2 + _file(_model()),
    "latin-1": lambda: _file(_model("return 'caf\xe9'")).decode().encode("latin-1"),
    "latin-1 with a cookie": lambda: b"# coding: latin-1\n"
    + _file(_model("# caf\xe9\nreturn x")).decode().encode("latin-1"),
    "utf-16": lambda: _file(_model()).decode().encode("utf-16"),
    "unknown cookie": lambda: b"# coding: martian\n" + _file(_model()),
    "utf-7 cookie": lambda: b"# coding: utf-7\n+ACIAIgAi-\n" + _file(_model()),
    "CRLF": lambda: _file(_model()).replace(b"\n", b"\r\n"),
    "CR": lambda: _file(_model()).replace(b"\n", b"\r"),
    "mixed ends": lambda: _file(_model()).replace(b"\n    ", b"\r    ").replace(b"\nclass", b"\r\nclass"),
    "tabs": lambda: _file(_model()).replace(b"    ", b"\t"),
    "tabs and blanks": lambda: _file(_model("if x:\n\treturn x\n        return 1")),
    "form feeds": lambda: _file(_model()).replace(b"\n\n", b"\n\x0c\n"),
    "form feed in a line": lambda: _file(_model("y = 1; \x0c z = torch.cat([x])\nreturn z")),
    "line separators": lambda: _file(_model("y = 'a\u2028b\x85c\x1dd'  # e\u2029f\nz = torch.cat([x])\nreturn z")),
    "vertical tab in a comment": lambda: _file(_model("# a\x0bclass X(nn.Module):\nreturn torch.foo(x)")),
    "no newline at the end": lambda: _file(_model()).rstrip(b"\n"),
    "backslash at the end": lambda: _file(_model()) + b"\\",
    "terminal control": lambda: _file(_model("return torch.foo('\x1b]0;owned\x07\x1b[2J')")),
    "right to left": lambda: _file(
        _model("access = 'user\u202e \u2066# admin\u2069 \u2066'\nreturn torch.foo(access)")
    ),
    "unicode names": lambda: _file(_model("ﬁ = x\nℌ = ﬁ\nreturn torch.cat([ﬁ, ℌ])")),
    "wide characters before a call": lambda: _file(_model("return ('模型𝔘é', torch.cat([x], 0), '𝔘', torch.foo(x))")),
    "syntax error": lambda: _file(_model("return (")),
    "unclosed string": lambda: _file(_model('return """')),
    "Python 2": lambda: _file(_model("print 'x'")),
    "bad indentation": lambda: _file(_model()).replace(b"        return", b"       return"),
    "deep parentheses": lambda: _file(_model("return " + "(" * 5_000 + "x" + ")" * 5_000)),
    "150 parentheses": lambda: _file(_model("return " + "(" * 150 + "x" + ")" * 150)),
    "90 brackets": lambda: _file(_model("return " + "[" * 90 + "x" + "]" * 90)),
    "deep blocks": lambda: _file(
        _model("\n".join("    " * i + "if x:" for i in range(95)) + "\n" + "    " * 95 + "return x")
    ),
    "99 loops": lambda: _file(
        _model("\n".join(" " * i + "for i in x:" for i in range(19)) + "\n" + " " * 20 + "return x")
    ),
    "sum of 800": lambda: _file(_model("return " + "+".join(["x"] * 800))),
    "sum of 20,000": lambda: _file(_model("return " + "+".join(["x"] * 20_000))),
    "800 elif": lambda: _file(
        _model("if x == 0:\n    pass\n" + _chain(800, "elif x == {i}:\n    y = torch.relu(x)\n") + "return x")
    ),
    "3,000 elif": lambda: _file(
        _model("if x == 0:\n    pass\n" + _chain(3_000, "elif x == {i}:\n    pass\n") + "return x")
    ),
    "500 attributes": lambda: _file(_model("return x" + ".view(1)" * 500)),
    "80 nested calls": lambda: _file(_model("return " + "torch.relu(" * 80 + "x" + ")" * 80)),
    "60 nested lambdas": lambda: _file(_model("return " + "lambda: " * 60 + "x")),
    "40 nested comprehensions": lambda: _file(_model("return " + "[" * 40 + "x" + " for x in x]" * 40)),
    "nested f-strings": lambda: _file(_model("return f'{f\"{f\\'\\'\\'{x}\\'\\'\\'}\"}'".replace("\\", ""))),
    "unary chain": lambda: _file(_model("return " + "-" * 3_000 + "x")),
    "huge integer": lambda: _file(_model("return " + "9" * 4_200)),
    "too huge an integer": lambda: _file(_model("return " + "9" * 5_000)),
    "huge hexadecimal": lambda: _file(_model("return torch.full((1,), 0x" + "f" * 20_000 + ")")),
    "huge power": lambda: _file(_model("return torch.zeros(9**9**9**9)")),
    "huge product": lambda: _file(
        _model("y = 'a' * 10**12\nreturn [0] * 10**12", "self.dense = nn.Linear(10**12, 2 << 40)")
    ),
    "huge float": lambda: _file(_model("return 1e99999 - 1e-99999 + 1e308j")),
    "huge string": lambda: _file(_model("return '" + "x" * 800_000 + "'")),
    "huge docstring": lambda: _file(_model("'''" + "A PyTorch model. " * 40_000 + "'''\nreturn x")),
    "huge comment": lambda: _file("\n# " + "x" * 900_000 + "\n" + _model()),
    "a 10 MB file": lambda: _file(_model()) + b"x = 1\n" * 1_700_000,
    "a 10 MB line": lambda: _file(_model()) + b"x = '" + b"x" * 10_000_000 + b"'\n",
    "100,000 lines": lambda: _file(_model()) + b"x = 1\n" * 100_000,
    "100,000 comments": lambda: _file(
        "\n# Copied from transformers.models.bert.modeling_bert.BertLayer" * 25_000 + _model()
    ),
    "100,000 statements in a method": lambda: _file(_model("y = torch.relu(x)\n" * 30_000 + "return y")),
    "100,000 empty lines": lambda: _file("\n" * 100_000 + _model()),
    "3,000 classes": lambda: _file(_layers(3_000) + _model()),
    "3,000 methods": lambda: _file(
        _model(more=_chain(3_000, "\n    def m{i}(self, x):\n        return self.m{j}(torch.relu(x))\n"))
    ),
    "3,000 layers": lambda: _file(_model(init=_chain(3_000, "self.l{i} = nn.Linear(8, 8)\n") + "pass")),
    "3,000 arguments": lambda: _file(_model(f"return torch.cat([{', '.join(f'a{i}' for i in range(3_000))}])")),
    "3,000 imports": lambda: _file(_model(), HEAD + _chain(3_000, "from torch.x{i} import y{i}\n")),
    "3,000 constants": lambda: _file(
        _chain(3_000, "A{i} = torch.zeros({i})\n") + _model(f"return {' + '.join(f'A{i}' for i in range(200))}")
    ),
    "3,000 functions": lambda: _file(_chain(3_000, "\n\ndef f{i}(x):\n    return f{j}(x)\n") + _model("return f0(x)")),
    "a long list": lambda: _file(_model(f"return torch.tensor([{'0.5, ' * 40_000}])")),
    "an import-time bomb": lambda: _file(_model() + f"\n{BOMB}\n"),
    "bombs everywhere": lambda: _file(
        f"\nX = {BOMB}\n@{BOMB}\ndef f(x={BOMB}) -> {BOMB}:\n    return x\n"
        + _model(
            f"return f'{{{BOMB}}}'",
            f"self.dense = nn.Linear({BOMB}, 8)",
            f"    y = {BOMB}\n\n    class Z(nn.Module, metaclass={BOMB}): pass\n",
        )
    ),
    "import of a bomb": lambda: _file(
        _model(), HEAD + "from .bomb import *\nimport bomb\nfrom os import system\nsystem('touch BOMB')\n"
    ),
    "a bomb in a template": lambda: _file(
        "\nX = \"{{ cycler.__init__.__globals__.os.system('touch BOMB') }}\"\n"
        + _model("'''{{ 1/0 }}{% include '/etc/passwd' %}'''\nreturn x")
    ),
    "jinja in names": lambda: _file(_model("return {{x}}")),
    "jinja in strings": lambda: _file(_model("return '{{ 7*7 }}', '{% for %}', '{#', '#}', '[[ x ]]', r'{%- raw %}'")),
    "jinja at the top": lambda: b"{% set x = 1 %}\n" + _file(_model()),
    "jinja in the docstring": lambda: b'"""{{ model }} {% raw %}"""\n' + _file(_model()),
    "format strings": lambda: _file(_model("return '%s %(x)s {0} {x.__class__.__mro__} $x ${x}'")),
    "a pretended marker": lambda: _file(_model("# TODO(port) TFP101 torch.x: no\n#   from a.py:1; try\nreturn x")),
    "triple quotes in a string": lambda: _file(_model("return 'a\"\"\"b', \"a'''b\"")),
    "decorators": lambda: _file(
        "\n@(lambda c: c)\n@torch.jit.script\n@x.y[0](1)(2)\n@(y := 1)\n"
        + _model(more="    @property\n    @torch.no_grad()\n    def p(self):\n        return torch.foo()\n").lstrip()
    ),
    "metaclass": lambda: _file(
        "\nclass Meta(type):\n    def __call__(cls): ...\n\n\nclass BrandNewModel(nn.Module, metaclass=Meta, x=1):\n    pass\n"
    ),
    "async": lambda: _file(
        _model("async with x as y:\n    await y\nreturn [i async for i in x]").replace(
            "def forward", "async def forward"
        )
    ),
    "match": lambda: _file(
        _model(
            "match x:\n    case {'a': torch.Tensor() as t, **rest} if torch.any(t):\n        return torch.cat([t])\n    case [1, *_] | nn.Linear(a=2):\n        pass\n    case _:\n        pass"
        )
    ),
    "walrus": lambda: _file(
        _model(
            "if (y := torch.relu(x)) is not None and (z := y.size(0)):\n    return [w := z, w ** 2]\nwhile (n := n - 1): pass"
        )
    ),
    "stars": lambda: _file(_model("a, *b = *x, *y\nreturn torch.cat([*a, *b]), {**x}, f(*a, *b, **c, **d), x[*a, 1]")),
    "lambda defaults": lambda: _file(
        _model("f = lambda a, /, b=torch.zeros(1), *c, d=lambda: x, **e: torch.cat([a, b])\nreturn f")
    ),
    "except star": lambda: _file(
        _model(
            "try:\n    x()\nexcept* (ValueError, TypeError) as e:\n    raise e from None\nelse:\n    pass\nfinally:\n    return x"
        )
    ),
    "type comments": lambda: _file(
        _model("y = []  # type: List[int]\nfor i in x:  # type: ignore\n    pass\nreturn y")
    ),
    "semicolons": lambda: _file(
        _model("y = torch.relu(x); z = y; return z") + "\nclass A(nn.Module): x = 1; y = 2\nclass B(nn.Module): pass\n"
    ),
    "one-line definitions": lambda: _file(
        "\nclass A(nn.Module):\n    def forward(self, x): return torch.foo(x); pass\ndef f(x): return x\n" + _model()
    ),
    "continuation lines": lambda: _file(_model("y = torch.cat( \\\n [x, \\\n x], \\\n 0) \\\n + \\\n 1\nreturn y")),
    "comments everywhere": lambda: _file(
        _model("return torch.cat(  # a\n    # b\n    [  # c\n        x,  # d\n    ],  # e\n    # f\n)  # g")
    ),
    "its own base": lambda: _file("\nclass BrandNewModel(BrandNewModel):\n    pass\n"),
    "a circle of bases": lambda: _file(
        "\nclass A(B): pass\nclass B(C): pass\nclass C(A): pass\n" + _model().replace("BrandNewPreTrainedModel)", "A)")
    ),
    "1,500 levels of bases": lambda: _file(
        "\nclass L0(nn.Module): pass\n" + _chain(1_500, "class L{j}(L{i}): pass\n") + _model(init="self.x = L1500()")
    ),
    "80 levels of bases": lambda: _file(
        "\nclass L0(nn.Module): pass\n" + _chain(80, "class L{j}(L{i}): pass\n") + _model(init="self.x = L80()")
    ),
    "layers in a circle": lambda: _file(
        "\nclass A(nn.Module):\n    def __init__(self):\n        self.b = B()\n    def forward(self, x):\n        return self.b(x)\n"
        "\nclass B(nn.Module):\n    def __init__(self):\n        self.a = A()\n    def forward(self, x):\n        return self.a(x)\n"
        + _model(init="self.a = A()")
    ),
    "functions in a circle": lambda: _file(
        "\ndef f(x):\n    return g(x)\ndef g(x):\n    return f(x)\n" + _model("return f(x)")
    ),
    "a class twice": lambda: _file(_model() + _model("return torch.relu(x)", "self.other = nn.ReLU()")),
    "a class again as a function": lambda: _file(
        _model() + "\ndef BrandNewModel(x):\n    return x\nBrandNewModel = None\n"
    ),
    "a class in an if": lambda: _file(
        "\nif True:\n    class A(nn.Module): pass\nelse:\n    class A(nn.Module): pass\n" + _model(init="self.a = A()")
    ),
    "a class in a function": lambda: _file(
        _model("class A(nn.Module):\n    def forward(self, x): return torch.foo(x)\nreturn A()(x)")
    ),
    "generated names": lambda: _file(
        "\nclass TFBrandNewModel(nn.Module): pass\nclass TFBrandNewMainLayer(nn.Module): pass\nclass BrandNewMainLayer(nn.Module): pass\n"
        "def shape_list(x): return x\ndef stable_softmax(x): return x\ndef unpack_inputs(f): return f\ntf = keras = np = None\n"
        + _model("tf = x\nkeras = shape_list(x)\nreturn tf.x, keras")
    ),
    "names of methods": lambda: _file(
        _model(
            more=_chain(
                1,
                "\n    def call(self, x): return x\n    def build(self, x): return x\n    def __call__(self): pass\n    built = 3\n",
            )
        )
    ),
    "reserved attributes": lambda: _file(
        _model(
            init="self.name = 1\nself.weights = nn.Linear(8, 8)\nself.call = nn.ReLU()\nself.build = self.dtype = self.losses = nn.Linear(8, 8)"
        )
    ),
    "torch under other names": lambda: _file(
        _model("return t.cat([x]) + torch.T + tt.relu(x) + cat([x])"),
        HEAD + "import torch as t, torch.nn as torch\nfrom torch import cat, nn as tt\n",
    ),
    "imports of everything": lambda: _file(
        _model("return cat([x])"),
        HEAD + "from torch import *\nfrom torch.nn import *\nfrom ... import *\nfrom . import *\n",
    ),
    "imports beyond the top": lambda: _file(_model(), HEAD + "from " + "." * 40 + "x import y\nfrom .. import *\n"),
    "no configuration": lambda: (
        HEAD.replace("from .configuration_brand_new import BrandNewConfig\n", "") + BASE + _model()
    ).encode(),
    "a foreign configuration": lambda: _file(
        _model(), HEAD.replace("brand_new import BrandNewConfig", "zebra import ZebraConfig")
    ),
    "configuration outside": lambda: _file(
        _model(), HEAD.replace("from .configuration_brand_new", "from .....etc.configuration_passwd")
    ),
    "only functions": lambda: b"import torch\ndef f(x):\n    return torch.cat([x])\n",
    "only a docstring": lambda: b'"""Nothing."""\n',
    "a constructor without self": lambda: _file(
        "\nclass A(nn.Module):\n    def __init__():\n        pass\n    def forward():\n        return 1\n" + _model()
    ),
    "a constructor of stars": lambda: _file(
        "\nclass A(nn.Module):\n    def __init__(*args, **kwargs):\n        pass\n    def forward(*a, **k):\n        return a\n"
        + _model(init="self.a = A(*x)")
    ),
    "static methods": lambda: _file(
        _model(
            more="    @staticmethod\n    def s(x): return torch.foo(x)\n    @classmethod\n    def c(cls): return cls.s(1)\n    forward = s\n"
        )
    ),
    "overloads": lambda: _file(_model(more=_chain(3, "    def forward(self, x{i}): return torch.foo(x{i})\n"))),
    "forward is a lambda": lambda: _file(
        "\nclass A(nn.Module):\n    forward = lambda self, x: torch.relu(x)\n    __init__ = None\n"
        + _model(init="self.a = A()")
    ),
    "empty bodies": lambda: _file(
        "\nclass A(nn.Module): ...\nclass B(nn.Module):\n    'doc'\ndef f(): ...\n" + _model("...", "...")
    ),
    "unreachable": lambda: _file(_model("return x\nreturn torch.foo(x)\nraise x\nyield")),
    "loss in every form": lambda: _file(
        _model(
            "loss = nn.CrossEntropyLoss(reduction=r, **k)(x)\nloss = [nn.MSELoss()][0](x, x)\nl2 = F.mse_loss\nloss = l2(x)\nloss += nn.CTCLoss\nreturn loss",
            "self.l = nn.CrossEntropyLoss(*x)",
        )
    ),
    "tied in a circle": lambda: _file(
        _model(
            init="self.a = nn.Linear(8, 8)\nself.b = nn.Linear(8, 8)\nself.a.weight = self.b.weight\nself.b.weight = self.a.weight\nself.a = self.b\nself.b = self.a"
        )
    ),
    "parameters of no shape": lambda: _file(
        _model(
            init="self.p = nn.Parameter(torch.randn(*s))\nself.q = nn.Parameter(x.y)\nself.r = nn.Parameter(torch.tensor([[1], [2, 3]]))\nself.s = nn.Parameter(torch.tensor(1) if x else None)"
        )
    ),
    "containers in containers": lambda: _file(
        _model(
            "return self.c[0][1](x)",
            "self.c = nn.ModuleList([nn.ModuleList([nn.Sequential(nn.ModuleDict({'a': nn.Linear(1, 1)}))]) for _ in range(x) for y in z if y])",
        )
    ),
    "a copy of itself": lambda: _file(
        "\n# Copied from transformers.models.brand_new.modeling_brand_new.BrandNewLayer\nclass BrandNewLayer(nn.Module):\n    pass\n"
        + _model()
    ),
    "a copy of nothing": lambda: _file(
        "\n# Copied from transformers.models.zebra.modeling_zebra.ZebraLayer with Zebra->BrandNew\nclass BrandNewLayer(nn.Module):\n    pass\n"
        + _model()
    ),
    "a copy from outside": lambda: _file(
        "\n# Copied from transformers.models.../../../../etc.modeling_passwd.X\nclass BrandNewLayer(nn.Module):\n    pass\n"
        + _model()
    ),
    "a copy with a bad pattern": lambda: _file(
        "\n# Copied from transformers.models.elder.modeling_elder.ElderLayer with [->(,*->\\9\nclass BrandNewLayer(nn.Module):\n    pass\n"
        + _model()
    ),
    "a copy with a slow pattern": lambda: _file(
        "\n# Copied from transformers.models.elder.modeling_elder.ElderMainLayer with (\\w+\\s?)+$->x\nclass BrandNewMainLayer(nn.Module):\n    pass\n"
        + _model()
    ),
    "a copy of a copy of …": lambda: _file(
        _chain(
            300,
            "\n# Copied from transformers.models.brand_new.modeling_brand_new.L{j} with L{j}->L{i}\nclass L{i}(nn.Module):\n    pass\n",
        )
        + _model()
    ),
    "slow for patterns": lambda: _file(
        _model(
            "y = '" + "a" * 50_000 + "!'\n# " + " " * 50_000 + "x\nreturn '" + "PyTorch " * 5_000 + "(" * 20_000 + "'"
        )
    ),
    "blanks": lambda: _file(_model("'''" + " " * 200_000 + "\n'''\nreturn x" + " " * 200_000)),
    "backticks in a docstring": lambda: _file(_model("'''" + "`torch.Tensor` of shape `(" * 8_000 + "'''\nreturn x")),
    "a docstring without end of sections": lambda: _file(
        _model("r'''\nArgs:\n" + "    x (`torch.Tensor`, *optional*):\n" * 5_000 + "'''\nreturn x")
    ),
}
