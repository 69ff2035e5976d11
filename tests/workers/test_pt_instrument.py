"""Instrumenting a module must record its expressions and change nothing else."""

from __future__ import annotations

import ast
import gc
import importlib
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffold.workers.pt_instrument import RECORDER, Recorder, install, instrument


@pytest.fixture(autouse=True)
def recursion_limit() -> Iterator[None]:
    """`install` raises it for its process, which here is that of the other tests."""
    before = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(before)


def describe(value: Any) -> Any:
    """A stand-in for the frameworks' description: the type's name, and its repr for plain values."""
    detail = repr(value) if isinstance(value, (int, str, bool, float)) else None
    return (type(value).__name__, None, None, detail), None


def run(source: str) -> tuple[dict[str, Any], Recorder]:
    recorder = Recorder(describe)
    tree, sites = instrument(source, "<test>")
    recorder.start(sites)
    namespace: dict[str, Any] = {RECORDER: recorder, "__name__": "instrumented"}
    exec(compile(tree, "<test>", "exec", dont_inherit=True), namespace)
    return namespace, recorder


def seen(source: str, recorder: Recorder) -> dict[str, list[str]]:
    """Source text of each site → kinds seen there."""
    lines = source.splitlines()
    result: dict[str, list[str]] = {}
    for line, start, end_line, end, observations in recorder.as_json():
        if line == end_line:
            result.setdefault(lines[line - 1][start:end], []).extend(o[0] for o in observations)
    return result


SNIPPETS = {
    "super without arguments": """
class A:
    def f(self, x): return x + 1
class B(A):
    def f(self, x): return super().f(x) * 2
    def g(self): return __class__.__name__
result = (B().f(3), B().g())
""",
    "name mangling": """
class A:
    def __init__(self): self.__x = 5
    def get(self): return self.__x
result = (A().get(), A()._A__x)
""",
    "closures and nonlocal": """
def counter():
    n = 0
    def step(by=1):
        nonlocal n
        n += by
        return n
    step(); step(2)
    return n, step.__defaults__
result = counter()
""",
    "walrus, comprehensions and generators": """
def f(xs):
    if (n := len(xs)) > 2:
        pass
    def gen():
        got = yield n
        yield from (x * 2 for x in xs if x % 2)
        yield got
    g = gen()
    return n, [next(g), g.send('sent'), *g], {k: v for k, v in zip(xs, xs)}, {x for x in xs}
result = f([1, 2, 3])
""",
    "targets of every kind": """
class P: pass
def f():
    p = P()
    p.items = [0, 1, 2, 3]
    p.items[1:3] = [9]
    p.items[0] += 5
    p.count: int = 2
    (a, *b), c = (1, 2, 3), 4
    del p.items[0], p.count
    for p.last in range(3): pass
    with open(__file__) if False else __import__('contextlib').nullcontext(7) as p.ctx: pass
    return p.items, a, b, c, p.last, p.ctx, hasattr(p, 'count')
result = f()
""",
    "slices, tuples of slices and stars": """
class Grid:
    def __getitem__(self, key): return key
def f(*args, **kwargs):
    g = Grid()
    return g[1:2, ..., None], g[args[0]], g[::kwargs['step']], [*args, *kwargs], {**kwargs, 'z': 1}
result = f(1, 2, step=3)
""",
    "lambdas and defaults": """
def f(k):
    g = lambda x, y=k + 1: (x, y, k)
    return g(1), sorted([3, 1, 2], key=lambda v: -v)
result = f(4)
""",
    "short circuits and chained comparisons": """
calls = []
def note(v):
    calls.append(v)
    return v
def f():
    a = note(0) and note(1)
    b = note(2) or note(3)
    c = note(1) < note(2) < note(0) < note(9)
    return a, b, c, note(4) if note(0) else note(5)
result = (f(), calls)
""",
    "exceptions": """
class Mine(Exception): pass
def f():
    try:
        raise Mine(f"{1 + 1}: {'x' * 3!r:>6}")
    except (Mine, ValueError) as error:
        return str(error), error.__class__.__name__
    finally:
        assert True, "never"
result = f()
""",
    "decorators, docstrings, annotations and dataclasses": """
from dataclasses import dataclass, field
from typing import Optional
def twice(fn):
    def inner(*a): return fn(*a) * 2
    inner.__doc__ = fn.__doc__
    return inner
@dataclass
class D:
    x: int = 1
    y: Optional[list] = field(default_factory=list)
    def total(self, z: "int" = 2) -> int:
        'Adds.'
        return self.x + len(self.y) + z
class E:
    @property
    def p(self): return 3
    @staticmethod
    def s(a): return a
    @classmethod
    def c(cls): return cls.__name__
    @twice
    def t(self, a): "Doc."; return a
result = (D().total(), D.total.__doc__, D(2) == D(2), E().p, E.s(4), E.c(), E().t(5), E.t.__doc__)
""",
    "introspection of the frame": """
def f(a, b):
    c = a + b
    return sorted(locals()), sorted(vars()) == sorted(locals()), eval('a + c')
result = f(1, 2)
""",
    "local classes and functions in methods": """
class A:
    size = 3
    def f(self):
        class B(type(self)):
            extra = [self.size + i for i in range(2)]
            def g(self): return super().size + self.extra[0]
        return B().g()
result = A().f()
""",
}


