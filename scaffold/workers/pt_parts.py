"""Parts of a composite model that TensorFlow has no class for, exchanged for the nearest ones that it has.

A composite makes its parts of their configuration (`AutoModelForCausalLM.from_config(config.text_config)`), so any type will do
to find out what the composite itself computes, and only what has both classes can be compared.

Source of truth: `models/auto/modeling_auto.py` and the TensorFlow files of the checkout.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

_TABLES = {
    "AutoModel": "MODEL_MAPPING_NAMES",
    "AutoModelForCausalLM": "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "AutoModelForSeq2SeqLM": "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "AutoModelForTextEncoding": "MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES",
}
#: Whether weights are shared is the type's own business.
_OWN = frozenset({"self", "kwargs", "tie_word_embeddings"})


@lru_cache(maxsize=64)
def _made(path: str) -> dict[str, list[str]]:
    """Attribute of the configuration → the classes that a file gives it to: `text_config` → `AutoModelForCausalLM`."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        match = (
            re.fullmatch(r"(AutoModel\w*)\.from_config", ast.unparse(node.func)) if isinstance(node, ast.Call) else None
        )
        if match is not None and match[1] in _TABLES:
            given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "config")]  # type: ignore[attr-defined]
            if given and isinstance(given[0], ast.Attribute):
                found.setdefault(given[0].attr, []).append(match[1])
    return found


def made(cls: Any) -> dict[str, list[str]]:
    """The parts that the file of a class makes of a configuration; none where there is no such file."""
    path = _path(cls)
    return _made(path) if path else {}


def _path(cls: Any) -> str:
    path = str(getattr(sys.modules.get(cls.__module__), "__file__", ""))
    return path if Path(path).is_file() else ""


@lru_cache(maxsize=1)
def tensorflow_classes() -> frozenset[str]:
    """Names of all classes of the checkout's TensorFlow files."""
    package = importlib.import_module("transformers").__path__[0]
    files = Path(package).glob("models/*/modeling_tf_*.py")
    return frozenset(name for f in files for name in re.findall(r"^class (TF\w+)", f.read_text(encoding="utf-8"), re.M))


def called(cls: Any, attr: str) -> frozenset[str]:
    """Methods of a part that the file of a class calls and that no base class of the library has."""
    from transformers import PreTrainedModel

    path = _path(cls)
    text = Path(path).read_text(encoding="utf-8") if path else ""
    names = re.findall(rf"self\.{attr}\.(\w+)\(", text)
    return frozenset(name for name in names if not hasattr(PreTrainedModel, name))


@lru_cache(maxsize=256)
def defined_beside(name: str) -> frozenset[str]:
    """Names of all methods in the TensorFlow file of a class."""
    package = importlib.import_module("transformers").__path__[0]
    texts = (f.read_text(encoding="utf-8") for f in Path(package).glob("models/*/modeling_tf_*.py"))
    text = next((text for text in texts if f"class {name}(" in text), "")
    return frozenset(re.findall(r"^    def (\w+)", text, re.M))


def exchange(config: Any, cls: Any) -> dict[str, str]:
    """Exchange such parts of a configuration, in place; attribute → the type that it has now."""
    done = {}
    for attr, kinds in made(cls).items():
        part = getattr(config, attr, None)
        if part is None or not hasattr(part, "to_dict"):
            continue
        kind = next((k for k in kinds if part.model_type in names(k)), kinds[0])
        other = _nearest(part, kind)
        if other is not None:
            _carry_over(part, other, Path(_path(cls)).read_text(encoding="utf-8"))
            setattr(config, attr, other)
            done[attr] = other.model_type
    return done


def names(kind: str) -> dict[str, Any]:
    """Type → PyTorch's class of an automatic class."""
    auto = importlib.import_module("transformers.models.auto.modeling_auto")
    return dict(getattr(auto, _TABLES[kind], {}))


def _parameters(config_class: Any) -> frozenset[str]:
    return frozenset(inspect.signature(config_class.__init__).parameters) - _OWN


def _nearest(part: Any, kind: str) -> Any:
    """A configuration of the type with a TensorFlow class that has most in common with a part's; None where it has one."""
    from transformers import CONFIG_MAPPING

    by_type, known = names(kind), tensorflow_classes()
    if f"TF{by_type.get(part.model_type)}" in known:
        return None
    own = _parameters(type(part))
    best: Any = None
    for model_type, name in by_type.items():
        if f"TF{name}" not in known or model_type not in CONFIG_MAPPING:
            continue
        config_class = CONFIG_MAPPING[model_type]
        theirs = _parameters(config_class)
        share = len(own & theirs) / max(1, len(own | theirs))
        if best is None or share > best[0]:
            best = (share, config_class, own & theirs)
    if best is None:
        return None
    given = {name: getattr(part, name) for name in sorted(best[2]) if hasattr(part, name)}
    if "num_key_value_heads" in _parameters(best[1]) and hasattr(part, "num_attention_heads"):
        given.setdefault("num_key_value_heads", part.num_attention_heads)  # a type that does not group them
    return best[1](**given)


def _carry_over(part: Any, other: Any, source: str) -> None:
    """What else the composite reads of its part."""
    for name, value in vars(part).items():
        if not name.startswith("_") and not hasattr(other, name) and re.search(rf"\b{name}\b", source):
            setattr(other, name, value)
