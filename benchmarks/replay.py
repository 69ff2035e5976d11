"""Register historical ports anew, on the commit before each, and compare with what their authors registered.

Usage: `python benchmarks/replay.py --repo path/to/transformers [--rev REV] [stem …]`. The repository needs its history; the ports
are found in it: the commits up to REV that add a `modeling_tf_*.py` beside a `modeling_*.py` that was there before. Each parent
is unpacked into a temporary folder; nothing is written to the repository. Exit status 1 when a difference is not in EXPLAINED.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

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

#: (stem, place, sign, pattern of the fact) → why the registrar and the author differ; `*` in any place. `+`: only the registrar,
#: `-`: only the author. Where it is called an error, the repository corrected it later or its own checks would have asked for
#: the other form.
EXPLAINED: tuple[tuple[str, str, str, str, str], ...] = (
    ("convnextv2", "check_docstrings", "-", "* TFConvNextV2*", "not needed: the documented arguments match"),
    ("swiftformer", "check_docstrings", "-", "* TFSwiftFormer*", "not needed: the documented arguments match"),
    ("esm", "model __init__", "*", "*_LIST", "author's error: one list has two names in the two __init__ files"),
    ("esm", "auto mappings", "-", "TF_MODEL_FOR_MASKED_LM*", "the author's own: PyTorch's mapping lacks the model"),
    ("whisper", "check_repo", "-", "* TFWhisper*coder", "not needed: both are layers in TensorFlow, not models"),
    ("groupvit", "documentation tests", "-", "*", "the author listed the PyTorch file in the same commit"),
    ("regnet", "documentation tests", "-", "*", "the author listed the PyTorch file in the same commit"),
    ("efficientformer", "documentation tests", "-", "*", "the author's own: the PyTorch file is not listed"),
    ("vision_text_dual_encoder", "documentation tests", "-", "*", "the author's own: the PyTorch file is not listed"),
    ("swin", "documentation tests", "+", "*", "left out by the author: the PyTorch file is listed"),
    (
        "swin",
        "*",
        "+",
        "*TFAutoModelForMaskedImageModeling",
        "author's error: the auto class is made but not exported, until 4.31",
    ),
    ("cvt", "documentation tests", "+", "*", "left out by the author: the PyTorch file is listed"),
    ("data2vec_vision", "documentation tests", "+", "*", "left out by the author: the PyTorch file is listed"),
    ("vit_mae", "documentation tests", "+", "*", "left out by the author: the PyTorch file is listed"),
    ("sam", "*", "+", "*MaskGeneration", "author's error: the auto class is made but not exported, until 4.31"),
    ("sam", "*", "+", "*MASK_GENERATION*", "author's error: the auto class is made but not exported, until 4.31"),
    ("blip", "auto mappings", "+", "TF_MODEL_FOR_VISION_2_SEQ*", "left out by the author, added later"),
    ("blip", "check_repo", "-", "* TFBlipForConditionalGeneration", "the exemption for the row that was left out"),
    ("mobilevit", "main __init__", "+", "types *", "author's error: the import names MobileBERT's module"),
    ("convnext", "model __init__", "+", "types *", "author's error: the import names the PyTorch module"),
    (
        "vision_text_dual_encoder",
        "model __init__",
        "-",
        "types *",
        "author's error: the import names the PyTorch module",
    ),
    ("opt", "*", "-", "*Flax*", "part of a Flax port in the same commit"),
    ("opt", "documentation tests", "-", "*modeling_flax*", "part of the Flax port"),
    ("opt", "index", "*", "|             OPT*", "the author ticked Flax too"),
    ("layoutlmv3", "documentation", "-", "docs/source/it/*", "another language's index, which nothing checks"),
    (
        "encoder_decoder",
        "auto mappings",
        "+",
        "TF_MODEL_WITH_LM_HEAD*",
        "left out by the author: PyTorch's mapping has it",
    ),
    (
        "encoder_decoder",
        "*",
        "-",
        "*TFRobertaForCausalLM",
        "the author gave another model a new class in the same commit",
    ),
    ("deberta", "auto mappings", "+", "* TFDebertaForMaskedLM", "left out by the author: PyTorch's mappings have it"),
    (
        "deberta_v2",
        "auto mappings",
        "+",
        "* TFDebertaV2ForMaskedLM",
        "left out by the author: PyTorch's mappings have it",
    ),
    ("*", "documentation", "-", "docs/source/*.rst", "documentation in .rst, before 4.15, is not written"),
    ("hubert", "refused", "*", "REG101*", "auto mappings of classes, before 4.10, are not written"),
    ("wav2vec2", "refused", "*", "REG101*", "auto mappings of classes, before 4.10, are not written"),
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


def mapping_names(text: str, located: Located) -> Facts:
    """The names of the auto mappings."""
    return {(m.name,) for m in mappings(PythonFile(TF_MODELS, text))}


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


@dataclass(frozen=True, slots=True)
class Ported:
    """A commit that added TensorFlow files to a model that PyTorch had; the first file is the model's."""

    stem: str
    folder: str
    commit: str
    files: tuple[str, ...]

    @property
    def parent(self) -> str:
        return f"{self.commit}^"


