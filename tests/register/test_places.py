"""What each registrar writes into the miniature clone, line by line."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from scaffold.core.edits import Absent, Tree
from scaffold.register import all_registrars, register
from scaffold.register.mappings import TF_MODELS
from tests.register.cases import checkout, port

INIT = "src/transformers/__init__.py"
PAGE = "docs/source/en/model_doc/brand_new.md"


def added(tree: Tree, path: str) -> list[str]:
    """Lines that the plan adds (`+`) and removes (`-`), without their surroundings."""
    before = (tree.root / path).read_text(encoding="utf-8").splitlines()
    after = (tree.read(path) or "").splitlines()
    return [line for line in difflib.ndiff(before, after) if line[:1] in "+-" and line[2:].strip()]


def planned(tmp_path: Path, layout: str, model: str = "brand_new", stem: str | None = None) -> Tree:
    located = checkout(tmp_path, layout, model, stem)
    tree = Tree(located.root)
    register(located, port(located), tree)
    return tree


def test_main_init_gets_both_halves(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards")
    names = ["TFBrandNewForMaskedLM", "TFBrandNewForRetrieval", "TFBrandNewModel", "TFBrandNewPreTrainedModel"]
    assert added(tree, INIT) == [
        '+     _import_structure["models.brand_new"].extend(',
        "+         [",
        *(f'+             "{name}",' for name in names),
        "+         ]",
        "+     )",
        "+         from .models.brand_new import (",
        *(f"+             {name}," for name in names),
        "+         )",
    ]


def test_main_init_merges_into_the_entry_of_a_sibling_file(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards", "twin", "twin_text")
    assert added(tree, INIT) == [
        '+             "TFTwinTextModel",',
        '+             "TFTwinTextPreTrainedModel",',
        "+             TFTwinTextModel,",
        "+             TFTwinTextPreTrainedModel,",
    ]


def test_the_blocks_of_other_backends_stay_as_they_are(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards")
    before = (tree.root / INIT).read_text(encoding="utf-8")
    after = tree.read(INIT) or ""
    for heading in ("# PyTorch-backed objects", "# FLAX-backed objects"):
        start = before.index(heading)
        end = before.find("\n# ", start + 1)
        block = before[start : end if end > 0 else before.index("\nif TYPE_CHECKING")]
        assert block in after


def test_model_init_with_guards(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards")
    lines = added(tree, "src/transformers/models/brand_new/__init__.py")
    assert lines[:2] == [
        "- from ...utils import OptionalDependencyNotAvailable, _LazyModule, is_torch_available",
        "+ from ...utils import OptionalDependencyNotAvailable, _LazyModule, is_tf_available, is_torch_available",
    ]
    assert lines.count("+     if not is_tf_available():") == 1
    assert lines.count("+         if not is_tf_available():") == 1
    text = tree.read("src/transformers/models/brand_new/__init__.py") or ""
    assert text.index("modeling_brand_new") < text.index("modeling_tf_brand_new")
    namespace: dict[str, object] = {}
    runtime = text[: text.index("if TYPE_CHECKING")].replace("from ...utils import", "from availability import")
    exec(
        compile("\n".join(AVAILABILITY) + runtime.split("from availability")[1].split("\n", 1)[1], "x", "exec"),
        namespace,
    )
    structure = namespace["_import_structure"]
    assert isinstance(structure, dict)
    assert structure["modeling_tf_brand_new"][0] == "TFBrandNewForMaskedLM"


#: Enough to execute the upper half of a model's `__init__`.
AVAILABILITY = [
    "class OptionalDependencyNotAvailable(Exception): pass",
    "def is_torch_available(): return False",
    "def is_tf_available(): return True",
    "",
]


def test_an_import_that_gets_too_long_is_written_one_name_a_line(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    path = f"{located.names.package_path}/__init__.py"
    file = located.root / path
    old = "from ...utils import OptionalDependencyNotAvailable, _LazyModule, is_torch_available"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, old.replace("is_torch", "is_tokenizers_available, is_torch")), encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    expected = (
        "from ...utils import (\n    OptionalDependencyNotAvailable,\n    _LazyModule,\n    is_tf_available,\n"
        "    is_tokenizers_available,\n    is_torch_available,\n)\n"
    )
    assert expected in (tree.read(path) or "")


def test_comments_and_order_of_an_exploded_import_stay(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    path = f"{located.names.package_path}/__init__.py"
    file = located.root / path
    old = "from ...utils import OptionalDependencyNotAvailable, _LazyModule, is_torch_available"
    new = "from ...utils import (\n    # a reason\n    _LazyModule,\n    is_torch_available,  # another\n)"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    expected = (
        "from ...utils import (\n    # a reason\n    OptionalDependencyNotAvailable,\n    _LazyModule,\n"
        "    is_tf_available,\n    is_torch_available,  # another\n)\n"
    )
    assert expected in (tree.read(path) or "")


def test_model_init_with_star_imports(tmp_path: Path) -> None:
    tree = planned(tmp_path, "star")
    assert added(tree, "src/transformers/models/brand_new/__init__.py") == [
        "+     from .modeling_tf_brand_new import *"
    ]
    text = tree.read("src/transformers/models/brand_new/modeling_tf_brand_new.py") or ""
    assert text.endswith(
        '\n\n\n__all__ = ["TFBrandNewForMaskedLM", "TFBrandNewForRetrieval", "TFBrandNewModel", "TFBrandNewPreTrainedModel"]\n'
    )


def test_auto_mappings_follow_the_pytorch_rows(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards")
    assert added(tree, TF_MODELS) == [
        '+         ("brand_new", "TFBrandNewModel"),',
        '+         ("brand_new", "TFBrandNewForMaskedLM"),',
    ]


def test_auto_mappings_use_the_model_type_not_the_folder(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards", "twin", "twin_text")
    assert added(tree, TF_MODELS) == ['+         ("twin-text", "TFTwinTextModel"),']


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            '[("elder", "TFElderModel")]',
            '    [\n        ("brand_new", "TFBrandNewModel"),\n        ("elder", "TFElderModel"),\n    ]\n',
        ),
        ("[]", '    [\n        ("brand_new", "TFBrandNewModel"),\n    ]\n'),
        (
            '[\n        # Base model mapping\n        ("elder", "TFElderModel"),\n    ]\n',
            '        # Base model mapping\n        ("brand_new", "TFBrandNewModel"),\n        ("elder", "TFElderModel"),\n',
        ),
    ],
)
def test_auto_mappings_of_other_shapes(tmp_path: Path, rows: str, expected: str) -> None:
    located = checkout(tmp_path, "guards")
    (located.root / TF_MODELS).write_text(f"TF_MODEL_MAPPING_NAMES = OrderedDict({rows})\n", encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    assert expected in (tree.read(TF_MODELS) or "")


def test_auto_mappings_copy_tuples_and_shared_classes(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    (located.root / "src/transformers/models/auto/modeling_auto.py").write_text(
        "MODEL_MAPPING_NAMES = OrderedDict(\n    [\n"
        '        ("brand_new", ("BrandNewModel", "BrandNewForMaskedLM")),\n'
        '        ("brand_new_sibling", "BrandNewModel"),\n        ("elder", "ElderModel"),\n    ]\n)\n',
        encoding="utf-8",
    )
    tree = Tree(located.root)
    register(located, port(located), tree)
    assert added(tree, TF_MODELS) == [
        '+         ("brand_new", ("TFBrandNewModel", "TFBrandNewForMaskedLM")),',
        '+         ("brand_new_sibling", "TFBrandNewModel"),',
    ]


def test_dummies_follow_the_planned_main_init(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards")
    path = "src/transformers/utils/dummy_tf_objects.py"
    text = tree.read(path) or ""
    assert text.count("\nclass ") == 11
    assert text.index("class TFBrandNewModel(") < text.index("class TFElderForMaskedLM(")
    assert not [line for line in added(tree, path) if line.startswith("-")]


def test_dummies_come_from_the_clones_script_where_it_has_one(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    script = located.root / "utils/check_dummies.py"
    script.write_text(
        "def create_dummy_files():\n    text = open('src/transformers/__init__.py', encoding='utf-8').read()\n"
        "    return {'tf': f'# é {text.count(\"TFBrandNewModel\")}\\n'}\n",
        encoding="utf-8",
    )
    tree = Tree(located.root)
    register(located, port(located), tree)
    assert tree.read("src/transformers/utils/dummy_tf_objects.py") == "# é 2\n"


SECTIONS = [
    "+ ## TFBrandNewForMaskedLM",
    "+ [[autodoc]] TFBrandNewForMaskedLM",
    "+     - call",
    "+ ## TFBrandNewModel",
    "+ [[autodoc]] TFBrandNewModel",
    "+     - call",
    "+ ## TFBrandNewForRetrieval",
    "+ [[autodoc]] TFBrandNewForRetrieval",
    "+     - call",
]


def test_page_without_framework_blocks(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    page = located.root / PAGE
    page.write_text(page.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    assert [line for line in added(tree, PAGE) if "contributed" not in line and line[0] == "+"] == SECTIONS
    assert (tree.read(PAGE) or "").endswith("    - forward\n\n## TFBrandNewForMaskedLM" + TAIL)


TAIL = """

