"""Registration on real documentation of 4.47 (skipped where that reference data is not beside the repository)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scaffold.core.checkout import Located
from scaffold.core.edits import Edit, Tree
from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames
from scaffold.core.port import Contributor, Port
from scaffold.register.anchors import TextFile
from scaffold.register.pages import entries, framework_blocks, is_internal
from scaffold.register.registrars import doc_credit, doc_index, doc_page

REAL = Path(__file__).parents[3] / "shared/trees/4.47"
DOCS = "docs/source/en"

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real documentation pages of 4.47 are not here")

#: page → (configuration's prefix, title in the index, rows that flip in the index)
MODELS = {
    "beit": ("Beit", "BEiT", 2),
    "big_bird": ("BigBird", "BigBird", 1),
    "biogpt": ("BioGpt", "BioGpt", 1),
    "bloom": ("Bloom", "BLOOM", 1),
    "dinov2": ("Dinov2", "DINOv2", 1),
    "ernie": ("Ernie", "ERNIE", 1),
    "gpt_neox": ("GPTNeoX", "GPT NeoX", 1),
    "llama": ("Llama", "LLaMA", 3),
    "luke": ("Luke", "LUKE", 2),
    "mobilenet_v2": ("MobileNetV2", "MobileNetV2", 1),
    "nystromformer": ("Nystromformer", "Nyströmformer", 1),
    "poolformer": ("PoolFormer", "PoolFormer", 1),
    "roc_bert": ("RoCBert", "RoCBert", 1),
    "vit_msn": ("ViTMSN", "ViTMSN", 1),
    "yolos": ("Yolos", "YOLOS", 1),
}


def located(root: Path, page: str) -> tuple[Located, Port]:
    """The page's model with all PyTorch classes that the page documents ported."""
    camel, title, _ = MODELS[page]
    names = ModelNames(folder=page, stem=page, model_type=page, camel=camel, title=title)
    path = f"{DOCS}/model_doc/{page}.md"
    file = TextFile.open(Tree(root), path)
    assert file is not None
    classes = [e.name for e in entries(file) if e.name.startswith(camel) and "forward" in e.methods]
    public = tuple(f"TF{name}" for name in classes)
    port = Port(names=names, public=public, models=public, contributor=Contributor(name="p", url="https://hf.co/p"))
    where = Located(
        root=root,
        names=names,
        layout=Layout(),
        config_class=f"{camel}Config",
        config_module=f"configuration_{page}",
        doc_page=path,
    )
    return where, port


@pytest.mark.parametrize("page", sorted(MODELS))
def test_page(page: str) -> None:
    where, port = located(REAL, page)
    tree = Tree(REAL)
    path = where.doc_page or ""
    for registrar in (doc_page, doc_credit):
        assert isinstance(registrar.plan(where, port, tree)[0], Edit)
        assert not isinstance(registrar.plan(where, port, tree)[0], Edit)
    text = tree.read(path) or ""
    after = iter(text.replace(" The TensorFlow version was contributed by [p](https://hf.co/p).", "").splitlines())
    for line in (REAL / path).read_text(encoding="utf-8").splitlines():
        # Nothing is lost or reordered; a credit without a full stop gets one.
        assert any(other.rstrip(".") == line.rstrip(".") for other in after), line
    file = TextFile(path, text)
    documented = [entry.name for entry in entries(file)]
    wanted = [name for name in port.public if not is_internal(name) or name.removeprefix("TF") in documented]
    assert [name for name in documented if name.startswith("TF")] == wanted
    assert "[p](https://hf.co/p)" in text
    for block in framework_blocks(file):
        inside = [e.name for e in entries(file) if block.start < e.line < block.end]
        if any(name in port.public for name in inside):
            assert block.pt_end is not None and block.tf_start == block.pt_end + 1


@pytest.mark.parametrize("page", sorted(MODELS))
def test_index(page: str, tmp_path: Path) -> None:
    camel, title, rows = MODELS[page]
    (tmp_path / DOCS).mkdir(parents=True)
    shutil.copytree(REAL / DOCS / "model_doc", tmp_path / DOCS / "model_doc")
    shutil.copy(REAL / DOCS / "index.md", tmp_path / DOCS / "index.md")
    auto = tmp_path / "src/transformers/models/auto/configuration_auto.py"
    auto.parent.mkdir(parents=True)
    auto.write_text(
        f'CONFIG_MAPPING_NAMES = OrderedDict([("{page}", "{camel}Config")])\n'
        f'MODEL_NAMES_MAPPING = OrderedDict([("{page}", "{title}")])\n',
        encoding="utf-8",
    )
    script = tmp_path / "utils/check_table.py"
    script.parent.mkdir()
    script.write_text(
        'MODEL_NAMES_WITH_SAME_CONFIG = {"DiT": "BEiT", "Llama2": "LLaMA", "Llama3": "LLaMA", "mLUKE": "LUKE"}\n',
        encoding="utf-8",
    )
    where, port = located(tmp_path, page)
    tree = Tree(tmp_path)
    assert isinstance(doc_index.plan(where, port, tree)[0], Edit)
    before = (tmp_path / DOCS / "index.md").read_text(encoding="utf-8")
    after = tree.read(f"{DOCS}/index.md") or ""
    assert after.count("✅") == before.count("✅") + rows
    assert after.count("❌") == before.count("❌") - rows
    assert not isinstance(doc_index.plan(where, port, tree)[0], Edit)