def ports(repo: Path, revision: str, since: str) -> list[Ported]:
    """The ports in the history up to a revision, newest first."""
    pattern = ":(glob)src/transformers/models/*/modeling_tf_*.py"
    arguments = ("--no-renames", "--diff-filter=A", "--format=@%H", "--name-only", f"--since={since}", revision)
    log = git(repo, "log", *arguments, "--", pattern).decode()
    found = []
    for block in log.split("@")[1:]:
        commit, *files = block.split()
        folders = sorted({PurePosixPath(file).parent.name for file in files})
        for folder in folders:
            added = sorted((f for f in files if PurePosixPath(f).parent.name == folder), key=len)
            stem = PurePosixPath(added[0]).stem.removeprefix("modeling_tf_")
            if text_at(repo, f"{commit}^", f"src/transformers/models/{folder}/modeling_{stem}.py") is not None:
                found.append(Ported(stem, folder, commit, tuple(added)))
    return found


@dataclass(slots=True)
class Replay:
    """What one port came to: place → (facts on both sides, differences as (sign, fact, why))."""

    stem: str
    version: str
    agreeing: dict[str, int] = field(default_factory=dict)
    different: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        return sum(1 for _, _, _, why in self.different if not why)


def port_of(located: Located, theirs: str, exported: Facts, auto: Facts) -> Port:
    """The port that the author made: the exported classes, and those of them that are models.

    `theirs` is the text of their files, `exported` what they added to the main `__init__`, `auto` the mappings that they made.
    """
    derived: set[str] = {"TFPreTrainedModel"}
    top: list[str] = []
    for node in ast.parse(theirs).body:
        if isinstance(node, ast.ClassDef):
            top.append(node.name)
            if any(isinstance(base, ast.Name) and base.id in derived for base in node.bases):
                derived.add(node.name)
    names = sorted({name for _, name in exported if "AutoModel" not in name and "MAPPING" not in name})
    constants = tuple(name for name in names if name.isupper())
    public = tuple(name for name in names if name not in constants)
    models = tuple(name for name in top if name in derived and "PreTrained" not in name)
    return Port(names=located.names, public=public, models=models, constants=constants, new_auto_classes=bool(auto))


