"""Every registrar on real releases: the sdist from the package index, with the release's documentation where that is at hand.

The same ground with fixtures of our own, without the network: test_contract.py on the layouts of cases.py.
"""

from __future__ import annotations

import ast
import difflib
import functools
import os
import re
import shutil
from pathlib import Path

import pytest

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, AlreadyDone, Edit, Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.port import Contributor, Port
from scaffold.locate import locate
from scaffold.publish.commit import commit_edits
from scaffold.publish.git import open_clone
from scaffold.publish.index import download_sdist
from scaffold.publish.undo import plan_undo, undo
from scaffold.publish.upstream import cache_folder, unpack
from scaffold.register import all_registrars, register
from scaffold.register.mappings import TF_MODELS
from tests.layouts import git, make_repository
from tests.register.test_contract import INIT, PLACES

pytestmark = pytest.mark.e2e

#: release → the folder with its documentation, index and lists, kept outside this repository
RELEASES = {
    "4.22.2": "4.22",
    "4.26.1": "4.26",
    "4.30.2": "4.30",
    "4.31.0": "4.31",
    "4.36.2": "4.36",
    "4.40.2": "4.40",
    "4.47.1": "4.47",
    "4.49.0": "4.49",
    "4.51.3": "4.51",
    "4.53.3": "4.53",
    "4.57.1": "4.57",
}
TREES = Path(__file__).parents[3] / "shared" / "trees"

TASKS = ("MaskedLM", "MultipleChoice", "QuestionAnswering", "SequenceClassification", "TokenClassification")
#: model → its name in classes, its public models, and how many rows of the auto mappings it has at least
MODELS = {
    "nystromformer": ("Nystromformer", ("Model", *(f"For{task}" for task in TASKS)), 7),
    "dinov2": ("Dinov2", ("Model", "ForImageClassification", "Backbone"), 2),
}
#: A text model in every release, an image model with a backbone in those that have it.
PAIRS = [(version, "nystromformer") for version in RELEASES]
PAIRS += [(version, "dinov2") for version in list(RELEASES)[list(RELEASES).index("4.36.2") :]]
#: A mapping of PyTorch's auto classes with its rows.
TABLE = re.compile(r"^(MODEL_\w+_NAMES) = OrderedDict\((.*?)^\)", re.M | re.S)


@functools.cache
def unpacked(version: str, folder: Path) -> Path:
    """The release's files: in the user's cache, or downloaded once a run."""
    cached = cache_folder() / f"transformers-{version}"
    if cached.is_dir():
        return cached
    try:
        return unpack(download_sdist("transformers", version, folder), folder / f"unpacked-{version}")
    except ScaffoldError as error:
        if error.exit_code is ExitCode.NETWORK:
            pytest.skip(f"the release cannot be downloaded here: {error.message}")
        raise


