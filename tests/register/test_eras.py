"""What single releases ask for: isort's imports, checkpoint lists, doctest lists, badges, auto classes made on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.edits import Absent, AlreadyDone, Tree
from scaffold.core.errors import ScaffoldError
from scaffold.register import all_registrars, register
from scaffold.register.mappings import TF_MODELS
from tests.layouts import FLAX_BADGE
from tests.register.cases import checkout, port
from tests.register.test_places import added, planned

INIT = "src/transformers/__init__.py"
DUMMIES = "src/transformers/utils/dummy_tf_objects.py"
BADGE = '<img alt="TensorFlow" src="https://img.shields.io/badge/TensorFlow-FF6F00?style=flat&logo=tensorflow&logoColor=white">'


def made(tmp_path: Path, layout: str) -> Tree:
    located = checkout(tmp_path, layout)
    tree = Tree(located.root)
    register(located, port(located, new_auto_classes=True), tree)
    return tree


def test_isort_joins_an_import_that_fits(tmp_path: Path) -> None:
    located = checkout(tmp_path, "isort", "twin", "twin_text")
    tree = Tree(located.root)
    for registrar in all_registrars():
        if registrar.place in ("main-init", "model-init"):
            registrar.plan(located, port(located), tree)
    own = tree.read("src/transformers/models/twin/__init__.py") or ""
    assert "        from .modeling_tf_twin_text import TFTwinTextModel, TFTwinTextPreTrainedModel\n" in own


def test_isort_leaves_what_is_too_long_one_name_a_line(tmp_path: Path) -> None:
    assert "        from .models.brand_new import (\n" in (planned(tmp_path, "isort").read(INIT) or "")


def test_checkpoint_lists_are_exported_first_and_have_a_dummy(tmp_path: Path) -> None:
    tree = planned(tmp_path, "isort")
    name = "TF_BRAND_NEW_PRETRAINED_MODEL_ARCHIVE_LIST"
    init = tree.read(INIT) or ""
    assert f'            "{name}",\n            "TFBrandNewForMaskedLM",\n' in init
    assert f"            {name},\n            TFBrandNewForMaskedLM,\n" in init
    assert f"\n{name} = None\n" in (tree.read(DUMMIES) or "")
    assert name not in (tree.read("docs/source/en/model_doc/brand_new.mdx") or "")


def test_doctests_follow_the_pytorch_file(tmp_path: Path) -> None:
    path = "utils/documentation_tests.txt"
    tree = planned(tmp_path, "isort")
    assert added(tree, path) == ["+ src/transformers/models/brand_new/modeling_tf_brand_new.py"]
    lines = (tree.read(path) or "").splitlines()
    assert [line for line in lines if "brand_new" in line] == sorted(line for line in lines if "brand_new" in line)
    assert lines[-1] == "src/transformers/pipelines/"


def test_doctests_that_leave_the_pytorch_file_out(tmp_path: Path) -> None:
    located = checkout(tmp_path, "doctests-unlisted")
    tree = Tree(located.root)
    outcomes = register(located, port(located), tree)
    assert [o.why for o in outcomes if isinstance(o, Absent) and o.by == "doctest-list"] == [
        "the examples of the PyTorch file are not run either"
    ]


@pytest.mark.parametrize(("layout", "indent"), [("badges-below", ""), ("badges-above", "        ")])
def test_badge(tmp_path: Path, layout: str, indent: str) -> None:
    path = "docs/source/en/model_doc/brand_new.md"
    tree = planned(tmp_path, layout)
    text = tree.read(path) or ""
    lines = text.splitlines()
    at = lines.index(indent + BADGE)
    assert lines[at - 1].startswith(f'{indent}<img alt="PyTorch"')
    assert f"{indent}{FLAX_BADGE}\n" in text  # two lines, untouched
    assert len([line for line in added(tree, path) if "badge" in line]) == 1


def test_a_page_without_badges_says_so(tmp_path: Path) -> None:
    located = checkout(tmp_path, "derived")
    (located.root / "docs/source/en/index.md").unlink()
    registrar = next(r for r in all_registrars() if r.name == "doc-badges")
    located = checkout(tmp_path, "badges-below")
    page = located.root / "docs/source/en/model_doc/brand_new.md"
    page.write_text("# BrandNew\n\n[[autodoc]] BrandNewModel\n    - forward\n", encoding="utf-8")
    (outcome,) = registrar.plan(located, port(located), Tree(located.root))
    assert isinstance(outcome, Absent) and "no framework badges" in outcome.why
    other = '<div class="flex flex-wrap space-x-1">\n<a href="https://x">\n<img alt="Models" src="https://img.shields.io/x">\n</a>\n</div>'
    page.write_text(f"# BrandNew\n\n{other}\n\n[[autodoc]] BrandNewModel\n", encoding="utf-8")
    (outcome,) = registrar.plan(located, port(located), Tree(located.root))
    assert isinstance(outcome, Absent), "badges of other kinds, as pages of 4.47 have, are no framework badges"


def test_without_being_asked_an_auto_class_is_only_named(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    tree = Tree(located.root)
    outcomes = register(located, port(located), tree)
    (said,) = (o for o in outcomes if isinstance(o, Absent) and o.by == "auto-classes")
    assert said.why == "there is no TFAutoModelForRetrieval for TFBrandNewForRetrieval (--new-auto-classes makes it)"
    assert "Retrieval" not in (tree.read(TF_MODELS) or "")


def test_a_new_auto_class(tmp_path: Path) -> None:
    tree = made(tmp_path, "guards")
    auto = tree.read(TF_MODELS) or ""
    assert (
        "TF_MODEL_FOR_RETRIEVAL_MAPPING_NAMES = OrderedDict(\n    [\n"
        '        ("brand_new", "TFBrandNewForRetrieval"),\n    ]\n)\n'
    ) in auto
    lazy = "_LazyAutoMapping(CONFIG_MAPPING_NAMES, TF_MODEL_FOR_RETRIEVAL_MAPPING_NAMES)"
    assert f"\nTF_MODEL_FOR_RETRIEVAL_MAPPING = {lazy}\n" in auto
    assert (
        "\n\n\nclass TFAutoModelForRetrieval(_BaseAutoModelClass):\n"
        "    _model_mapping = TF_MODEL_FOR_RETRIEVAL_MAPPING\n\n\n"
        'TFAutoModelForRetrieval = auto_class_update(TFAutoModelForRetrieval, head_doc="for retrieval")\n'
    ) in auto
    for path in (INIT, "src/transformers/models/auto/__init__.py"):
        lines = [line.split()[-1].strip('",') for line in added(tree, path) if "RETRIEVAL" in line or "Auto" in line]
        assert lines.count("TF_MODEL_FOR_RETRIEVAL_MAPPING") == 2 and lines.count("TFAutoModelForRetrieval") == 2
    dummies = tree.read(DUMMIES) or ""
    assert "TF_MODEL_FOR_RETRIEVAL_MAPPING = None\n" in dummies and "class TFAutoModelForRetrieval(" in dummies
    page = tree.read("docs/source/en/model_doc/auto.md") or ""
    assert page.endswith("\n### TFAutoModelForRetrieval\n\n[[autodoc]] TFAutoModelForRetrieval\n")
    assert not added(tree, "utils/check_repo.py")  # a class that has an auto class needs no exemption


def test_a_new_auto_class_where_exports_follow_all(tmp_path: Path) -> None:
    located = checkout(tmp_path, "derived")
    module = located.root / TF_MODELS
    listed = '\n\n__all__ = [\n    "TF_MODEL_MAPPING",\n    "TFAutoModel",\n]\n'
    module.write_text(module.read_text(encoding="utf-8") + listed, encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located, new_auto_classes=True), tree)
    assert (tree.read(TF_MODELS) or "").endswith(
        '__all__ = [\n    "TF_MODEL_FOR_RETRIEVAL_MAPPING",\n    "TF_MODEL_MAPPING",\n'
        '    "TFAutoModel",\n    "TFAutoModelForRetrieval",\n]\n'
    )
    assert not added(tree, INIT)


def test_a_new_auto_class_is_made_once(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    tree = Tree(located.root)
    ours = port(located, new_auto_classes=True)
    register(located, ours, tree)
    first = {edit.path: edit.after for edit in tree.edits()}
    again = register(located, ours, tree)
    assert all(isinstance(o, AlreadyDone | Absent) for o in again)
    assert {edit.path: edit.after for edit in tree.edits()} == first


def test_dummies_where_the_clones_script_sees_no_tensorflow(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    (located.root / "utils/check_dummies.py").write_text("def create_dummy_files():\n    return {}\n", encoding="utf-8")
    file = located.root / DUMMIES
    head = "# Generated.\n# flake8: noqa\nfrom ..file_utils import DummyObject, requires_backends\n"
    file.write_text(head + file.read_text(encoding="utf-8").partition("requires_backends\n")[2], encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    text = tree.read(DUMMIES) or ""
    assert text.startswith(f"{head}\n\n") and text.count("flake8") == 1
    assert 'class TFBrandNewForMaskedLM(metaclass=DummyObject):\n    _backends = ["tf"]\n' in text


def test_a_block_that_imports_from_the_pytorch_module_by_mistake(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    file = located.root / "src/transformers/models/brand_new/__init__.py"
    text = file.read_text(encoding="utf-8")
    guard = "    try:\n        if not is_flax_available():\n            raise OptionalDependencyNotAvailable()\n"
    guard += "    except OptionalDependencyNotAvailable:\n        pass\n    else:\n"
    mistaken = f"{guard}        from .modeling_brand_new import FlaxBrandNewModel\n\nelse:\n    import sys\n"
    assert text.count("\nelse:\n    import sys\n") == 1
    file.write_text(text.replace("\nelse:\n    import sys\n", f"\n{mistaken}"), encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    after = tree.read("src/transformers/models/brand_new/__init__.py") or ""
    typed = after.partition("if TYPE_CHECKING:")[2]
    assert typed.index("is_torch") < typed.index("from .modeling_tf_brand_new import") < typed.index("is_flax")


def test_auto_mappings_of_classes_are_refused(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    file = located.root / TF_MODELS
    classes = "TF_MODEL_MAPPING = OrderedDict(\n    [\n        (ElderConfig, TFElderModel),\n    ]\n)\n"
    file.write_text(f"from collections import OrderedDict\n\n\n{classes}", encoding="utf-8")
    for new in (False, True):
        with pytest.raises(ScaffoldError, match="TF_…_MAPPING_NAMES") as caught:
            register(located, port(located, new_auto_classes=new), Tree(located.root))
        assert caught.value.code == "REG101"
