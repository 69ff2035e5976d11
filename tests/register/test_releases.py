"""Every registrar on real releases: the sdist from the package index, with the release's documentation where that is at hand.

The same ground with fixtures of our own, without the network: test_contract.py on the layouts of cases.py.
"""

from __future__ import annotations

import ast
import difflib
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
from scaffold.publish.index import download_sdist
from scaffold.publish.upstream import cache_folder, unpack
from scaffold.register import all_registrars, register
from scaffold.register.mappings import TF_MODELS
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

MODEL = "nystromformer"
TASKS = ("MaskedLM", "MultipleChoice", "QuestionAnswering", "SequenceClassification", "TokenClassification")
MODELS = tuple(f"TFNystromformer{end}" for end in ("Model", *(f"For{task}" for task in TASKS)))
TF_FILE = (
    "class TFNystromformerLayer:\n    pass\n\n\nclass TFNystromformerPreTrainedModel(TFPreTrainedModel):\n    pass\n"
)
TF_FILE += "".join(f"\n\nclass {name}(TFNystromformerPreTrainedModel):\n    pass\n" for name in MODELS)
#: A mapping of PyTorch's auto classes with its rows.
TABLE = re.compile(r"^(MODEL_\w+_NAMES) = OrderedDict\((.*?)^\)", re.M | re.S)


@pytest.fixture(scope="module", params=RELEASES)
def located(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Located:
    """The model in an unpacked release. What is cached is linked and never written to."""
    version = request.param
    root = tmp_path_factory.mktemp("release") / version
    cached = cache_folder() / f"transformers-{version}"
    if not cached.is_dir():
        folder = tmp_path_factory.mktemp("sdist")
        try:
            cached = unpack(download_sdist("transformers", version, folder), folder / "unpacked")
        except ScaffoldError as error:
            if error.exit_code is ExitCode.NETWORK:
                pytest.skip(f"the release cannot be downloaded here: {error.message}")
            raise
    shutil.copytree(cached, root, copy_function=os.link, ignore=shutil.ignore_patterns(".git"))
    documentation = TREES / RELEASES[version]
    if documentation.is_dir():
        shutil.copytree(documentation, root, dirs_exist_ok=True)
    return locate(root, MODEL)


def planned(located: Located) -> tuple[Tree, Port]:
    """The release with the model's TensorFlow file in it, and the port to register."""
    tree = Tree(located.root)
    tree.plan(located.names.tf_path, TF_FILE, by="test", why="")
    listed = located.layout.value("archive_lists") == "lists"
    port = Port(
        names=located.names,
        public=("TFNystromformerLayer", "TFNystromformerPreTrainedModel", *MODELS),
        models=MODELS,
        contributor=Contributor(name="A. Porter", url="https://huggingface.co/porter"),
        constants=("TF_NYSTROMFORMER_PRETRAINED_MODEL_ARCHIVE_LIST",) if listed else (),
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
        own = {path.replace("brand_new", MODEL) for path in PLACES[registrar.name]} | {located.names.tf_path}
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
    rows = re.findall(r'\("nystromformer", "(\w+)"\)', "".join(twins))
    assert len(rows) >= 7  # 8 since the mapping of text encoders (4.31)
    assert sorted(re.findall(r'\("nystromformer", "TF(\w+)"\)', auto)) == sorted(rows)
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
    assert own.count("from .modeling_tf_nystromformer import") == 1


def test_what_is_not_understood_is_refused(located: Located) -> None:
    tree, port = planned(located)
    tree.plan(TF_MODELS, before(located, TF_MODELS).replace("OrderedDict(", "dict("), by="test", why="")
    with pytest.raises(ScaffoldError, match="modeling_tf_auto") as caught:
        register(located, port, tree)
    assert caught.value.code == "REG101"
