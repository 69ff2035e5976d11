"""Parts that a composite model makes of their configuration alone: `AutoModelForCausalLM.from_config(config.text_config)`.

Which class that is shows when the port runs: the TensorFlow one of PyTorch's name, whoever wrote it. Where the library has
none, the port's constructor says which one is missing.

Source: `models/auto/modeling_auto.py`; `models/encoder_decoder/modeling_tf_encoder_decoder.py` (names of a part's weights).
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.translate.classes import Category, Child, ClassInfo
from scaffold.translate.names import AUTO

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

#: Arguments that TensorFlow's models do not take: how far a cache of fixed size is filled, and a saving of memory.
_PYTORCH_ONLY = frozenset({"cache_position", "num_logits_to_keep"})

#: What the emitted `_part_model` looks names up in.
_TABLES = (
    "MODEL_MAPPING_NAMES", "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES", "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES",
)  # fmt: skip


def is_part(engine: Engine, func: ast.AST) -> bool:
    """True for an expression that denotes such a part."""
    child = engine.child_of(func)
    return child is not None and _of_configuration(engine, child)


def _of_configuration(engine: Engine, child: Child, kind: str = "") -> bool:
    """True for a sub-module that some branch of the constructor makes of a configuration alone."""
    names = {child.qualname, *(engine.constructor_name(c) or "" for c in child.calls)}
    return any(name == f"{AUTO}{kind}" if kind else name.startswith(AUTO) for name in names)


def has_parts(engine: Engine) -> bool:
    """True when some class of the file has such a part."""
    return any(c.qualname.startswith(AUTO) for info in engine.classes.values() for c in info.children.values())


def call(engine: Engine, node: ast.Call) -> str | None:
    """A part's constructor, its call, or a look-up in its embeddings; None for any other call."""
    kind = engine.constructor_name(node)
    if kind is not None and kind.startswith(AUTO):
        return _made(engine, node, kind.removeprefix(AUTO))
    if is_part(engine, node.func):
        return _called(engine, node)
    if _gets_embeddings(node.func) and len(node.args) == 1 and not node.keywords and has_parts(engine):
        engine.emits.add("embed_tokens")
        return f"_embed_tokens({engine.expression(node.func)}, {engine.expression(node.args[0])})"
    return None


def _made(engine: Engine, node: ast.Call, kind: str) -> str:
    engine.emits.add("part_model")
    engine.imported |= {("..auto.modeling_auto", name) for name in _TABLES}
    config = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "config"), None)
    text = engine.expression(config) if config is not None else "config"
    function = "_part_model"
    if any(_generates(engine, n) for n in ast.walk(engine.source.tree)):
        engine.emits.add("generating_part")
        engine.uses.add("shape_list")
        function = "_generating_part"
    return f'{function}({text}, "{kind}", name={engine.layer_name})'


def _generates(engine: Engine, node: ast.AST) -> bool:
    """`self.language_model.generate(…)`."""
    func = node.func if isinstance(node, ast.Call) else None
    return isinstance(func, ast.Attribute) and func.attr == "generate" and is_part(engine, func.value)


def _called(engine: Engine, node: ast.Call) -> str:
    """Keras wants the first argument, TensorFlow's models do not know all of PyTorch's."""
    from scaffold.translate.operators import write_call

    function = engine.function_of(node)
    if function is not None and "DynamicCache" in ast.unparse(function):  # an empty cache is none for these
        for keyword in node.keywords:
            if keyword.arg == "past_key_values":
                engine.remember(keyword.value, f"{engine.expression(keyword.value)} or None")
    kept = [k for k in node.keywords if k.arg not in _PYTORCH_ONLY]
    names = {k.arg for k in kept}
    missing = not node.args and None not in names and not names & {"input_ids", "pixel_values", "input_values"}
    shorter = ast.copy_location(ast.Call(node.func, node.args, kept), node)
    engine.source.parents[shorter] = engine.source.parents[node]
    extra = ("training=training",)
    return write_call(engine, shorter, engine.expression(node.func), ("input_ids=None", *extra) if missing else extra)


def _gets_embeddings(func: ast.expr) -> bool:
    """`self.language_model.get_input_embeddings()`, which is called with token numbers."""
    return isinstance(func, ast.Call) and ast.unparse(func.func).endswith(".get_input_embeddings")


# -- the model around them -------------------------------------------------------------------------------------------------

#: A part's embeddings are the part's business, as in the library's own composites.
RESIZING = """def resize_token_embeddings(self, *args, **kwargs):
    raise NotImplementedError(
        "Resizing the embeddings of a model that is made of others is not supported. Resize those of the part."
    )""".split("\n")
#: On loading PyTorch's weights.
DUMMIES = [
    "@property",
    "def dummy_inputs(self):",
    "    # placeholders among the tokens have to fit the images: build() makes all weights, and nothing is called",
    "    self.build_in_name_scope()",
    "    return {}",
]


#: Of an encoder and a decoder: what the parts take, the decoder's inputs under the names that the whole has for them.
_OF_PARTS = """@property
def dummy_inputs(self):
    taken, inputs = inspect.signature(self.call).parameters, {}
    for part in (self.encoder, self.decoder):
        for name, value in part.dummy_inputs.items():
            own = f"decoder_{name}" if part is self.decoder else name
            if own in taken:
                inputs[own] = value
    return inputs""".split("\n")


