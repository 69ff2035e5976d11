"""Definitions of the library with all that they need, as text that can stand at the end of a modelling file.

What another modelling file or the `loss` package defines comes along; what the rest of the library defines is imported.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import tokenize
from pathlib import Path

from scaffold.locate.reading import parse_source

_BUILTINS = frozenset(dir(builtins))
_DOCUMENTING = re.compile(r"add_(start|end|code)_|replace_return_docstrings")
_INLINED = re.compile(r"transformers\.(loss\.|models\.\w+\.modeling_)")


#: Methods of `PreTrainedModel` that a plain module has no other way to call.
_OF_PRETRAINED = ("get_head_mask", "invert_attention_mask", "get_extended_attention_mask")


class _Module:
    """One file of the library: its top-level definitions and imports by name."""

    def __init__(self, root: Path, path: str, tree: ast.Module) -> None:
        self.lines = (root / path).read_text(encoding="utf-8").split("\n")
        self.package = path.removeprefix("src/").removesuffix(".py").split("/")[:-1]
        self.definitions: dict[str, ast.stmt] = {}
        self.imports: dict[str, tuple[str, str, str]] = {}  # name → module, name in it, condition
        for node in tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                self.definitions[node.name] = node
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.definitions[node.targets[0].id] = node
            elif isinstance(node, ast.If):
                for inner in node.body:
                    self._import(inner, ast.unparse(node.test))
            else:
                self._import(node, "")

    def _import(self, node: ast.stmt, condition: str) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports[alias.asname or alias.name.split(".")[0]] = (alias.name, "", condition)
        elif isinstance(node, ast.ImportFrom):
            base = self.package[: len(self.package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                self.imports[alias.asname or alias.name] = (module, alias.name, condition)


class Gathered:
    """Collects definitions for the file at `path`; `want` adds one and all that it needs."""

    def __init__(self, root: Path, path: str, tree: ast.Module) -> None:
        self.root = root
        self.main = _Module(root, path, tree)
        self.modules: dict[str, _Module] = {path: self.main}
        self.extra: list[str] = []
        self.initialised = any(".init_weights()" in line for line in self.main.lines)
        self._names: dict[tuple[str, str], str] = {}  # (file, name) → name in the joined text
        self._pieces: list[str] = []
        self._imports: dict[str, tuple[str, str, str]] = {}

    def module(self, path: str) -> _Module:
        """A file of the library, parsed once."""
        if path not in self.modules:
            self.modules[path] = _Module(self.root, path, parse_source(self.root, path))
        return self.modules[path]

    def from_elsewhere(self, path: str, name: str) -> bool:
        """True when the file imports the name from another file whose definitions are taken along."""
        return self._source(self.module(path), name) is not None

    def obtainable(self, path: str, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """False when the definition needs a package besides torch that may be absent."""
        module = self.module(path)
        node = module.definitions.get(name)
        if node is None or name in seen:
            return True
        for used in _used(node):
            if module.imports.get(used, ("", "", ""))[2] and used not in module.definitions:
                return False
            if used in module.definitions and not self.obtainable(path, used, seen | {name}):
                return False
        return True

    def want(self, path: str, name: str) -> str:
        """Take a definition along; the name it has in the joined text."""
        module = self.module(path)
        elsewhere = self._source(module, name)
        if elsewhere is not None:
            return self.want(*elsewhere)
        key = (path, name)
        if key in self._names:
            return self._names[key]
        taken = {*self.main.definitions, *self.main.imports, *self._names.values()}
        prefix = "".join(part.capitalize() for part in module.package[-1].split("_"))
        self._names[key] = (
            name if name not in taken else f"{prefix}{name}" if name[:1].isupper() else f"{prefix.lower()}_{name}"
        )
        node = module.definitions[name]
        renames = {}
        for used in _used(node):
            if (
                used in module.definitions
                and used != "logger"
                or used in module.imports
                and self._source(module, used) is not None
            ):
                renames[used] = self.want(path, used)
            elif used in module.imports:
                self._import(module, used)
        renames[name] = self._names[key]
        self._pieces.append(
            _renamed(_text(module, node, self.initialised), {a: b for a, b in renames.items() if a != b})
        )
        return self._names[key]

    def _import(self, module: _Module, name: str) -> None:
        imported = module.imports[name]
        if self.main.imports.get(name) != imported:
            for part in re.findall(r"[A-Za-z_]\w*", imported[2]):
                if part in module.imports:
                    self._import(module, part)
            self._imports[name] = imported

    def _source(self, module: _Module, name: str) -> tuple[str, str] | None:
        """(file, name) of an imported definition that is taken along."""
        imported = module.imports.get(name)
        if imported is None or not _INLINED.match(imported[0] + "."):
            return None
        path = f"src/{imported[0].replace('.', '/')}.py"
        return (path, imported[1]) if (self.root / path).is_file() else None

    def text(self) -> str:
        """Imports, definitions and what else was added."""
        lines = []
        for name, (module, original, condition) in self._imports.items():
            line = _import_line(name, self._relative(module), original)
            lines += [f"if {condition}:", f"    {line}"] if condition else [line]
        return "\n\n\n".join(["\n".join(lines), *self._pieces]) + "".join(self.extra) + "\n"

    def _relative(self, module: str) -> str:
        """`transformers.models.resnet.configuration_resnet` as the modelling file would import it."""
        parts = module.split(".")
        if parts[0] != "transformers":
            return module
        common = 0
        while common < min(len(parts), len(self.main.package)) and parts[common] == self.main.package[common]:
            common += 1
        return "." * (len(self.main.package) - common + 1) + ".".join(parts[common:])


def _import_line(name: str, module: str, original: str) -> str:
    if not original:
        return f"import {module}" if name == module.split(".")[0] else f"import {module} as {name}"
    return f"from {module} import {original}" + (f" as {name}" if name != original else "")


def _used(node: ast.stmt) -> list[str]:
    """Global names that a definition reads, without those that only document it or belong to its pretrained base."""
    skipped: set[ast.AST] = set()
    for part in ast.walk(node):
        if isinstance(part, (ast.ClassDef, ast.FunctionDef)):
            for decorator in part.decorator_list:
                skipped |= set(ast.walk(decorator)) if _DOCUMENTING.search(ast.unparse(decorator)) else set()
        if isinstance(part, ast.ClassDef):
            skipped |= {base for base in part.bases if ast.unparse(base).endswith("PreTrainedModel")}
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n not in skipped and n.id not in _BUILTINS]
    extra = ["nn"] if any(ast.unparse(b).endswith("PreTrainedModel") for b in getattr(node, "bases", ())) else []
    return list(dict.fromkeys([*names, *extra]))


def _text(module: _Module, node: ast.stmt, initialised: bool) -> str:
    """The definition's lines; a pretrained model's as those of a plain module."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    lines: dict[int, str | None] = {n: module.lines[n - 1] for n in range(first, (node.end_lineno or node.lineno) + 1)}
    for part in ast.walk(node):
        for decorator in getattr(part, "decorator_list", []):
            if _DOCUMENTING.search(ast.unparse(decorator)):
                lines |= dict.fromkeys(range(decorator.lineno, (decorator.end_lineno or 0) + 1))
    if isinstance(node, ast.ClassDef) and any(ast.unparse(b).endswith("PreTrainedModel") for b in node.bases):
        _as_module(node, lines, initialised)
    return "\n".join(line for line in lines.values() if line is not None).rstrip()


