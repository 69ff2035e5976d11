"""Locating on miniature clones: names, candidates, refusals, facets."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.locate import facets, is_checkout, locate
from scaffold.locate.resolve import portable
from tests.layouts import miniature

AUTO = "src/transformers/models/auto/configuration_auto.py"


def test_names_and_places(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    located = locate(root, "brand_new")
    names = located.names
    assert (names.folder, names.stem, names.model_type) == ("brand_new", "brand_new", "brand_new")
    assert (names.camel, names.title, names.branch) == ("BrandNew", "BrandNew", "add_tf_brand_new")
    assert (located.config_class, located.config_module) == ("BrandNewConfig", "configuration_brand_new")
    assert located.pt_test == "tests/models/brand_new/test_modeling_brand_new.py"
    assert located.doc_page == "docs/source/en/model_doc/brand_new.md"
    assert located.source.startswith('"""PyTorch BrandNew model."""')


@pytest.mark.parametrize("asked", ["twin", "twin_text", "twin-text"])
def test_a_file_of_a_folder_with_several(tmp_path: Path, asked: str) -> None:
    located = locate(miniature(tmp_path), asked)
    assert (located.names.folder, located.names.stem, located.names.model_type) == ("twin", "twin_text", "twin-text")
    assert located.names.title == "Twin Text"
    assert located.config_module == "configuration_twin_text"


def test_two_candidates_are_named(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    (root / "src/transformers/models/twin/modeling_tf_twin_vision.py").unlink()
    with pytest.raises(ScaffoldError, match="twin_text, twin_vision") as caught:
        locate(root, "twin")
    assert (caught.value.code, caught.value.exit_code) == ("LOC106", ExitCode.USAGE)
    assert locate(root, "twin", stem="twin_vision").names.stem == "twin_vision"


def test_what_can_be_ported(tmp_path: Path) -> None:
    assert portable(miniature(tmp_path)) == ["brand_new", "twin_text"]


@pytest.mark.parametrize(
    ("asked", "code", "hint"),
    [
        ("brandnew", "LOC102", "brand_new"),
        ("brnd_new", "LOC102", "brand_new"),
        ("Brand-New", "LOC102", "brand_new"),
        ("../brand_new", "LOC102", ""),
        ("a/b", "LOC102", ""),
        ("{{7*7}}", "LOC102", ""),
        ("", "LOC102", ""),
        ("x" * 65, "LOC102", ""),
        ("elder", "LOC103", "weights"),
        ("twin-vision", "LOC103", "weights"),
        ("mute", "LOC105", ""),
        ("auto", "LOC102", ""),
    ],
)
def test_refusals(tmp_path: Path, asked: str, code: str, hint: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        locate(miniature(tmp_path), asked)
    assert caught.value.code == code
    assert hint in caught.value.help


def test_a_model_with_tensorflow_can_be_looked_at(tmp_path: Path) -> None:
    assert locate(miniature(tmp_path), "elder", ported_ok=True).names.tf_path.endswith("modeling_tf_elder.py")


def test_deprecated_models_are_refused(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    (root / "src/transformers/models/deprecated/gone").mkdir(parents=True)
    with pytest.raises(ScaffoldError) as caught:
        locate(root, "gone")
    assert caught.value.code == "LOC109"


def test_not_a_checkout_and_no_tensorflow(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError) as caught:
        locate(tmp_path, "brand_new")
    assert (caught.value.code, caught.value.exit_code) == ("LOC101", ExitCode.USAGE)
    root = miniature(tmp_path, tensorflow="absent", top_init="derived", model_init="star")
    assert is_checkout(root)
    with pytest.raises(ScaffoldError, match="no TensorFlow") as gone:
        locate(root, "brand_new")
    assert (gone.value.code, gone.value.exit_code) == ("LOC104", ExitCode.UNSUPPORTED_SOURCE)
    assert "4.57" in gone.value.help


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"class A(:\n", "not valid Python"),
        (b"x = '\xff'\n", "UTF-8"),
        (b"x = 1\0", ""),
        (b"(" * 5000 + b")" * 5000, ""),
        (b"#" * 4_000_001, "too large"),
        (b"-" * 100_000 + b"1\n", ""),
    ],
    ids=["syntax", "encoding", "null", "depth", "size", "recursion"],
)
def test_hostile_sources(tmp_path: Path, content: bytes, what: str) -> None:
    root = miniature(tmp_path)
    (root / "src/transformers/models/brand_new/modeling_brand_new.py").write_bytes(content)
    with pytest.raises(ScaffoldError, match=what or "brand_new") as caught:
        locate(root, "brand_new")
    assert (caught.value.code, caught.value.exit_code) == ("LOC107", ExitCode.UNSUPPORTED_SOURCE)


def test_a_file_without_configuration(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    path = root / "src/transformers/models/brand_new/modeling_brand_new.py"
    path.write_text("from torch import nn\n\n\nclass A(nn.Module):\n    pass\n")
    with pytest.raises(ScaffoldError) as caught:
        locate(root, "brand_new")
    assert caught.value.code == "LOC108"
    path.write_text("x = 1\n")
    with pytest.raises(ScaffoldError) as empty:
        locate(root, "brand_new")
    assert empty.value.code == "LOC105"


def test_the_page_is_found_by_what_it_documents(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    pages = root / "docs/source/en/model_doc"
    (pages / "brand_new.md").rename(pages / "something.md")
    assert locate(root, "brand_new").doc_page == "docs/source/en/model_doc/something.md"


@pytest.mark.parametrize(
    ("given", "facet", "value"),
    [
        ({}, "top_init", "lists"),
        ({"top_init": "derived"}, "top_init", "derived"),
        ({}, "model_init", "guards"),
        ({"model_init": "star"}, "model_init", "star"),
        ({}, "tf_auto", "mapping_names"),
        ({}, "dummies", "full"),
        ({"dummies": "generic"}, "dummies", "generic"),
        ({"dummies": "absent"}, "dummies", "absent"),
        ({}, "doc_page", "md"),
        ({"doc_page": "mdx"}, "doc_page", "mdx"),
        ({"doc_page": "absent"}, "doc_page", "absent"),
        ({}, "doc_blocks", "plain"),
        ({"frameworkcontent": "pt"}, "doc_blocks", "frameworkcontent"),
        ({"doc_page": "absent"}, "doc_blocks", "absent"),
        ({}, "doc_index", "columns"),
        ({"doc_index": "columns6"}, "doc_index", "columns"),
        ({"doc_index": "absent"}, "doc_index", "absent"),
        ({}, "doc_badges", "absent"),
        ({}, "call_inputs", "unpack_inputs"),
        ({}, "keras_import", "keras"),
        ({"keras_import": "tf.keras"}, "keras_import", "tf.keras"),
        ({}, "build_style", "explicit"),
        ({"build_style": "implicit"}, "build_style", "implicit"),
        ({}, "archive_lists", "absent"),
        ({}, "dunder_all", "absent"),
        ({}, "tests", "present"),
        ({"tests": "absent"}, "tests", "absent"),
        ({"tests": "own"}, "tests", "own"),
        ({}, "repo_checks", "present"),
        ({"repo_checks": "absent"}, "repo_checks", "absent"),
        ({}, "ruff", "0.5.1"),
        ({"ruff": "0.4.4"}, "ruff", "0.4.4"),
        ({}, "auto_init", "guards"),
        ({"auto_init": "star"}, "auto_init", "star"),
        ({}, "annotations", "future"),
        ({"annotations": "typing"}, "annotations", "typing"),
        ({}, "generics", "absent"),
        ({"generics": "builtin"}, "generics", "builtin"),
        ({"generics": "all-rules"}, "generics", "builtin"),
        ({"generics": "builtin"}, "unions", "absent"),
        ({"generics": "all-rules"}, "unions", "operator"),
        ({}, "serving", "input_signature"),
        ({"serving": "methods"}, "serving", "methods"),
        ({}, "init_imports", "exploded"),
        ({"init_imports": "collapsed"}, "init_imports", "collapsed"),
        ({"doc_badges": "below"}, "doc_badges", "badges"),
        ({"doc_badges": "above"}, "doc_badges", "badges"),
        ({"archive_lists": "lists"}, "archive_lists", "lists"),
        ({"archive_lists": "moved"}, "archive_lists", "moved"),
    ],
)
def test_facets_come_from_content(tmp_path: Path, given: dict[str, str], facet: str, value: str) -> None:
    located = locate(miniature(tmp_path, **given), "brand_new")
    assert located.layout.value(facet) == value
    finding = located.layout.facets.get(facet)
    if finding is not None:
        assert (located.root / finding.path).exists()


def test_every_facet_has_a_case_above() -> None:
    marks = getattr(test_facets_come_from_content, "pytestmark", [])
    covered = {row[1] for mark in marks for row in mark.args[1]}
    assert covered == set(facets())


def test_versions_play_no_part(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    before = locate(root, "brand_new").layout
    init = root / "src/transformers/__init__.py"
    init.write_text(init.read_text().replace("4.47.0.dev0", "9.99"))
    assert locate(root, "brand_new").layout == before


def test_what_later_releases_leave_to_the_library_is_written_out_in_the_source(tmp_path: Path) -> None:
    root = miniature(tmp_path)
    path = root / "src/transformers/models/brand_new/modeling_brand_new.py"
    own = path.read_text()
    text = own + "\nfrom ...modeling_layers import GenericForSorting\n\n\n"
    text += "class BrandNewForSorting(GenericForSorting, BrandNewPreTrainedModel): ...\n"
    path.write_text(text)
    assert locate(root, "brand_new").joined is None, "a tree without generic heads"
    layers = root / "src/transformers/modeling_layers.py"
    layers.write_text("class GenericForSorting:\n    def forward(self, x):\n        return x\n")
    located = locate(root, "brand_new")
    assert located.own_source == text
    assert "class BrandNewForSorting(BrandNewPreTrainedModel):\n" in located.source
    cycle = "\n\nclass A(B):\n    pass\n\n\nclass B(A):\n    @check_model_inputs\n    def forward(self, x):\n        return x\n"
    path.write_text(text + cycle)
    assert "class BrandNewForSorting(BrandNewPreTrainedModel):\n" in locate(root, "brand_new").source, "no rule runs on"
    layers.write_text("class GenericForSorting(:\n")
    with pytest.raises(ScaffoldError) as caught:
        locate(root, "brand_new")
    assert caught.value.code == "LOC107"
