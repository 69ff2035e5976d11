"""Register historical ports anew, on the commit before each, and compare with what their authors registered.

Usage: `python benchmarks/replay.py --repo path/to/transformers --rows replay.json [stem …]`. `--repo` needs the history; `--rows`
holds `{"rows": [{"stem", "model", "commit", "parent", "public_tf_classes", "archive_lists", …}]}`. Each parent is
unpacked into a temporary folder; nothing is written to the repository. Exit status 1 when a difference is not in EXPLAINED.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.core.checkout import Located
from scaffold.core.edits import Tree
from scaffold.core.errors import ScaffoldError
from scaffold.core.port import Port
from scaffold.locate import locate
from scaffold.register import register
from scaffold.register.anchors import PythonFile, TextFile
from scaffold.register.guards import import_module_of, import_structure_key, names_in, tf_guards, type_checking
from scaffold.register.mappings import TF_MODELS, mappings
from scaffold.register.pages import entries
from scaffold.register.registrars import docstring_checks, doctest_list, dummies, main_init, repo_checks

Facts = set[tuple[str, ...]]

#: (stem or *, place, sign, start of the fact) → why the registrar and the author differ. `+`: only the registrar, `-`: only the
#: author. Where it is called an error, the repository corrected it later or its own checks would have asked for the other form.
EXPLAINED: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "convnextv2",
        "check_docstrings",
        "-",
        "OBJECTS_TO_IGNORE TFConvNextV2",
        "not needed: the documented arguments match",
    ),
    (
        "esm",
        "model __init__",
        "*",
        "",
        "author's error: the main __init__ has ESM_…, the model's TF_ESM_… for one list",
    ),
    ("esm", "auto mappings", "-", "TF_MODEL_FOR_MASKED_LM", "the author's own: PyTorch's mapping lacks the model"),
    (
        "whisper",
        "check_repo",
        "-",
        "IGNORE_NON_TESTED TFWhisper",
        "not needed: both are layers in TensorFlow, not models",
    ),
    ("groupvit", "documentation tests", "-", "src/", "the author listed the PyTorch file in the same commit"),
    ("opt", "*", "-", "Flax", "part of a Flax port in the same commit"),
    ("opt", "documentation tests", "-", "src/transformers/models/opt/modeling_flax", "part of the Flax port"),
    ("opt", "index", "*", "|             OPT", "the author ticked Flax too"),
    ("layoutlmv3", "documentation", "-", "docs/source/it/", "another language's index, which nothing checks"),
    ("vit", "documentation", "-", "docs/source/", "documentation in .rst, before 4.15, is not written"),
)


def git(repo: Path, *arguments: str) -> bytes:
    """What git prints; raises when it fails."""
    return subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True).stdout


def text_at(repo: Path, commit: str, path: str) -> str | None:
    """A file's text in a commit, None when it is not there."""
    run = subprocess.run(["git", "-C", str(repo), "show", f"{commit}:{path}"], capture_output=True, check=False)
    return run.stdout.decode("utf-8") if run.returncode == 0 else None


def unpack(repo: Path, commit: str, into: Path) -> None:
    """The parts of a commit's tree that a registration reads."""
    wanted = ("src/transformers", "utils", "docs/source", "setup.cfg", "setup.py", "Makefile", "tests")
    there = git(repo, "ls-tree", "--name-only", commit, *wanted).decode().split()
    archive = subprocess.Popen(["git", "-C", str(repo), "archive", commit, *there], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", str(into)], stdin=archive.stdout, check=True)
    if archive.wait():
        raise SystemExit(f"git archive {commit} failed")


# --- facts ------------------------------------------------------------------------------------------------------------


def listed(text: str, path: str, runtime: str, typed: str) -> Facts:
    """Names in the TensorFlow blocks of both halves of an `__init__` file."""
    file = PythonFile(path, text)
    found: Facts = set()
    for half, body in (("structure", file.tree.body), ("types", type_checking(file).body)):
        for guard in tf_guards(body):
            for node in guard.body:
                if import_structure_key(node) == runtime or import_module_of(node) == typed:
                    found |= {(half, name) for name in names_in(node)}
    return found


def main_names(text: str, located: Located) -> Facts:
    """What the main `__init__` exports of the model, and of the auto classes."""
    key = f"models.{located.names.folder}"
    return listed(text, main_init.PATH, key, key) | listed(text, main_init.PATH, "models.auto", "models.auto")


def model_names(text: str, located: Located) -> Facts:
    """What the model's own `__init__` exports of the TensorFlow file."""
    return listed(text, "__init__.py", located.names.tf_module, located.names.tf_module)


def auto_rows(text: str, located: Located) -> Facts:
    """The rows of the auto mappings."""
    return {(m.name, row.key, *row.classes) for m in mappings(PythonFile(TF_MODELS, text)) for row in m.rows}


def dummy_names(text: str, located: Located) -> Facts:
    """The objects that have a stand-in."""
    found: Facts = set()
    for node in ast.parse(text).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.add((node.name,))
        elif isinstance(node, ast.Assign):
            found.add((ast.unparse(node.targets[0]),))
    return found


def documented(text: str, located: Located) -> Facts:
    """The objects of the page with their methods."""
    return {(entry.name, *entry.methods) for entry in entries(TextFile("page", text))}


def lines(text: str, located: Located) -> Facts:
    """The file's lines: table rows, the list of documentation tests."""
    return {(line.strip(),) for line in text.splitlines()}


def names_in_lists(text: str, located: Located) -> Facts:
    """The entries of every list of names in a script."""
    found: Facts = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            strings = [
                e.value for e in ast.walk(node.value) if isinstance(e, ast.Constant) and isinstance(e.value, str)
            ]
            found |= {(ast.unparse(node.targets[0]), value) for value in strings}
    return found


def index_path(located: Located) -> str:
    """Where the support table is."""
    paths = ("docs/source/en/index.md", "docs/source/en/index.mdx", "docs/source/index.mdx")
    return next((p for p in paths if (located.root / p).is_file()), paths[0])


Place = tuple[str, Callable[[Located], str], Callable[[str, Located], Facts]]
PLACES: tuple[Place, ...] = (
    ("main __init__", lambda _: main_init.PATH, main_names),
    ("model __init__", lambda located: f"{located.names.package_path}/__init__.py", model_names),
    ("auto mappings", lambda _: TF_MODELS, auto_rows),
    ("dummies", lambda _: dummies.PATH, dummy_names),
    ("model page", lambda located: located.doc_page or "docs/source/en/model_doc", documented),
    ("index", index_path, lines),
    ("documentation tests", lambda _: doctest_list.PATH, lines),
    ("check_repo", lambda _: repo_checks.PATH, names_in_lists),
    ("check_docstrings", lambda _: docstring_checks.PATH, names_in_lists),
)


# --- one port ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Replay:
    """What one port came to: place → (facts on both sides, differences as (sign, fact, why))."""

    stem: str
    version: str
    agreeing: dict[str, int] = field(default_factory=dict)
    different: list[tuple[str, str, str, str]] = field(default_factory=list)
    error: str = ""

    @property
    def unexplained(self) -> int:
        return sum(1 for _, _, _, why in self.different if not why) + bool(self.error)


def port_of(row: dict[str, Any], located: Located, theirs: str) -> Port:
    """The port that the author made: the exported classes, and those of them that are models."""
    derived: set[str] = {"TFPreTrainedModel"}
    for node in ast.parse(theirs).body:
        if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id in derived for b in node.bases):
            derived.add(node.name)
    constants = tuple(row["archive_lists"])
    public = tuple(name for name in row["public_tf_classes"] if name not in constants and "AutoModel" not in name)
    models = tuple(name for name in row["tf_top_level_classes"] if name in derived and "PreTrained" not in name)
    new_auto = bool(row["new_tf_auto_symbols"])
    return Port(names=located.names, public=public, models=models, constants=constants, new_auto_classes=new_auto)