[[autodoc]] TFBrandNewForMaskedLM
    - call

## TFBrandNewModel

[[autodoc]] TFBrandNewModel
    - call

## TFBrandNewForRetrieval

[[autodoc]] TFBrandNewForRetrieval
    - call
"""


@pytest.mark.parametrize(("layout", "behind"), [("pt", "</frameworkcontent>"), ("pt-jax", "<jax>")])
def test_page_with_framework_blocks(tmp_path: Path, layout: str, behind: str) -> None:
    tree = planned(tmp_path, layout)
    text = tree.read(PAGE) or ""
    assert f"</pt>\n<tf>\n\n## TFBrandNewForMaskedLM{TAIL}\n</tf>\n{behind}\n" in text


def test_page_with_a_tensorflow_block_of_a_sibling(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards", "twin", "twin_text")
    path = "docs/source/en/model_doc/twin.md"
    (located.root / path).write_text(
        "# Twin\n\n<frameworkcontent>\n<pt>\n\n[[autodoc]] TwinTextModel\n\n[[autodoc]] TwinVisionModel\n    - forward\n\n"
        "</pt>\n<tf>\n\n## TFTwinVisionModel\n\n[[autodoc]] TFTwinVisionModel\n    - call\n\n</tf>\n</frameworkcontent>\n",
        encoding="utf-8",
    )
    tree = Tree(located.root)
    register(located, port(located), tree)
    assert (
        "<tf>\n\n## TFTwinTextModel\n\n[[autodoc]] TFTwinTextModel\n    - call\n\n## TFTwinVisionModel\n\n"
        "[[autodoc]] TFTwinVisionModel\n    - call\n\n</tf>\n"
    ) in (tree.read(path) or "")


def test_page_that_documents_none_of_the_files_classes(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    page = located.root / PAGE
    page.write_text(page.read_text(encoding="utf-8").replace("] BrandNew", "] Whole"), encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    assert (tree.read(PAGE) or "").endswith("[[autodoc]] WholeModel\n    - forward\n\n" + UNDOCUMENTED)


UNDOCUMENTED = (
    "\n\n".join(
        f"## {name}\n\n[[autodoc]] {name}\n    - call"
        for name in ("TFBrandNewModel", "TFBrandNewForMaskedLM", "TFBrandNewForRetrieval")
    )
    + "\n"
)


def test_page_keeps_carriage_returns(tmp_path: Path) -> None:
    located = checkout(tmp_path, "pt")
    page = located.root / PAGE
    page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))
    tree = Tree(located.root)
    register(located, port(located), tree)
    text = tree.read(PAGE) or ""
    assert "[[autodoc]] TFBrandNewModel\r\n" in text
    assert text.count("\n") == text.count("\r\n")


@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        ("This model was contributed by [a](https://b.c/d).", "[a](https://b.c/d). {}"),
        ("This model was contributed by [a](https://b.c/d)\nThe code is here.", "[a](https://b.c/d). {}\nThe code"),
        ("It was contributed by [a](https://b.c/d)\nand [e](https://f.g). The code.", "[e](https://f.g). {} The code."),
        ("It was contributed by the team (b.c). The code.", "the team (b.c). {} The code."),
        ("Nobody is named.", "Nobody is named.\n\n{}\n\n## BrandNewConfig"),
    ],
)
def test_credit_follows_the_sentence_that_is_there(tmp_path: Path, credit: str, expected: str) -> None:
    located = checkout(tmp_path, "guards")
    page = located.root / PAGE
    old = "This model was contributed by [someone](https://huggingface.co/someone)."
    page.write_text(page.read_text(encoding="utf-8").replace(old, credit), encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    sentence = "The TensorFlow version was contributed by [A. Porter](https://huggingface.co/porter)."
    assert expected.format(sentence) in (tree.read(PAGE) or "")


def test_credit_on_a_page_of_several_files_names_the_model(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards", "twin", "twin_text")
    assert "The TensorFlow version of Twin Text was contributed by" in (
        tree.read("docs/source/en/model_doc/twin.md") or ""
    )


def test_no_contributor_no_credit(tmp_path: Path) -> None:
    from dataclasses import replace

    located = checkout(tmp_path, "guards")
    tree = Tree(located.root)
    outcomes = register(located, replace(port(located), contributor=None), tree)
    assert [o for o in outcomes if isinstance(o, Absent) and o.by == "doc-credit" and "contributor" in o.why]
    assert "TensorFlow version" not in (tree.read(PAGE) or "")


@pytest.mark.parametrize("layout", ["guards", "mdx-6-columns"])
def test_index_ticks_one_cell(tmp_path: Path, layout: str) -> None:
    tree = planned(tmp_path, layout)
    path = "docs/source/en/index.md" + ("x" if layout != "guards" else "")
    before = (tree.root / path).read_text(encoding="utf-8")
    after = tree.read(path) or ""
    assert len(before) == len(after)
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert len(changed) == 1
    row = after[after.rindex("\n", 0, changed[0]) + 1 : after.index("\n", changed[0])]
    assert "BrandNew" in row
    header = next(line for line in before.splitlines() if "TensorFlow support" in line)
    column = [cell.strip() for cell in header.split("|")].index("TensorFlow support")
    assert [cell.strip() for cell in row.split("|")][column] == "✅"


def test_index_rows_that_share_a_configuration_flip_together(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    index = located.root / "docs/source/en/index.md"
    text = index.read_text(encoding="utf-8")
    row = "| [BrandNew](model_doc/brand_new)    |       ✅        |         ❌         |      ❌      |\n"
    index.write_text(text.replace(row, row + row.replace("[BrandNew]", "[Newest]")), encoding="utf-8")
    (located.root / "utils/check_table.py").write_text(
        'MODEL_NAMES_WITH_SAME_CONFIG = {"Newest": "BrandNew", "Older": "ELDER"}\n', encoding="utf-8"
    )
    tree = Tree(located.root)
    register(located, port(located), tree)
    assert len(added(tree, "docs/source/en/index.md")) == 4


def test_repo_checks_get_the_class_without_an_auto_mapping(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards")
    assert added(tree, "utils/check_repo.py") == ['+     "TFBrandNewForRetrieval",']


def test_repo_checks_stand_beside_the_pytorch_twin(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    script = located.root / "utils/check_repo.py"
    text = script.read_text(encoding="utf-8")
    text = text.replace('    "ElderDecoder",', '    "BrandNewModel",  # tested elsewhere\n    "ElderDecoder",')
    text = text.replace('    "ElderForPreTraining",', '    "BrandNewForRetrieval",\n    "ElderForPreTraining",')
    text += 'OBJECT_TO_SKIP_IN_MAIN_INIT_CHECK = [\n    "FlaxElder",\n    "TFElderLayer",\n]\n'
    script.write_text(text, encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    after = tree.read("utils/check_repo.py") or ""
    assert '    "BrandNewForRetrieval",\n    "TFBrandNewForRetrieval",\n    "ElderForPreTraining",\n' in after
    assert '    "BrandNewModel",  # tested elsewhere\n    "TFBrandNewModel",\n    "ElderDecoder",\n' in after


def test_classes_that_stay_unexported_are_exempt_from_equal_exports(tmp_path: Path) -> None:
    located = checkout(tmp_path, "guards")
    script = located.root / "utils/check_repo.py"
    skip = 'OBJECT_TO_SKIP_IN_MAIN_INIT_CHECK = [\n    "FlaxElder",\n    "TFElderLayer",\n]\n'
    script.write_text(script.read_text(encoding="utf-8") + skip, encoding="utf-8")
    for path in (INIT, f"{located.names.package_path}/__init__.py"):
        file = located.root / path
        text = file.read_text(encoding="utf-8").replace('"BrandNewModel",', '"BrandNewLayer", "BrandNewModel",')
        file.write_text(text, encoding="utf-8")
    tf_file = located.root / located.names.tf_path
    tf_file.write_text(tf_file.read_text(encoding="utf-8") + "\n\nclass TFBrandNewLayer:\n    pass\n", encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    assert '"FlaxElder",\n    "TFBrandNewLayer",\n    "TFElderLayer",\n' in (tree.read("utils/check_repo.py") or "")


def test_docstring_checks_get_the_class_whose_arguments_differ(tmp_path: Path) -> None:
    tree = planned(tmp_path, "guards")
    assert added(tree, "utils/check_docstrings.py") == ['+     "TFBrandNewForRetrieval",']


@pytest.mark.parametrize("names", ['{\n    "ElderModel",\n}', '{"ElderModel"}'])
def test_docstring_checks_whose_exceptions_are_a_set(tmp_path: Path, names: str) -> None:
    """Since 4.56."""
    located = checkout(tmp_path, "guards")
    (located.root / "utils/check_docstrings.py").write_text(f"OBJECTS_TO_IGNORE = {names}\n", encoding="utf-8")
    tree = Tree(located.root)
    register(located, port(located), tree)
    text = tree.read("utils/check_docstrings.py") or ""
    assert text == 'OBJECTS_TO_IGNORE = {\n    "ElderModel",\n    "TFBrandNewForRetrieval",\n}\n'


def test_registrars_come_in_the_order_they_read_each_other() -> None:
    names = [registrar.name for registrar in all_registrars()]
    assert len(names) == len(set(names))
    assert names.index("main-init") < names.index("dummies")
    assert names.index("auto-mappings") < names.index("repo-checks")
    assert names.index("model-init-star") < names.index("docstring-checks")