#: What a file calls that initialises the parts of its models one by one; the probe gives weights of its own.
_INITIALISED = "\n    def init_weights(self):\n        pass\n"


def _as_module(node: ast.ClassDef, lines: dict[int, str | None], initialised: bool) -> None:
    """Edit the lines of a pretrained model to those of an `nn.Module` that keeps its configuration.

    `initialised`: the file that it is joined to calls its `init_weights`.
    """
    bases = ["nn.Module" if ast.unparse(b).endswith("PreTrainedModel") else ast.unparse(b) for b in node.bases]
    header = node.body[0].lineno
    lines |= dict.fromkeys(range(node.lineno, header))
    used = [name for name in _OF_PRETRAINED if f"self.{name}(" in ast.unparse(node)]
    used += ["_convert_head_mask_to_5d"] if "get_head_mask" in used else []
    kept = "".join(f"\n    {name} = PreTrainedModel.{name}" for name in used) + ("\n" if used else "")
    kept += _INITIALISED if initialised else ""
    lines[node.lineno] = f"class {node.name}({', '.join(bases)}):{kept}"
    for function in node.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        document = function.body[0]
        if isinstance(document, ast.Expr) and isinstance(document.value, ast.Constant) and len(function.body) > 1:
            lines |= dict.fromkeys(range(document.lineno, (document.end_lineno or 0) + 1))
        for statement in function.body:
            text = ast.unparse(statement)
            if text == "super().__init__(config)":
                lines[statement.lineno] = "        super().__init__()\n        self.config = config"
            elif text == "self.post_init()":
                before = lines.get(statement.lineno - 1)
                lines |= {statement.lineno: None}
                if before is not None and before.strip().startswith("#"):
                    lines[statement.lineno - 1] = None


def _renamed(text: str, renames: dict[str, str]) -> str:
    """The text with its global names replaced, attributes and keywords left alone."""
    if not renames:
        return text
    result, previous = [], ""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    at = 0
    for token in tokens:
        if token.type == tokenize.NAME and token.string in renames and previous != ".":
            begin = starts[token.start[0] - 1] + token.start[1]
            result += [text[at:begin], renames[token.string]]
            at = begin + len(token.string)
        previous = token.string if token.string.strip() else previous
    return "".join([*result, text[at:]])
