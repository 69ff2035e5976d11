"""The rules that keep the code base in shape, checked on the code itself (docs/architecture.md)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.core.codes import CODES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "scaffold"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGES = ("backport", "locate", "probe", "translate", "render", "register", "verify", "compare", "checklist")
MAX_LINES = 400

#: Modules that may be longer, with the reason.
LONG: dict[str, str] = {}

#: What `scaffold --help` must not import.
HEAVY = (
    "torch",
    "tensorflow",
    "transformers",
    "copier",
    "libcst",
    "git",
    "github",
    "numpy",
    "jinja2",
    "questionary",
    "rich",
)

FRAMEWORKS = {"torch", "tensorflow", "tf_keras", "keras", "transformers", "safetensors"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path, *, top_level: bool = False) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = top_level_nodes(tree) if top_level else list(ast.walk(tree))
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def top_level_nodes(tree: ast.Module) -> list[ast.AST]:
    """What runs on import: functions' bodies and `if TYPE_CHECKING` blocks left out."""
    found: list[ast.AST] = []
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        found.append(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        todo.extend(ast.iter_child_nodes(node))
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_short_and_named_for_what_they_do(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines < MAX_LINES or name_of(path) in LONG, f"{lines} lines"
    assert path.stem not in ("utils", "helpers", "common", "misc")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("stage", STAGES)
def test_stages_know_only_core(stage: str) -> None:
    allowed = ("scaffold.core", f"scaffold.{stage}")
    for path in sorted((PACKAGE / stage).rglob("*.py")):
        foreign = [
            m for m in imports(path) if m.split(".")[0] == "scaffold" and not m.startswith(allowed) and m != "scaffold"
        ]
        assert not foreign, f"{name_of(path)} imports {foreign}"


def test_core_is_standard_library_only() -> None:
    for path in sorted((PACKAGE / "core").rglob("*.py")):
        for module in imports(path):
            top = module.split(".")[0]
            assert top in sys.stdlib_module_names or module.startswith("scaffold.core"), f"{name_of(path)}: {module}"


def test_frameworks_are_imported_by_workers_only() -> None:
    for path in MODULES:
        used = {module.split(".")[0] for module in imports(path)}
        if path.parent.name == "workers":
            assert "scaffold" not in used, f"{name_of(path)} must be self-contained"
        else:
            assert not used & FRAMEWORKS, name_of(path)


def test_heavy_libraries_are_imported_late() -> None:
    late = {"copier", "git", "github", "numpy", "jinja2", "questionary", "rich"}
    for path in MODULES:
        if path.parent.name != "workers":
            used = {module.split(".")[0] for module in imports(path, top_level=True)}
            assert not used & late, name_of(path)


def test_only_the_console_prints() -> None:
    allowed = {"scaffold/cli/console.py", "scaffold/docgen.py"}
    for path in MODULES:
        if path.parent.name == "workers" or name_of(path) in allowed:
            continue
        calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
        assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"], name_of(path)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, io\nfrom scaffold.cli.main import main\nassert main(['--help']) == 0\n"
        f"loaded = sorted(set({HEAVY!r}) & set(sys.modules))\nassert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_codes_are_raised_and_raised_codes_are_documented() -> None:
    pattern = re.compile(r'"([A-Z]{3}\d{3})"')
    used: set[str] = set()
    for path in MODULES:
        if path.parent.name == "core" and path.stem.endswith("codes"):
            continue
        used |= set(pattern.findall(path.read_text(encoding="utf-8")))
    assert not used - set(CODES), "raised without an entry in the catalogue"
    assert not set(CODES) - used, "in the catalogue, but nothing raises them"


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.code)
def test_explanations_are_sentences(code: object) -> None:
    explanation = getattr(code, "explanation", "")
    assert explanation[0].isupper() or explanation.startswith("`")
    assert explanation.endswith(".")


def test_nothing_compares_version_strings() -> None:
    for path in MODULES:
        if path.parent.name == "workers":
            continue
        assert "transformers.__version__" not in path.read_text(encoding="utf-8"), name_of(path)
