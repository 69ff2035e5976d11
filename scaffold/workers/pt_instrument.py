"""Record what every expression of one module evaluates to, by source position, without changing what the module does.

Source of truth: Python's `ast` positions; `core/typedb.py` of scaffold reads the same four numbers.
"""

from __future__ import annotations

import ast
import builtins
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

#: Global name of the recorder inside the instrumented module. It ends in underscores, or classes would mangle it.
RECORDER = "__probe__"

Position = tuple[int, int, int, int]
#: kind, dtype, rank, detail
Key = tuple[str, "str | None", "int | None", "str | None"]
Described = tuple[Key, "tuple[int, ...] | None"]

_WRAPPED = (
    ast.Attribute,
    ast.BinOp,
    ast.BoolOp,
    ast.Call,
    ast.Compare,
    ast.Dict,
    ast.DictComp,
    ast.GeneratorExp,
    ast.IfExp,
    ast.List,
    ast.ListComp,
    ast.Name,
    ast.Set,
    ast.SetComp,
    ast.Subscript,
    ast.Tuple,
    ast.UnaryOp,
)
_BUILTINS = frozenset(dir(builtins))
_MAX_DETAILS = 4  # distinct details of one kind, dtype and rank
_MAX_SEEN = 12  # distinct observations in all
_QUIET = 300  # after so many visits that taught nothing a site is left alone


@dataclass(frozen=True)
class Site:
    """One instrumented expression and the function it stands in."""

    position: Position
    owner: str