@pytest.mark.parametrize("title", SNIPPETS)
def test_behaviour_is_unchanged(title: str) -> None:
    source = SNIPPETS[title]
    plain: dict[str, Any] = {"__name__": "plain"}
    exec(compile(source, "<test>", "exec", dont_inherit=True), plain)
    namespace, recorder = run(source)
    assert namespace["result"] == plain["result"]
    assert recorder.reached > 0


@pytest.mark.skipif(sys.version_info < (3, 10), reason="match statements are newer")
def test_match_patterns_survive() -> None:
    source = (
        "def f(v):\n    match v:\n        case {'k': [a, *rest]} if a + 0 > 0:\n            return a, rest\n"
        "        case int(x) | str(x):\n            return x * 2\nresult = f({'k': [1, 2]}), f('s'), f(-2)\n"
    )
    assert run(source)[0]["result"] == ((1, [2]), "ss", -4)


def test_records_by_source_position() -> None:
    source = "def f(x, n):\n    y = x[0] + n\n    return y if n else None\nf([1.5], 2)\nf([3], 0)\n"
    _, recorder = run(source)
    kinds = seen(source, recorder)
    assert kinds["x"] == ["list"]
    assert kinds["x[0]"] == ["float", "int"]
    assert kinds["x[0] + n"] == ["float", "int"]
    assert kinds["y if n else None"] == ["float", "NoneType"]
    assert "f" not in kinds, "module level is not a function body"


def test_positions_are_those_of_ast() -> None:
    source = "def f(a):\n    é = a.real; return é.imag\nf(1)\n"
    _, recorder = run(source)
    found = {tuple(entry[:4]) for entry in recorder.as_json()}
    wanted = {
        (n.lineno, n.col_offset, n.end_lineno, n.end_col_offset)
        for n in ast.walk(ast.parse(source).body[0])
        if isinstance(n, ast.Attribute)
    }
    assert wanted <= found


def test_unreached_names_function_and_line() -> None:
    source = "class A:\n    def f(self, x):\n        if x:\n            return x.y\n        return 0\nA().f(0)\n"
    _, recorder = run(source)
    assert recorder.unreached() == {"A.f": [4]}


def test_distinct_values_do_not_crowd_out_another_kind() -> None:
    source = "def f(x):\n    return x\nfor i in range(50): f(i)\nf(None)\n"
    _, recorder = run(source)
    assert seen(source, recorder)["x"] == ["int"] * 4 + ["NoneType"]


def test_a_paused_recorder_notes_nothing() -> None:
    namespace, recorder = run("def f(x):\n    return [x]\n")
    before = recorder.as_json()
    with recorder.paused():
        assert namespace["f"](7) == [7]
    assert recorder.as_json() == before
    namespace["f"](7)
    assert recorder.as_json() != before


def test_recorder_keeps_nothing_alive() -> None:
    source = "class T: pass\ndef make():\n    t = T()\n    return t\n"
    namespace, recorder = run(source)
    reference = weakref.ref(namespace["make"]())
    gc.collect()
    assert reference() is None
    assert recorder.reached


def test_values_that_resist_description_pass_through() -> None:
    class Resisting(Recorder):
        pass

    recorder = Resisting(lambda value: 1 // 0)
    tree, sites = instrument("def f(x):\n    return x\nresult = f(7)\n")
    recorder.start(sites)
    namespace: dict[str, Any] = {RECORDER: recorder}
    exec(compile(tree, "<test>", "exec"), namespace)
    assert namespace["result"] == 7
    assert recorder.reached == 0


def test_install_loads_the_real_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "probed_package"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "other.py").write_text("def g(x):\n    return x\n", encoding="utf-8")
    (package / "model.py").write_text(
        "from .other import g\nclass Model:\n    def f(self, x):\n        return g(x) + 1\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    recorder = Recorder(describe)
    install("probed_package.model", recorder)
    module = importlib.import_module("probed_package.model")
    try:
        assert module.Model().f(1) == 2
        assert module.Model.__module__ == "probed_package.model"
        assert module.__file__ == str(package / "model.py")
        assert {site.owner for site in recorder.sites} == {"Model.f"}
        assert recorder.unreached() == {}
        with pytest.raises(RuntimeError, match="already imported"):
            install("probed_package.model", recorder)
    finally:
        for name in [name for name in sys.modules if name.startswith("probed_package")]:
            del sys.modules[name]
