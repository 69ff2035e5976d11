"""Read and parse a checkout's Python files without running them, and without letting a hostile one hang or crash us."""

from __future__ import annotations

import ast
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import shortened

#: The largest modelling file of Transformers has 6,000 lines and 300 kB, the main `__init__` 10,000 lines; beyond this, a
#: file is none of them, and would cost more time and memory than anybody wants to wait for.
MAX_BYTES = 1_500_000
MAX_LINES = 40_000

_RESTORE = "restore the file (`git checkout -- {path}`) and run the command again"


def _refuse(path: str, what: str) -> ScaffoldError:
    path = shortened(path, 300)
    return ScaffoldError("LOC107", f"{path}: {what}", _RESTORE.format(path=path), exit_code=ExitCode.UNSUPPORTED_SOURCE)


def read_source(root: Path, path: str) -> str:
    """The file's text; ScaffoldError LOC107 when it cannot be read as UTF-8 or is far too large."""
    try:
        data = (root / path).read_bytes()
    except OSError as error:
        raise _refuse(path, f"cannot be read ({error.strerror})") from error
    except ValueError as error:  # a NUL or half a surrogate pair in the name
        raise _refuse(repr(path), "is no file's name") from error
    if len(data) > MAX_BYTES:
        raise _refuse(path, f"is too large ({len(data):,} bytes)")
    if (lines := data.count(b"\n")) > MAX_LINES:
        raise _refuse(path, f"is too large ({lines:,} lines)")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refuse(path, f"is not UTF-8 (line {line}, byte {data[error.start]:#04x})") from error


def parse_source(root: Path, path: str) -> ast.Module:
    """The file's syntax tree; ScaffoldError LOC107 when it is not Python or nests too deep."""
    text = read_source(root, path)
    try:
        return ast.parse(text, path)
    except SyntaxError as error:
        raise _refuse(path, f"line {error.lineno} is not valid Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise _refuse(path, f"cannot be parsed ({error or type(error).__name__})") from error


def string_table(tree: ast.Module, name: str) -> dict[str, str]:
    """The `NAME = OrderedDict([("key", "value"), …])` table of the module; pairs that are not two strings are left out."""
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            pairs = (_pair(item) for item in ast.walk(node.value))
            return dict(pair for pair in pairs if pair is not None)
    return {}


def _pair(node: ast.AST) -> tuple[str, str] | None:
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        key, value = (e.value if isinstance(e, ast.Constant) else None for e in node.elts)
        if isinstance(key, str) and isinstance(value, str):
            return key, value
    return None
