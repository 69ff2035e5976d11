"""What every registrar promises, on every layout: idempotent, parseable, sorted, one place only, anchors unambiguous."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scaffold.core.edits import Absent, AlreadyDone, Edit, Tree
from scaffold.core.errors import ScaffoldError
from scaffold.register import Registrar, all_registrars, register
from scaffold.register.anchors import PythonFile
from scaffold.register.guards import import_module_of, import_structure_key, names_in, tf_guards, type_checking
from scaffold.register.mappings import TF_MODELS, mappings
from scaffold.register.ordering import import_order, list_order
from tests.layouts import PYTORCH_BADGE
from tests.register.cases import LAYOUTS, checkout, port, write

REGISTRARS = {registrar.name: registrar for registrar in all_registrars()}
INIT = "src/transformers/__init__.py"
FOLDER = "src/transformers/models/brand_new"
PT_FILE = f"{FOLDER}/modeling_brand_new.py"
PAGE = "docs/source/en/model_doc/brand_new"
AUTO_INIT = "src/transformers/models/auto/__init__.py"
AUTO_PAGE = "docs/source/en/model_doc/auto.md"
INDEX_HEAD = "# Transformers\n\n| Model | TensorFlow support |\n|---|---|\n"
DOCTESTS = "utils/documentation_tests.txt"

#: The files each registrar may change for the model `brand_new`.
PLACES = {
    "auto-classes": {
        TF_MODELS,
        INIT,
        "src/transformers/models/auto/__init__.py",
        "docs/source/en/model_doc/auto.md",
        "docs/source/en/model_doc/auto.mdx",
    },
    "auto-mappings": {TF_MODELS},
    "doc-badges": {"docs/source/en/model_doc/brand_new.md", "docs/source/en/model_doc/brand_new.mdx"},
    "doc-credit": {"docs/source/en/model_doc/brand_new.md", "docs/source/en/model_doc/brand_new.mdx"},
    "doc-index": {"docs/source/en/index.md", "docs/source/en/index.mdx"},
    "doc-page": {"docs/source/en/model_doc/brand_new.md", "docs/source/en/model_doc/brand_new.mdx"},
    "docstring-checks": {"utils/check_docstrings.py"},
    "doctest-list": {"utils/documentation_tests.txt"},
    "dummies": {"src/transformers/utils/dummy_tf_objects.py"},
    "main-init": {INIT},
    "model-init-guards": {f"{FOLDER}/__init__.py"},
    "model-init-star": {f"{FOLDER}/__init__.py", f"{FOLDER}/modeling_tf_brand_new.py"},
    "repo-checks": {"utils/check_repo.py"},
}

pairs = pytest.mark.parametrize(
    ("registrar", "layout"), [(r, layout) for r in REGISTRARS for layout in LAYOUTS], ids=lambda value: str(value)
)


def test_every_registrar_has_a_row_here() -> None:
    assert set(PLACES) == set(REGISTRARS)


@pairs
def test_plan_apply_plan_is_empty(tmp_path: Path, registrar: str, layout: str) -> None:
    located = checkout(tmp_path, layout)
    tree = Tree(located.root)
    ours = port(located, new_auto_classes=True)
    REGISTRARS[registrar].plan(located, ours, tree)
    write(tree)
    again = REGISTRARS[registrar].plan(located, ours, Tree(located.root))
    assert all(isinstance(outcome, AlreadyDone | Absent) for outcome in again)


@pairs
def test_only_its_own_place_changes(tmp_path: Path, registrar: str, layout: str) -> None:
    located = checkout(tmp_path, layout)
    tree = Tree(located.root)
    outcomes = REGISTRARS[registrar].plan(located, port(located, new_auto_classes=True), tree)
    assert {edit.path for edit in tree.edits()} <= PLACES[registrar]
    assert {o.path for o in outcomes if isinstance(o, Edit)} == {edit.path for edit in tree.edits()}


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_whole_registration_is_idempotent_and_parses(tmp_path: Path, layout: str) -> None:
    located = checkout(tmp_path, layout)
    tree = Tree(located.root)
    register(located, port(located), tree)
    before = {edit.path: (located.root / edit.path).read_text(encoding="utf-8") for edit in tree.edits()}
    edits = write(tree)
    assert edits
    for edit in edits:
        assert edit.after is not None
        if edit.path.endswith(".py"):
            ast.parse(edit.after)
            added = set(edit.after.splitlines()) - set(before[edit.path].splitlines())
            assert max(map(len, added)) <= 119
    again = Tree(located.root)
    assert not [o for o in register(located, port(located), again) if isinstance(o, Edit)]
    assert not again.edits()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_place_is_reported_once_and_never_written_twice_over(tmp_path: Path, layout: str) -> None:
    located = checkout(tmp_path, layout)
    outcomes = register(located, port(located), Tree(located.root))
    absent = [(o.by, o.path) for o in outcomes if isinstance(o, Absent)]
    assert len(absent) == len(set(absent))
    assert all(o.why for o in outcomes if isinstance(o, Absent))


def test_a_source_distribution_reports_what_it_lacks(tmp_path: Path) -> None:
    located = checkout(tmp_path, "sdist")
    outcomes = register(located, port(located), Tree(located.root))
    assert {o.by for o in outcomes if isinstance(o, Absent)} == {
        "auto-classes",
        "doc-credit",
        "doc-index",
        "doc-page",
        "docstring-checks",
        "repo-checks",
    }


def test_sorted_as_the_clone_sorts(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    tree = Tree(located.root)
    register(located, port(located), tree)
    init = PythonFile.open(tree, INIT)
    auto = PythonFile.open(tree, TF_MODELS)
    assert init and auto
    (runtime,), (typed,) = tf_guards(init.tree.body), tf_guards(type_checking(init).body)
    assert [import_structure_key(n) for n in runtime.body if "models." in str(import_structure_key(n))] == [
        "models.auto",
        "models.brand_new",
        "models.elder",
        "models.twin",
    ]
    modules = [import_module_of(n) for n in typed.body if str(import_module_of(n)).startswith("models.")]
    assert modules == sorted(modules)
    assert "models.brand_new" in modules
    for node in runtime.body:
        assert names_in(node) == sorted(names_in(node), key=list_order)
    for node in typed.body:
        assert names_in(node) == sorted(names_in(node), key=import_order)
    for mapping in mappings(auto):
        keys = [row.key for row in mapping.rows]
        assert keys == sorted(keys)


def test_registration_reads_nothing_from_a_finished_port_but_says_done(tmp_path: Path) -> None:
    """A hand-written port needs nothing: `elder` is registered in the miniature from the start."""
    located = checkout(tmp_path, "guards", "elder")
    names = ("TFElderModel", "TFElderForMaskedLM")
    from scaffold.core.port import Port

    finished = Port(names=located.names, public=(*names, "TFElderPreTrainedModel"), models=names)
    tree = Tree(located.root)
    register(located, finished, tree)
    # The miniature's page of `elder` documents PyTorch only.
    assert [edit.path for edit in tree.edits()] == ["docs/source/en/model_doc/elder.md"]


#: (registrar, layout, path, text that is the anchor, what stands there instead, code)
BROKEN = [
    ("main-init", "guards", INIT, "if not is_tf_available():", "if not is_jax_available():", "REG101"),
    ("doc-index", "guards", "docs/source/en/index.md", "# Transformers\n", INDEX_HEAD, "REG102"),
    ("main-init", "guards", INIT, '    "models.brand_new": [],\n', "", "REG101"),
    ("main-init", "guards", INIT, '    "models.brand_new": [],\n', '    "models.brand_new": [],\n' * 2, "REG102"),
    ("main-init", "guards", INIT, "if TYPE_CHECKING:", "if TYPE_CHECKING:\n    pass\nif TYPE_CHECKING:", "REG102"),
    ("main-init", "guards", INIT, "if TYPE_CHECKING:", "if TYPE_CHECKING", "REG103"),
    ("model-init-guards", "guards", f"{FOLDER}/__init__.py", '"modeling_brand_new"', '"modeling_other"', "REG101"),
    ("model-init-guards", "guards", f"{FOLDER}/__init__.py", "if TYPE_CHECKING:", "if False:", "REG101"),
    ("model-init-guards", "guards", f"{FOLDER}/__init__.py", "_LazyModule, ", "", "REG101"),
    (
        "model-init-guards",
        "guards",
        f"{FOLDER}/__init__.py",
        "\nif TYPE_CHECKING:",
        '\nif is_torch_available():\n    _import_structure["modeling_brand_new"] = []\n\nif TYPE_CHECKING:',
        "REG102",
    ),
    ("model-init-star", "star", f"{FOLDER}/__init__.py", "from .modeling_brand_new import *", "pass", "REG101"),
    (
        "model-init-star",
        "star",
        f"{FOLDER}/__init__.py",
        "    from .modeling_brand_new import *",
        "    from .modeling_brand_new import *\n    from .modeling_brand_new import *",
        "REG102",
    ),
    ("auto-mappings", "guards", TF_MODELS, "OrderedDict(\n", "dict(\n", "REG101"),
    (
        "auto-mappings",
        "guards",
        TF_MODELS,
        "TF_MODEL_FOR_MASKED_LM_MAPPING_NAMES = OrderedDict(",
        "TF_MODEL_FOR_MASKED_LM_MAPPING_NAMES = OrderedDict([])\nTF_MODEL_FOR_MASKED_LM_MAPPING_NAMES = OrderedDict(",
        "REG102",
    ),
    (
        "auto-mappings",
        "guards",
        TF_MODELS,
        '        ("elder", "TFElderModel"),',
        '        ("brand_new", "TFOtherModel"),\n        ("elder", "TFElderModel"),',
        "REG104",
    ),
    ("auto-classes", "guards", TF_MODELS, "_LazyAutoMapping(CONFIG", "_OtherMapping(CONFIG", "REG101"),
    ("auto-classes", "guards", TF_MODELS, "auto_class_update", "other_update", "REG101"),
    ("auto-classes", "guards", AUTO_INIT, "modeling_tf_auto", "modeling_other", "REG101"),
    ("auto-classes", "guards", AUTO_PAGE, "[[autodoc]] Auto", "see Auto", "REG101"),
    (
        "auto-classes",
        "guards",
        AUTO_PAGE,
        "\n[[autodoc]]",
        "\n[[autodoc]] AutoModelForRetrieval\n[[autodoc]]",
        "REG102",
    ),
    ("doc-badges", "badges-below", f"{PAGE}.md", 'alt="PyTorch"', 'alt="Torch"', "REG101"),
    ("doc-badges", "badges-above", f"{PAGE}.md", f"        {PYTORCH_BADGE}\n", f"{PYTORCH_BADGE}\n" * 2, "REG102"),
    ("doctest-list", "isort", DOCTESTS, "/", ":", "REG101"),
    ("doctest-list", "isort", DOCTESTS, f"{PT_FILE}\n", f"{PT_FILE}\n" * 2, "REG102"),
    ("dummies", "guards", INIT, "if not is_tf_available():", "if not is_jax_available():", "REG101"),
    (
        "dummies",
        "guards",
        "utils/check_dummies.py",
        "import argparse",
        "def create_dummy_files():\n    1 / 0",
        "REG105",
    ),
    ("doc-page", "pt", "docs/source/en/model_doc/brand_new.md", "</pt>\n", "", "REG101"),
    ("doc-page", "guards", "docs/source/en/model_doc/brand_new.md", "[[autodoc]] BrandNew", "see BrandNew", "REG101"),
    (
        "doc-page",
        "guards",
        "docs/source/en/model_doc/brand_new.md",
        "[[autodoc]] BrandNewModel\n",
        "[[autodoc]] TFBrandNewModel\n\n[[autodoc]] TFBrandNewModel\n",
        "REG102",
    ),
    (
        "doc-page",
        "pt",
        "docs/source/en/model_doc/brand_new.md",
        "</frameworkcontent>\n",
        "</frameworkcontent>\n\n<frameworkcontent>\n\n[[autodoc]] BrandNewForRetrieval\n\n</frameworkcontent>\n",
        "REG102",
    ),
    ("doc-index", "guards", "docs/source/en/index.md", "[BrandNew]", "[Renamed]", "REG101"),
    ("doc-index", "guards", "docs/source/en/index.md", "[ELDER]", "[BrandNew]", "REG102"),
    (
        "doc-credit",
        "guards",
        "docs/source/en/model_doc/brand_new.md",
        "## Overview\n",
        "## Overview\n"
        + "\nThe TensorFlow version was contributed by [A. Porter](https://huggingface.co/porter).\n" * 2,
        "REG102",
    ),
    ("repo-checks", "guards", "utils/check_repo.py", "IGNORE_NON_AUTO_CONFIGURED", "OTHER", "REG101"),
    ("repo-checks", "guards", "utils/check_repo.py", "IGNORE_NON_TESTED", "PRIVATE_MODELS", "REG102"),
    ("docstring-checks", "guards", "utils/check_docstrings.py", "OBJECTS_TO_IGNORE", "OTHER", "REG101"),
    ("docstring-checks", "guards", "utils/check_docstrings.py", "]\n", "]\nOBJECTS_TO_IGNORE = []\n", "REG102"),
]


def test_every_registrar_has_a_broken_anchor_here() -> None:
    assert {row[0] for row in BROKEN} == set(REGISTRARS)


@pytest.mark.parametrize(("name", "layout", "path", "anchor", "instead", "code"), BROKEN)
def test_a_missing_or_doubled_anchor_raises(
    tmp_path: Path, name: str, layout: str, path: str, anchor: str, instead: str, code: str
) -> None:
    located = checkout(tmp_path, layout)
    file = located.root / path
    text = file.read_text(encoding="utf-8")
    assert anchor in text
    file.write_text(text.replace(anchor, instead), encoding="utf-8")
    registrar: Registrar = REGISTRARS[name]
    tree = Tree(located.root)
    with pytest.raises(ScaffoldError) as caught:
        registrar.plan(located, port(located, new_auto_classes=True), tree)
    assert caught.value.code == code
    assert path in caught.value.message
    assert not tree.edits()