def checkout(version: str, root: Path, folder: Path) -> Path:
    """A tree of the release at `root`. What is cached is linked and never written to."""
    link = shutil.ignore_patterns(".git")
    shutil.copytree(unpacked(version, folder), root, copy_function=os.link, ignore=link)
    documentation = TREES / RELEASES[version]
    if documentation.is_dir():
        shutil.copytree(documentation, root, dirs_exist_ok=True)
    return root


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sdist")


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: "-".join(pair))
def located(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Located:
    """A model in an unpacked release."""
    version, model = request.param
    return locate(checkout(version, tmp_path_factory.mktemp("release") / version, downloads), model)


def planned(located: Located) -> tuple[Tree, Port]:
    """The release with the model's TensorFlow file in it, and the port to register."""
    title, ends, _ = MODELS[located.names.stem]
    models = tuple(f"TF{title}{end}" for end in ends)
    parts = [f"class TF{title}Layer:\n    pass\n", f"class TF{title}PreTrainedModel(TFPreTrainedModel):\n    pass\n"]
    parts += [f"class {name}(TF{title}PreTrainedModel):\n    pass\n" for name in models]
    tree = Tree(located.root)
    tree.plan(located.names.tf_path, "\n\n".join(parts), by="test", why="")
    listed = located.layout.value("archive_lists") == "lists"
    port = Port(
        names=located.names,
        public=(f"TF{title}Layer", f"TF{title}PreTrainedModel", *models),
        models=models,
        contributor=Contributor(name="A. Porter", url="https://huggingface.co/porter"),
        constants=(f"TF_{title.upper()}_PRETRAINED_MODEL_ARCHIVE_LIST",) if listed else (),
    )
    return tree, port


def before(located: Located, path: str) -> str:
    """A file as released."""
    return (located.root / path).read_text(encoding="utf-8")


def test_each_registrar_is_idempotent_and_keeps_to_its_place(located: Located) -> None:
    for registrar in all_registrars():
        if not registrar.serves(located.layout):
            continue
        tree, port = planned(located)
        own = {path.replace("brand_new", located.names.stem) for path in PLACES[registrar.name]} | {
            located.names.tf_path
        }
        outcomes = registrar.plan(located, port, tree)
        assert {edit.path for edit in tree.edits()} <= own, registrar.name
        first = {edit.path: edit.after for edit in tree.edits()}
        again = registrar.plan(located, port, tree)
        assert all(isinstance(outcome, AlreadyDone | Absent) for outcome in again), registrar.name
        assert {edit.path: edit.after for edit in tree.edits()} == first, registrar.name
        assert all(outcome.why for outcome in outcomes if isinstance(outcome, Absent)), registrar.name


def test_whole_registration(located: Located) -> None:
    tree, port = planned(located)
    outcomes = register(located, port, tree)
    derived = located.layout.value("top_init") == "derived"
    changed = {outcome.path for outcome in outcomes if isinstance(outcome, Edit)}
    needed = {TF_MODELS, f"{located.names.package_path}/__init__.py"}
    needed |= set() if derived else {INIT, "src/transformers/utils/dummy_tf_objects.py"}
    assert needed <= changed
    for edit in tree.edits():
        if edit.path == located.names.tf_path or edit.after is None:
            continue
        lines = list(difflib.ndiff(before(located, edit.path).splitlines(), edit.after.splitlines()))
        removed = [line for line in lines if line.startswith("- ")]
        assert len(removed) <= 1, removed  # a row of the index, an import that grows
        if edit.path.endswith(".py"):
            ast.parse(edit.after)
            assert max(len(line) - 2 for line in lines if line.startswith("+ ")) <= 119
    again = register(located, port, tree)
    assert not [outcome for outcome in again if isinstance(outcome, Edit)]


def test_every_name_is_registered_where_it_belongs(located: Located) -> None:
    """Counted in the plain text, by no means of the registrars."""
    tree, port = planned(located)
    register(located, port, tree)
    auto = tree.read(TF_MODELS) or ""
    theirs = before(located, TF_MODELS.replace("_tf_", "_"))
    twins = [rows for name, rows in TABLE.findall(theirs) if f"\nTF_{name} = " in auto]
    stem = located.names.stem
    rows = re.findall(rf'\("{stem}", "(\w+)"\)', "".join(twins))
    assert len(rows) >= MODELS[stem][2]
    assert sorted(re.findall(rf'\("{stem}", "TF(\w+)"\)', auto)) == sorted(rows)
    init, own = tree.read(INIT) or "", tree.read(f"{located.names.package_path}/__init__.py") or ""
    dummies = tree.read("src/transformers/utils/dummy_tf_objects.py") or ""
    star = located.layout.value("model_init") == "star"
    for name in port.exported:
        if located.layout.value("top_init") != "derived":
            runtime, _, typed = init.partition("if TYPE_CHECKING:")
            assert (runtime.count(f'"{name}"'), typed.count(f" {name},") + typed.count(f" {name}\n")) == (1, 1), name
            assert dummies.count(f"\nclass {name}(") + dummies.count(f"\n{name} = None") == 1, name
        if star:
            assert (tree.read(located.names.tf_path) or "").count(f'"{name}"') == 1
        else:
            assert own.partition("if TYPE_CHECKING:")[0].count(f'"{name}"') == 1
    assert own.count(f"from .modeling_tf_{stem} import") == 1


def test_what_is_not_understood_is_refused(located: Located) -> None:
    tree, port = planned(located)
    tree.plan(TF_MODELS, before(located, TF_MODELS).replace("OrderedDict(", "dict("), by="test", why="")
    with pytest.raises(ScaffoldError, match="modeling_tf_auto") as caught:
        register(located, port, tree)
    assert caught.value.code == "REG101"


@pytest.mark.parametrize(
    ("version", "model"), [("4.22.2", "nystromformer"), ("4.40.2", "dinov2"), ("4.53.3", "nystromformer")]
)
def test_undo_gives_the_release_back(version: str, model: str, tmp_path: Path, downloads: Path) -> None:
    root = tmp_path / version
    shutil.copytree(checkout(version, tmp_path / "linked", downloads), root)  # copied: git may touch what is linked
    make_repository(root)
    tree, port = planned(locate(root, model))
    register(locate(root, model), port, tree)
    clone, branch = open_clone(root), f"add_tf_{model}"
    folder = clone.git_path("scaffold") / model
    commit_edits(clone, tree.edits(), branch=branch, folder=folder)
    assert sorted(git(root, "diff", "--name-only", "main").split()) == sorted(edit.path for edit in tree.edits())
    plan = plan_undo(clone, branch, folder)
    assert plan is not None
    undo(clone, plan, folder)
    assert git(root, "branch", "--format=%(refname:short)") == "main"
    assert git(root, "status", "--porcelain", "--untracked-files=all") == ""
    assert not (root / port.names.tf_path).exists()
