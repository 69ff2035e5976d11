"""Ports of the miniature clone's models, the layouts they are registered in, and applying a plan."""

from __future__ import annotations

from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.edits import Edit, Tree
from scaffold.core.port import Contributor, Port
from scaffold.locate import locate
from tests.layouts import miniature

LAYOUTS: dict[str, dict[str, str]] = {
    "guards": {},
    "star": {"model_init": "star"},
    "pt": {"frameworkcontent": "pt"},
    "pt-jax": {"frameworkcontent": "pt-jax"},
    "mdx-6-columns": {"doc_page": "mdx", "doc_index": "columns6"},
    "sdist": {"doc_page": "absent", "tests": "absent", "repo_checks": "absent", "doc_index": "absent"},
    "derived": {"top_init": "derived", "model_init": "star", "auto_init": "star", "dummies": "generic"},
    "isort": {"doc_page": "mdx", "doc_index": "columns6", "init_imports": "collapsed", "doctests": "listed"},
    "doctests-unlisted": {"doctests": "unlisted"},
    "badges-below": {"doc_index": "absent", "doc_badges": "below", "model_init": "star"},
    "badges-above": {"doc_index": "absent", "doc_badges": "above", "model_init": "star"},
}

#: A TensorFlow file: the head without an auto mapping documents its arguments in another order than its signature.
TF_FILE = '''"""TF 2.0 BrandNew model."""

from ...modeling_tf_utils import TFPreTrainedModel
from ...utils import add_start_docstrings
from .configuration_brand_new import BrandNewConfig


BRAND_NEW_START_DOCSTRING = r"""
    Parameters:
        config ([`BrandNewConfig`]): The configuration.
"""


class TFBrandNewPreTrainedModel(TFPreTrainedModel):
    config_class = BrandNewConfig


@add_start_docstrings("The bare model.", BRAND_NEW_START_DOCSTRING)
class TFBrandNewModel(TFBrandNewPreTrainedModel):
    def __init__(self, config, *inputs, **kwargs):
        super().__init__(config, *inputs, **kwargs)


class TFBrandNewForMaskedLM(TFBrandNewPreTrainedModel):
    pass


class TFBrandNewForRetrieval(TFBrandNewPreTrainedModel):
    """
    Args:
        size (`int`, *optional*, defaults to 3):
            The size.
        config ([`BrandNewConfig`]):
            The configuration.
    """

    def __init__(self, config, size=3):
        super().__init__(config)
'''


def checkout(tmp_path: Path, layout: str, model: str = "brand_new", stem: str | None = None) -> Located:
    """The model in a miniature clone of the layout, its TensorFlow file rendered."""
    root = miniature(tmp_path, **LAYOUTS[layout])
    if model == "brand_new":
        (root / "src/transformers/models/brand_new/modeling_tf_brand_new.py").write_text(TF_FILE, encoding="utf-8")
    return locate(root, model, stem=stem, ported_ok=True)


def port(located: Located, *, new_auto_classes: bool = False) -> Port:
    """What the translator would hand over for `checkout`'s model."""
    camel = located.names.camel
    heads = ("ForMaskedLM", "ForRetrieval") if located.names.stem == "brand_new" else ()
    listed = located.names.stem == "brand_new" and located.layout.value("init_imports") == "collapsed"  # an old release
    models = (f"TF{camel}Model", *(f"TF{camel}{head}" for head in heads))
    return Port(
        names=located.names,
        public=(f"TF{camel}PreTrainedModel", *models),
        models=models,
        contributor=Contributor(name="A. Porter", url="https://huggingface.co/porter"),
        constants=("TF_BRAND_NEW_PRETRAINED_MODEL_ARCHIVE_LIST",) if listed else (),
        new_auto_classes=new_auto_classes,
    )


def write(tree: Tree) -> tuple[Edit, ...]:
    """Carry the planned edits out."""
    for edit in tree.edits():
        assert edit.after is not None
        (tree.root / edit.path).write_bytes(edit.after.encode("utf-8"))
    return tree.edits()
