"""The pretrained base class: what is exported, its prefix, the inputs it must describe, its documentation."""

from __future__ import annotations

import ast
import re

from scaffold.core.checkout import Located
from scaffold.translate import prose
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.sources import Source

#: Inputs that `TFPreTrainedModel.input_signature` infers by itself (eras.md §8).
_INFERRED = frozenset(
    {"input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask", "pixel_values"}
)


def exported(located: Located) -> frozenset[str]:
    """Names of this modelling file that the model's package exports."""
    path = located.root / located.names.package_path / "__init__.py"
    names: set[str] = set()
    if path.is_file():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == located.names.module:
                names |= {a.name for a in node.names}
    if not names or "*" in names:
        names = set()
        for node in ast.parse(located.source).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names = {str(ast.literal_eval(e)) for e in getattr(node.value, "elts", [])}
    return frozenset(names)


def sampled_tasks(located: Located) -> frozenset[str]:
    """Keys of `TF_SAMPLE_DOCSTRINGS` in the checkout's `utils/doc.py`."""
    path = located.root / "src/transformers/utils/doc.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TF_SAMPLE_DOCSTRINGS" and isinstance(node.value, ast.Dict):
            return frozenset(str(ast.literal_eval(k)) for k in node.value.keys if k is not None)
    return frozenset()


def base_model_prefix(classes: dict[str, ClassInfo]) -> str:
    """`base_model_prefix` of the abstract base class, empty when it has none."""
    for info in classes.values():
        if info.category is Category.BASE:
            for node in info.node.body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "base_model_prefix":
                    return str(ast.literal_eval(node.value))
    return ""


def members(located: Located, engine: Engine, classes: dict[str, ClassInfo]) -> list[str]:
    """`input_signature` where the base class cannot infer it."""
    first = _main_input(classes)
    if first is None:
        return []
    if first in _INFERRED:
        return _fixed_length(located) if first == "input_ids" else []
    shape = _shape(located, engine, classes, first)
    dtype = "tf.int32" if first.endswith("_ids") else "tf.float32"
    return [
        "@property",
        "def input_signature(self):",
        f'    return {{"{first}": tf.TensorSpec(({shape}), {dtype}, name="{first}")}}',
    ]


def _fixed_length(located: Located) -> list[str]:
    """Longer `dummy_inputs` where the configuration fixes the length of sequences: the model is called with them on loading."""
    lengths = sorted(set(re.findall(r"\bconfig\.((?!max)\w*seq_len)\b", located.source)))
    if len(lengths) != 1:
        return []
    return [
        "@property",
        "def dummy_inputs(self):",
        "    # the configuration fixes the length of the sequences",
        f"    length = self.config.{lengths[0]}",
        "    return {name: tf.repeat(value[..., :1], length, axis=-1) for name, value in super().dummy_inputs.items()}",
    ]


def _main_input(classes: dict[str, ClassInfo]) -> str | None:
    for info in classes.values():
        if info.category is Category.MODEL and "forward" in info.methods:
            arguments = info.methods["forward"].args.args
            if len(arguments) > 1:
                return arguments[1].arg
    return None


def _shape(located: Located, engine: Engine, classes: dict[str, ClassInfo], name: str) -> str:
    """The first axis is the batch; the others are the configuration's sizes where it has them, else free."""
    rank = 2
    for info in classes.values():
        function = info.methods.get("forward")
        if info.category is Category.MODEL and function is not None:
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and node.id == name and engine.types.at(node).rank:
                    rank = engine.types.at(node).rank or rank
    config = located.root / located.names.package_path / f"{located.config_module}.py"
    text = config.read_text(encoding="utf-8") if config.is_file() else ""
    if rank == 3 and re.search(r"self\.max_length\b", text) and re.search(r"self\.num_mel_bins\b", text):
        return "None, self.config.max_length, self.config.num_mel_bins"
    return ", ".join(["None"] * rank)


def start_docstring(located: Located, node: ast.Assign, source: Source, engine: Engine) -> list[str]:
    """The file's `X_START_DOCSTRING`: the introduction of a TF file of the same checkout, the PyTorch file's parameters."""
    text = source.segment(node)
    match = re.search(r"\n( *)(Parameters|Args):", text)
    reference = _reference_introduction(located)
    if match is None or reference is None:
        return prose.translate(text, engine.doc_renames).split("\n")
    name = ast.unparse(node.targets[0])
    rest = re.sub(r"~PreTrainedModel\.", "~TFPreTrainedModel.", text[match.start() :])
    return f'{name} = r"""{reference}{rest}'.split("\n")


def _reference_introduction(located: Located) -> str | None:
    """What the checkout's TF BERT file says before its parameters; that file is the guide's own model of a port."""
    path = located.root / "src/transformers/models/bert/modeling_tf_bert.py"
    if not path.is_file():
        return None
    match = re.search(r'BERT_START_DOCSTRING = r"""(.*?)\n *(?:Args|Parameters):', path.read_text(encoding="utf-8"), re.S)
    return match.group(1).rstrip() + "\n" if match else None
