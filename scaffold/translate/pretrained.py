"""The pretrained base class: what is exported, its prefix, the inputs it must describe, its documentation."""

from __future__ import annotations

import ast
import re

from scaffold.core.checkout import Located
from scaffold.translate import prose
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.sources import Source


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


def configuration_text(located: Located) -> str:
    """The source of the model's configuration module, empty where there is none."""
    path = located.root / located.names.package_path / f"{located.config_module}.py"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def initializing_configs(located: Located) -> tuple[frozenset[str], bool]:
    """Configuration classes of the model that have an `initializer_range`, and whether all of them have."""
    tree = ast.parse(configuration_text(located))
    classes = [
        n for n in tree.body if isinstance(n, ast.ClassDef) and "OnnxConfig" not in n.name and n.name.endswith("Config")
    ]
    found = frozenset(n.name for n in classes if "self.initializer_range" in ast.unparse(n))
    return found, bool(found) and len(found) == len(classes)


def summarises_without_projection(located: Located) -> bool:
    """True when a configuration class says how to summarise a sequence and nothing of a projection.

    PyTorch's `SequenceSummary` then does as it says; the library's TensorFlow twin asks for the type only beside a projection.
    """
    text = configuration_text(located) if "SequenceSummary" in located.source else ""
    bodies = [ast.unparse(n) for n in ast.parse(text).body if isinstance(n, ast.ClassDef)]
    return any("self.summary_type" in body and "self.summary_use_proj" not in body for body in bodies)


#: Names in PyTorch's activation table that TensorFlow's lacks (translator.md §1.2).
_PYTORCH_ACTIVATIONS = ("gelu_accurate", "gelu_python", "gelu_pytorch_tanh", "leaky_relu", "relu2", "relu6")


def names_pytorch_activation(located: Located) -> bool:
    """True when the configuration file mentions one of them."""
    text = configuration_text(located)
    return any(f'"{name}"' in text for name in _PYTORCH_ACTIVATIONS)


def sampled_tasks(located: Located) -> frozenset[str]:
    """Keys of `TF_SAMPLE_DOCSTRINGS` in the checkout's `utils/doc.py`."""
    path = located.root / "src/transformers/utils/doc.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else ():
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "TF_SAMPLE_DOCSTRINGS"
            and isinstance(node.value, ast.Dict)
        ):
            return frozenset(str(ast.literal_eval(k)) for k in node.value.keys if k is not None)
    return frozenset()


def config_class(info: ClassInfo) -> str:
    """The configuration class that a class names itself, empty for what it inherits.

    `config_class = XConfig`, or since 4.54 the annotation `config: XConfig`, from which PyTorch's base class takes it.
    """
    for node in info.node.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "config_class":
            return ast.unparse(node.value)
    annotated = (annotated_config(node) for node in info.node.body)
    return next((name for name in annotated if name), "")


def annotated_config(node: ast.stmt) -> str:
    """`XConfig` of the statement `config: XConfig`, empty for any other."""
    if isinstance(node, ast.AnnAssign) and node.value is None and ast.unparse(node.target) == "config":
        return node.annotation.id if isinstance(node.annotation, ast.Name) else ""
    return ""


def wraps_base_model(classes: dict[str, ClassInfo], info: ClassInfo) -> bool:
    """True for a model around the base model of its file, under the base model's prefix: a head."""
    child = info.children.get(base_model_prefix(classes, info))
    inner = classes.get(child.class_name) if child is not None and not child.is_list else None
    return inner is not None and inner.category is Category.MODEL


def base_model_prefix(classes: dict[str, ClassInfo], model: ClassInfo | None = None) -> str:
    """`base_model_prefix` of a model or of what it derives from, empty when there is none; of the file's first base class."""
    waiting = [model] if model is not None else []
    waiting += [] if model is not None else [info for info in classes.values() if info.category is Category.BASE]
    while waiting:
        info = waiting.pop(0)
        for node in info.node.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "base_model_prefix":
                return str(ast.literal_eval(node.value))
        waiting += [classes[base] for base in info.bases if base in classes]
    return ""


def start_docstring(located: Located, node: ast.Assign, source: Source, engine: Engine) -> list[str]:
    """The file's `X_START_DOCSTRING`: the introduction of a TF file of the same checkout, the PyTorch file's parameters."""
    text = source.segment(node)
    match = re.search(r"\n( *)(Parameters|Args):", text)
    reference = reference_introduction(located)
    if match is None or reference is None:
        return prose.translate(text, engine.doc_renames).split("\n")
    name = ast.unparse(node.targets[0])
    if f"{name}.format(" in located.source:
        reference = reference.replace("{", "{{").replace("}", "}}")
    rest = re.sub(r"~PreTrainedModel\.", "~TFPreTrainedModel.", text[match.start() :])
    return f'{name} = r"""{reference}{rest}'.split("\n")


def reference_introduction(located: Located) -> str | None:
    """What the checkout's TF BERT file says before its parameters; that file is the guide's own model of a port.

    RoBERTa's says the same, should BERT's be the file that is generated.
    """
    for stem in ("bert", "roberta"):
        path = located.root / f"src/transformers/models/{stem}/modeling_tf_{stem}.py"
        if path.is_file() and path != located.root / located.names.tf_path:
            text = path.read_text(encoding="utf-8")
            match = re.search(r'BERTA?_START_DOCSTRING = r"""(.*?)\n *(?:Args|Parameters):', text, re.S)
            return match.group(1).rstrip() + "\n" if match else None
    return None