def with_inputs_of_parts(engine: Engine, info: ClassInfo, members: list[str]) -> list[str]:
    """The properties that describe a model's inputs; what an encoder and a decoder are called with are their parts' own."""
    if not encodes_and_decodes(engine, info):
        return members
    place = members.index("def dummy_inputs(self):") - 1 if "def dummy_inputs(self):" in members else len(members)
    kept = members[:place]
    return [*kept, *([""] if kept and kept[-1] else []), *_OF_PARTS]


def encodes_and_decodes(engine: Engine, info: ClassInfo) -> bool:
    """True for a model that is made of an encoder and a decoder of any type, and takes the inputs of both."""
    parts = [info.children.get(name) for name in ("encoder", "decoder")]
    forward = info.methods.get("forward")
    takes = forward is not None and "decoder_input_ids" in {a.arg for a in forward.args.args}
    return takes and all(p is not None and _of_configuration(engine, p) for p in parts)


def leave_resizing(engine: Engine) -> None:
    """A composite's `resize_token_embeddings` tells that it is the part's business."""
    for info in engine.classes.values() if has_parts(engine) else ():
        if "resize_token_embeddings" in info.methods:
            engine.method_overrides[info.name, "resize_token_embeddings"] = RESIZING


def base_parts(engine: Engine, info: ClassInfo, depth: int = 0) -> list[str]:
    """Ways (`vision_tower`, `model.text_model`) from a class to the parts in it that are models without a head."""
    found = []
    for attr, child in info.children.items():
        name = info.attribute_names.get(attr, attr)
        if _of_configuration(engine, child, "AutoModel") and not child.is_list:
            found.append(name)
        elif child.qualname in engine.classes and not child.is_list and depth < 3:
            found += [f"{name}.{way}" for way in base_parts(engine, engine.classes[child.qualname], depth + 1)]
    return found


def aliases(engine: Engine, info: ClassInfo) -> list[str]:
    """Names to look for as well: some models (T5's) name their shared embeddings from the root, wherever they are a part."""
    heads = [
        attr
        for attr, child in info.children.items()
        if child.qualname.startswith(AUTO) and child.qualname != f"{AUTO}AutoModel" and not child.is_list
    ]
    return [f'f"{attr}.{{tf_weight}}"' for attr in heads]


def shared_in_parts(engine: Engine, info: ClassInfo) -> list[str]:
    """Names of weights that a part shares among its layers: a checkpoint may hold all of them, TensorFlow's model has one."""
    probed = engine.types.classes.get(info.name)
    parts = tuple(f"{attr}." for attr, child in info.children.items() if child.qualname.startswith(AUTO))
    return [
        name
        for group in (probed.tied if probed is not None else ())
        for name in group
        if parts and name.startswith(parts)
    ]


def renaming(engine: Engine, info: ClassInfo, main: str = "") -> list[str]:
    """Lines that take the main layer of TensorFlow's models out of `tf_weight`; `main`: where the class's own one lies."""
    ways = base_parts(engine, info)
    if not ways:
        return []
    parts = ", ".join(f"self.{main}{way}" for way in ways) + ("," if len(ways) == 1 else "")
    return [
        "# a part without a head has its layers in a main layer, which PyTorch's has not",
        f"for part in ({parts}):",
        '    tf_weight = tf_weight.replace(f"{part.name}.{part.base_model_prefix}.", f"{part.name}.", 1)',
    ]


def ranks(engine: Engine, info: ClassInfo) -> dict[str, int]:
    """Input of a model → its rank, where the probe saw one alone."""
    found: dict[str, int] = {}
    forward = info.methods.get("forward")
    for node in ast.walk(forward) if forward is not None else ():
        rank = engine.types.at(node).rank if isinstance(node, ast.Name) else None
        if isinstance(node, ast.Name) and rank is not None:
            found.setdefault(node.id, rank)
    return found


def without_prefix(engine: Engine, prefix: str) -> bool:
    """True for a composite none of whose models has a layer of the name `prefix`, which the library would look for."""
    models = [i for i in engine.classes.values() if i.category is Category.MODEL]
    named = any(prefix in i.children or i.name in engine.thin_models for i in models)
    return has_parts(engine) and not named


def kept_attributes(engine: Engine, prefix: str, kept: frozenset[str]) -> frozenset[str]:
    """The attributes of the pretrained base class that a port keeps: not a prefix that the library would take out of names."""
    return kept - {"base_model_prefix"} if without_prefix(engine, prefix) else kept


def unused(engine: Engine, statement: ast.stmt) -> bool:
    """`cache_position = torch.arange(…)` where only parts are given it, which do not take it."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return False
    name, function = statement.targets[0].id, engine.function_of(statement)
    if name not in _PYTORCH_ONLY or function is None or not has_parts(engine):
        return False
    loads = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    return all(_given_to_part(engine, n) for n in loads)


def _given_to_part(engine: Engine, node: ast.Name) -> bool:
    keyword = engine.parent(node)
    holder = engine.parent(keyword) if isinstance(keyword, ast.keyword) else None
    return isinstance(holder, ast.Call) and is_part(engine, holder.func)


def tied_keys(statement: ast.stmt) -> bool:
    """`if language_model._tied_weights_keys is not None: …`, about what PyTorch's loading leaves out or keeps together."""
    return (
        isinstance(statement, ast.If)
        and re.fullmatch(
            r"\w+(\.\w+)*\._(tied_weights_keys|no_split_modules|keep_in_fp32_modules) is not None",
            ast.unparse(statement.test),
        )
        is not None
    )