class Instrumenter(ast.NodeTransformer):
    """Wraps the expressions of function bodies in calls of the recorder; `sites` lists them by the index it passes."""

    def __init__(self) -> None:
        self.sites: list[Site] = []
        self._names: list[str] = []
        self._in_function = False

    def visit(self, node: ast.AST) -> Any:
        """Visit children first, then wrap the node itself."""
        position = _position(node)
        result = super().visit(node)
        if not self._in_function or not isinstance(node, _WRAPPED) or position is None:
            return result
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            return result
        return self._wrap(result, position)

    def _wrap(self, node: Any, position: Position) -> ast.expr:
        self.sites.append(Site(position, ".".join(self._names)))
        call = ast.Call(
            func=ast.Name(id=RECORDER, ctx=ast.Load()),
            args=[ast.Constant(value=len(self.sites) - 1), node],
            keywords=[],
        )
        ast.copy_location(call, node)
        for child in (call.func, call.args[0]):
            ast.copy_location(child, node)
        return call

    def _body(self, node: Any, in_function: bool) -> Any:
        before = self._in_function
        self._in_function = in_function
        self._names.append(node.name)
        node.body = [self.visit(statement) for statement in node.body]
        self._names.pop()
        self._in_function = before
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Bodies only: decorators, defaults and annotations run outside the function."""
        if node.name.startswith("load_tf_weights"):
            return node  # reads TensorFlow 1 checkpoints: no part of the model
        return self._body(node, True)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        """As FunctionDef."""
        return self._body(node, True)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Only the methods' bodies: class-level expressions (fields, tables) are no data flow."""
        return self._body(node, False)

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """The body, not the defaults."""
        node.body = self.visit(node.body)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """Everything but the annotation."""
        node.target = self.visit(node.target)
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        """A builtin's name stays bare: `super` must be seen by the compiler, `locals` look like itself."""
        if not (isinstance(node.func, ast.Name) and node.func.id in _BUILTINS):
            node.func = self.visit(node.func)
        node.args = [self.visit(argument) for argument in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """A slice is no value, nor is a tuple that may hold slices."""
        node.value = self.visit(node.value)
        if isinstance(node.slice, ast.Tuple):
            node.slice.elts = [self.visit(item) for item in node.slice.elts]
        else:
            node.slice = self.visit(node.slice)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        """The body, not the exception's type."""
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_match_case(self, node: Any) -> Any:
        """Guard and body; a pattern is no expression."""
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def _untouched(self, node: ast.AST) -> Any:
        return node

    # Positions inside f-strings are wrong before Python 3.12; a raise is not translated; `del` takes no values.
    visit_JoinedStr = _untouched
    visit_Raise = _untouched
    visit_Delete = _untouched


def _position(node: ast.AST) -> Position | None:
    if not isinstance(node, ast.expr) or node.end_lineno is None or node.end_col_offset is None:
        return None
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def instrument(source: str | bytes, filename: str = "<module>") -> tuple[ast.Module, list[Site]]:
    """The instrumented tree of a module and its sites."""
    tree = ast.parse(source, filename)
    instrumenter = Instrumenter()
    result = instrumenter.visit(tree)
    return result, instrumenter.sites


class Recorder:
    """Collects distinct descriptions per site; holds no reference to a value."""

    def __init__(self, describe: Callable[[Any], Described]) -> None:
        self.sites: list[Site] = []
        self.reached = 0
        self._describe = describe
        self._seen: list[dict[Key, tuple[int, ...] | None]] = []
        self._quiet: list[int] = []
        self._is_paused = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Runs whose types are not the model's own are not recorded."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False

    def start(self, sites: Sequence[Site]) -> None:
        """Begin with nothing seen at these sites."""
        self.sites = list(sites)
        self._seen = [{} for _ in self.sites]
        self._quiet = [0] * len(self.sites)
        self.reached = 0

    def __call__(self, index: int, value: Any) -> Any:
        """What the instrumented module calls: note the value's description, hand the value back."""
        if self._quiet[index] < _QUIET and not self._is_paused:
            try:
                self._note(index, value)
            except Exception:
                self._quiet[index] += 1  # an object that resists description is simply not described
        return value

    def _note(self, index: int, value: Any) -> None:
        key, shape = self._describe(value)
        seen = self._seen[index]
        if key in seen:
            self._quiet[index] += 1
            return
        if not seen:
            self.reached += 1
        alike = sum(1 for other in seen if other[:3] == key[:3])
        if alike < _MAX_DETAILS and len(seen) < _MAX_SEEN:
            seen[key] = shape
        else:
            self._quiet[index] += 1

    def as_json(self) -> list[Any]:
        """`[line, col, end_line, end_col, [[kind, dtype, rank, detail, shape], …]]` for every site reached."""
        return [
            [*site.position, [[*key, None if shape is None else list(shape)] for key, shape in seen.items()]]
            for site, seen in zip(self.sites, self._seen, strict=True)
            if seen
        ]

    def unreached(self) -> dict[str, list[int]]:
        """Function → lines with an expression that no run evaluated."""
        lines: dict[str, set[int]] = {}
        for site, seen in zip(self.sites, self._seen, strict=True):
            if not seen:
                lines.setdefault(site.owner, set()).add(site.position[0])
        return {owner: sorted(numbers) for owner, numbers in lines.items()}


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads one module instrumented, under its real name and file name; never from or to bytecode files."""

    def __init__(self, fullname: str, path: str, recorder: Recorder, text: Path | None) -> None:
        super().__init__(fullname, path)
        self._recorder = recorder
        self._text = text

    def get_code(self, fullname: str) -> Any:
        data = self.get_data(self.path) if self._text is None else self._text.read_bytes()
        tree, sites = instrument(data, self.path)
        self._recorder.start(sites)
        return compile(tree, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__[RECORDER] = self._recorder
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, fullname: str, recorder: Recorder, text: Path | None) -> None:
        self._fullname = fullname
        self._recorder = recorder
        self._text = text

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if fullname != self._fullname:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.origin is None:
            return None
        spec.loader = _Loader(fullname, spec.origin, self._recorder, self._text)
        return spec


def install(fullname: str, recorder: Recorder, text: Path | None = None) -> None:
    """From now on `import <fullname>` gives the instrumented module, made of the file `text` where one is given.

    Call before anything has imported it.
    """
    if fullname in sys.modules:
        raise RuntimeError(f"{fullname} is already imported")
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))
    sys.meta_path.insert(0, _Finder(fullname, recorder, text))