def replay(repo: Path, ported: Ported, root: Path) -> Replay:
    """Register the classes of a port on its parent and compare with its commit."""
    unpack(repo, ported.parent, root)
    found = re.search(r'__version__ = "(\d+\.\d+)', text_at(repo, ported.parent, main_init.PATH) or "")
    result = Replay(ported.stem, found.group(1) if found else "?")
    try:
        located = locate(root, ported.folder, stem=ported.stem, ported_ok=True)
        tree = Tree(root)
        theirs = [text_at(repo, ported.commit, path) or "" for path in ported.files]
        for path, text in zip(ported.files, theirs, strict=True):
            tree.plan(path, text, by="replay", why="")
        changed = git(repo, "diff-tree", "-r", "--no-commit-id", "--name-status", ported.commit).decode().splitlines()
        for status, path in (line.split("\t", 1) for line in changed):
            if status == "A" and path.endswith(f"test_modeling_tf_{ported.stem}.py"):
                tree.plan(located.names.tf_test_path, text_at(repo, ported.commit, path), by="replay", why="")
        exported = _added(repo, ported, located, main_init.PATH, main_names)
        made = _added(repo, ported, located, TF_MODELS, mapping_names)
        register(located, port_of(located, "\n".join(theirs), exported, made), tree)
    except ScaffoldError as error:
        message = f"{error.code}: {error.message}"
        result.different.append(("refused", "-", message, _why(result.stem, "refused", "-", message)))
        return result
    for place, path_of, facts in PLACES:
        path = path_of(located)
        before = tree.root / path
        old = facts(before.read_text(encoding="utf-8"), located) if before.is_file() else set()
        written, human = tree.read(path), text_at(repo, ported.commit, path)
        ours = facts(written, located) ^ old if written else set()
        wanted = facts(human, located) ^ old if human else set()
        _compare(result, place, ours, wanted)
    compared = {path_of(located) for _, path_of, _ in PLACES}
    for path in sorted(line.split("\t", 1)[1] for line in changed):
        if (
            path.startswith("docs/")
            and path not in compared
            and "AutoModel" not in (text_at(repo, ported.commit, path) or "")
        ):
            result.different.append(("documentation", "-", path, _why(result.stem, "documentation", "-", path)))
    return result


def _added(repo: Path, ported: Ported, located: Located, path: str, facts: Callable[[str, Located], Facts]) -> Facts:
    """The facts of a file that are in a port's commit and not before."""
    before, after = (text_at(repo, commit, path) for commit in (ported.parent, ported.commit))
    return (facts(after, located) if after else set()) - (facts(before, located) if before else set())


def _compare(result: Replay, place: str, ours: Facts, theirs: Facts) -> None:
    result.agreeing[place] = len(ours & theirs)
    for sign, only in (("+", ours - theirs), ("-", theirs - ours)):
        for fact in sorted(only):
            shown = " ".join(fact)
            result.different.append((place, sign, shown, _why(result.stem, place, sign, shown)))


def _why(stem: str, place: str, sign: str, fact: str) -> str:
    for known, where, direction, pattern, why in EXPLAINED:
        if known in (stem, "*") and where in (place, "*") and direction in (sign, "*") and fnmatchcase(fact, pattern):
            return why
    return ""


def show(results: Iterable[Replay]) -> None:
    """One block a port, then the sums."""
    for result in results:
        print(f"{result.stem} ({result.version})")
        print("    same: " + ", ".join(f"{place} {count}" for place, count in result.agreeing.items() if count))
        for place, sign, fact, why in result.different:
            print(f"    {sign} {place}: {fact[:110]}  [{why or 'UNEXPLAINED'}]")


def main() -> int:
    """Replay the rows; exit status 1 when something is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--rev", default="HEAD", help="the last commit of the history to look at")
    parser.add_argument(
        "--since", default="2021-06-01", help="the first day to look at (documentation was .rst before)"
    )
    parser.add_argument("stems", nargs="*")
    arguments = parser.parse_args()
    results = []
    for ported in ports(arguments.repo, arguments.rev, arguments.since):
        if not arguments.stems or ported.stem in arguments.stems:
            with tempfile.TemporaryDirectory(prefix="scaffold-replay-") as name:
                results.append(replay(arguments.repo, ported, Path(name)))
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