def replay(repo: Path, row: dict[str, Any], root: Path) -> Replay:
    """Register the row's classes on its parent and compare with its commit."""
    result = Replay(row["stem"], row["version_dev"].removesuffix(".0.dev0"))
    unpack(repo, row["parent"], root)
    located = locate(root, row["model"], stem=row["stem"], ported_ok=True)
    tree = Tree(root)
    theirs = text_at(repo, row["commit"], located.names.tf_path) or ""
    tree.plan(located.names.tf_path, theirs, by="replay", why="")
    for path in row["test_files_added"]:
        if "test_modeling_tf" in path:
            tree.plan(located.names.tf_test_path, text_at(repo, row["commit"], path), by="replay", why="")
    try:
        register(located, port_of(row, located, theirs), tree)
    except ScaffoldError as error:
        result.error = f"{error.code}: {error.message}"
        return result
    for place, path_of, facts in PLACES:
        path = path_of(located)
        before = tree.root / path
        old = facts(before.read_text(encoding="utf-8"), located) if before.is_file() else set()
        written, human = tree.read(path), text_at(repo, row["commit"], path)
        ours = facts(written, located) ^ old if written else set()
        wanted = facts(human, located) ^ old if human else set()
        _compare(result, place, ours, wanted)
    compared = {path_of(located) for _, path_of, _ in PLACES}
    for path in sorted({*row["docs"], *(entry["path"] for entry in row["index_rows"])} - compared):
        if "AutoModel" not in (text_at(repo, row["commit"], path) or ""):
            result.different.append(("documentation", "-", path, _why(result.stem, "documentation", "-", path)))
    return result


def _compare(result: Replay, place: str, ours: Facts, theirs: Facts) -> None:
    result.agreeing[place] = len(ours & theirs)
    for sign, only in (("+", ours - theirs), ("-", theirs - ours)):
        for fact in sorted(only):
            shown = " ".join(fact)
            result.different.append((place, sign, shown, _why(result.stem, place, sign, shown)))


def _why(stem: str, place: str, sign: str, fact: str) -> str:
    for known, where, direction, start, why in EXPLAINED:
        if known in (stem, "*") and where in (place, "*") and direction in (sign, "*") and fact.startswith(start):
            return why
    return ""


def show(results: Iterable[Replay]) -> None:
    """One block a port, then the sums."""
    for result in results:
        print(f"{result.stem} ({result.version})")
        if result.error:
            print(f"    refused: {result.error}")
        print("    same: " + ", ".join(f"{place} {count}" for place, count in result.agreeing.items() if count))
        for place, sign, fact, why in result.different:
            print(f"    {sign} {place}: {fact[:110]}  [{why or 'UNEXPLAINED'}]")


def main() -> int:
    """Replay the rows; exit status 1 when something is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("stems", nargs="*")
    arguments = parser.parse_args()
    rows = [row for row in json.loads(arguments.rows.read_text(encoding="utf-8"))["rows"]]
    results = []
    for row in rows:
        if not arguments.stems or row["stem"] in arguments.stems:
            with tempfile.TemporaryDirectory(prefix="scaffold-replay-") as name:
                results.append(replay(arguments.repo, row, Path(name)))
    show(results)
    same = sum(sum(result.agreeing.values()) for result in results)
    different = [entry for result in results for entry in result.different]
    unexplained = sum(result.unexplained for result in results)
    print(
        f"\n{len(results)} ports: {same} registrations the same, {len(different)} different, {unexplained} unexplained"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
