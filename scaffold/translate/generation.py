"""What `generate()` needs of a decoder: `prepare_inputs_for_generation`.

PyTorch's `GenerationMixin` has a generic one, TensorFlow's has none (`generation/tf_utils.py` raises), so a port writes it out.
With a past only the last token is fed, whatever its length: under XLA the past is padded, so lengths cannot be compared.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from scaffold.translate import composite, outgrown
from scaffold.translate.classes import ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.writer import BlockWriter, indented

#: Optional arguments of `call` that generation hands on unchanged.
_HANDED_ON = ("encoder_hidden_states", "encoder_attention_mask", "head_mask", "cross_attn_head_mask")


def _encoder_decoder(names: list[str]) -> list[str]:
    """The method of a sequence-to-sequence model: the encoder has run already, the decoder gets its last token."""
    optional = ("decoder_attention_mask", "head_mask", "decoder_head_mask", "cross_attn_head_mask")
    given = [n for n in optional if n in names]
    main = "input_ids" if "input_ids" in names else names[1]
    return [
        "def prepare_inputs_for_generation(",
        "    self,",
        "    decoder_input_ids,",
        "    past_key_values=None,",
        "    attention_mask=None,",
        *(f"    {n}=None," for n in given),
        "    use_cache=None,",
        "    encoder_outputs=None,",
        "    **kwargs,",
        "):",
        "    # only the last token is fed when there is a past",
        "    if past_key_values is not None:",
        "        decoder_input_ids = decoder_input_ids[:, -1:]",
        "",
        "    return {",
        f'        "{main}": None,  # encoder_outputs is defined, {main} not needed',
        '        "encoder_outputs": encoder_outputs,',
        '        "past_key_values": past_key_values,',
        '        "decoder_input_ids": decoder_input_ids,',
        *(['        "attention_mask": attention_mask,'] if "attention_mask" in names else []),
        *(f'        "{n}": {n},' for n in given),
        '        "use_cache": use_cache,',
        "    }",
    ]


#: New tokens get the type of the last one, as PyTorch's generation has it.
_TOKEN_TYPES = [
    '    token_type_ids = kwargs.get("token_type_ids", None)',
    "    if token_type_ids is not None:",
    "        token_type_ids = tf.reshape(token_type_ids, [-1, shape_list(token_type_ids)[-1]])",
    "        if past_key_values is not None:",
    "            token_type_ids = token_type_ids[:, -1:]",
    "        else:",
    "            new_tokens = shape_list(input_ids)[1] - shape_list(token_type_ids)[1]",
    "            token_type_ids = tf.concat(",
    "                [token_type_ids, tf.repeat(token_type_ids[:, -1:], new_tokens, axis=1)], axis=1",
    "            )",
    "",
]
#: Of these, what holds one row a beam, with how many axes belong to a row.
_ENCODER = {"encoder_hidden_states": 2, "encoder_attention_mask": 1}


#: The mask of the heads has a row a layer, not a row a sequence.
_HEAD_MASK = [
    '    head_mask = kwargs.get("head_mask")',
    "    # beam search gives every input an axis of beams, which this one has no use for",
    "    if head_mask is not None and len(shape_list(head_mask)) == 3:",
    "        head_mask = head_mask[:, 0]",
    "",
]
_LOCAL = frozenset({*_ENCODER, "head_mask"})


def _flat_encoder(names: list[str]) -> list[str]:
    """Beam search keeps the beams of the encoder's output in an axis of their own; the model wants them in the batch."""
    lines: list[str] = []
    for name, axes in _ENCODER.items():
        if name in names:
            lines += [
                f'    {name} = kwargs.get("{name}")',
                f"    if {name} is not None:",
                f"        {name} = tf.reshape({name}, [-1] + shape_list({name})[-{axes}:])",
            ]
    return (
        ["    # beam search keeps the beams of the encoder's output in an axis of their own", *lines, ""]
        if lines
        else []
    )


def is_generative(info: ClassInfo) -> bool:
    """True for classes that mix in PyTorch's GenerationMixin."""
    return any(base.endswith("GenerationMixin") for base in info.bases)


def generates(engine: Engine, info: ClassInfo) -> bool:
    """True for a sub-module whose `generate` is called: it has to be a model of its own in TensorFlow too."""
    calls = [
        n.func.value
        for n in ast.walk(engine.source.tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "generate"
    ]
    children = [engine.child_of(node) for node in calls if ast.unparse(node) != "self"]
    return any(child is not None and child.class_name == info.name for child in children)


#: Inputs that are read with the prompt: what they say is in the cache afterwards.
_WITH_PROMPT = re.compile(r"(?:pixel|image|video)\w*")


def keeps_images(function: ast.FunctionDef) -> bool:
    """True for the method that hands what was computed of images to the next step: they are read with the prompt alone.

    Without images it would hand on None, which no loop of TensorFlow's takes.
    """
    kept = [
        target.slice.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
    ]
    others = any(isinstance(node, (ast.If, ast.For)) for node in function.body)
    is_update = function.name == "_update_model_kwargs_for_generation" and not others
    return is_update and bool(kept) and all(_WITH_PROMPT.fullmatch(str(key)) for key in kept)


def _with_prompt(own: ast.FunctionDef | None, names: list[str], ranks: Mapping[str, int]) -> dict[str, list[str]]:
    """Images among the inputs of a class's own method → lines that take an axis of beams out of them."""
    given = [a.arg for a in own.args.args] if own is not None else []
    found = {}
    for name in given:
        if name in names and _WITH_PROMPT.fullmatch(name):
            axes = ranks.get(name, 1) - 1
            found[name] = [f'    {name} = kwargs.get("{name}") if past_key_values is None else None']
            found[name] += [
                f"    if {name} is not None and len({name}.shape) > {axes + 1}:",
                f"        {name} = tf.reshape({name}, [-1] + shape_list({name})[-{axes}:])",
            ] * (axes > 0)
    return found


def prepared_inputs(engine: Engine, info: ClassInfo, ranks: Mapping[str, int] | None = None) -> list[str] | None:
    """The method for a decoder-only class that relies on PyTorch's generic one; None when the class has its own.

    `ranks`: input → its rank, for inputs of which the library's beam search makes copies in an axis of their own.
    """
    forward = info.methods.get("forward")
    own = info.methods.get("prepare_inputs_for_generation")
    about_caches = own is not None and any(a.arg == "cache_position" for a in own.args.args)
    if not is_generative(info) or forward is None or (own is not None and not about_caches):
        return None
    names = [a.arg for a in forward.args.args]
    if "decoder_input_ids" in names and "encoder_outputs" in names:
        return _encoder_decoder(names)
    if "input_ids" not in names or "past_key_values" not in names or "decoder_input_ids" in names:
        return None
    positions = "position_ids" in names
    images = _with_prompt(own, names, ranks or {})
    lines = [
        "def prepare_inputs_for_generation(",
        "    self, input_ids, past_key_values=None, attention_mask=None, use_cache=None, **kwargs",
        "):",
        *outgrown.refusal(engine, own),
        *(
            ["    # images are read with the prompt; beam search keeps copies of them in an axis of their own"]
            if images
            else []
        ),
        *(line for block in images.values() for line in block),
        *_flat_encoder(names),
        *(_HEAD_MASK if "head_mask" in names else []),
        *(_TOKEN_TYPES if "token_type_ids" in names else []),
        "    # only the last token is fed when there is a past",
        "    if past_key_values is not None:",
        "        input_ids = input_ids[:, -1:]",
        "",
    ]
    if positions:
        lines += [
            '    position_ids = kwargs.get("position_ids", None)',
            "    if attention_mask is not None and position_ids is None:",
            "        position_ids = tf.math.cumsum(attention_mask, axis=-1) - 1",
            "        position_ids = tf.where(attention_mask == 0, tf.ones_like(position_ids), position_ids)",
            "        if past_key_values is not None:",
            "            position_ids = position_ids[:, -1:]",
            "",
        ]
    handed = ["input_ids", "attention_mask", *(["token_type_ids"] if "token_type_ids" in names else [])]
    handed += [*(["position_ids"] if positions else []), "past_key_values", "use_cache", *images]
    lines += ["    return {", *(f'        "{n}": {n},' for n in handed)]
    lines += [f'        "{n}": {n if n in _LOCAL else f"""kwargs.get("{n}")"""},' for n in _HANDED_ON if n in names]
    return [*lines, "    }"]


def without_xla(engine: Engine, info: ClassInfo) -> list[str]:
    """The library's own flag for what has no cache to generate with in a graph (`generation/tf_utils.py`).

    It knows tuples of keys and values and can pad no layer's dictionary of them.
    """
    forward = info.methods.get("forward")
    if forward is None or not is_generative(info) or "generate" in info.methods:
        return []
    has_cache = any(a.arg == "past_key_values" for a in [*forward.args.args, *forward.args.kwonlyargs])
    return [] if has_cache and not _of_dictionaries(engine) else ["supports_xla_generation = False", ""]


def _of_dictionaries(engine: Engine) -> bool:
    """True where the probe saw a dictionary in the past: `past_key_values[idx]`."""
    return any(
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id.startswith("past_key_value")
        and engine.type_of(node).kind == "dict"
        for node in ast.walk(engine.source.tree)
    )


def last_token_only(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if past_key_values is not None:` around a cut of `input_ids` by lengths becomes a cut to the last token."""
    if not isinstance(statement, ast.If) or "past_key_values" not in ast.unparse(statement.test):
        return None
    function = writer.engine.function_of(statement)
    if function is None or function.name != "prepare_inputs_for_generation":
        return None
    lines: list[str] = []
    cut = False
    for node in statement.body:
        text = ast.unparse(node)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript) and "remove_prefix_length" in text:
            name = ast.unparse(node.targets[0])
            lines.append(f"{name} = {name}[:, -1:]")
            cut = True
        elif "past_length" not in text and "remove_prefix_length" not in text:
            lines += writer.statement(node)
    return ["if past_key_values is not None:", *indented(lines)] if cut else None


def position_of_last_token(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`position_ids = create_position_ids_from_input_ids(input_ids, padding)[:, -1:]` goes by the mask.

    With a past, TensorFlow's generation hands over the last token alone, and the mask of all of them.
    """
    function = writer.engine.function_of(statement)
    value = statement.value if isinstance(statement, ast.Assign) else None
    if function is None or function.name != "prepare_inputs_for_generation" or not isinstance(value, ast.Subscript):
        return None
    call, last = value.value, ast.unparse(value).endswith("[:, -1:]")
    if not last or not isinstance(call, ast.Call) or ast.unparse(call.func) != "create_position_ids_from_input_ids":
        return None
    padding = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "padding_idx")]
    if not padding or "attention_mask" not in {a.arg for a in function.args.args}:
        return None
    target = ast.unparse(statement.targets[0])  # type: ignore[attr-defined]
    counted = "tf.reduce_sum(attention_mask, axis=-1, keepdims=True)"
    return [f"{target} = {counted} + {writer.engine.expression(padding[0])}"]


def length_beside_embeddings(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`generate_kwargs["max_length"] = …` in a model's own `generate`, which hands embeddings to that of a part.

    PyTorch's generation takes their number off the lengths (`_prepare_generated_length`), TensorFlow's counts tokens alone.
    """
    function = writer.engine.function_of(statement)
    if not isinstance(statement, ast.Assign) or function is None or function.name != "generate":
        return None
    target = re.fullmatch(r"\w+\['(max|min)_length'\]", ast.unparse(statement.targets[0]))
    stored = [n for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    made = any(n.id == "inputs_embeds" and n.lineno < statement.lineno for n in stored)
    if target is None or not made:
        return None
    engine = writer.engine
    engine.uses.add("shape_list")
    length = f"{engine.expression(statement.value)} - shape_list(inputs_embeds)[1]"
    value = f"max({length}, 0)" if target[1] == "min" else length
    comment = ["# PyTorch's generation counts the embeddings, too, and takes their number off"] * (target[1] == "max")
    return [*comment, *writer.with_comment(statement, f"{engine.expression(statement.targets[0])} = {value}")]


#: Arguments that TensorFlow's generation already hands over in the right shape.
_PLAIN = frozenset(
    {
        "self",
        "input_ids",
        "attention_mask",
        "past_key_values",
        "use_cache",
        "inputs_embeds",
        "position_ids",
        "decoder_input_ids",
    }
)


def flat_extra_input(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`token_type_ids = kwargs.get("token_type_ids", None)` in `prepare_inputs_for_generation`, in the same way."""
    function = writer.engine.function_of(statement)
    if function is None or function.name != "prepare_inputs_for_generation" or not isinstance(statement, ast.Assign):
        return None
    match = re.fullmatch(r"(\w+_ids) = kwargs\.get\('\1'(, None)?\)", ast.unparse(statement))
    if match is None or match[1] in _PLAIN or "decoder" in match[1]:
        return None
    writer.engine.uses.add("shape_list")
    reshaped = f"tf.reshape({match[1]}, [-1, shape_list({match[1]})[-1]])"
    return [*writer.simple(statement), f"if {match[1]} is not None:", f"    {match[1]} = {reshaped}"]


def _flat_images(writer: BlockWriter, function: ast.FunctionDef) -> list[str]:
    """The same of images, which are arguments or taken out of the keywords: `kwargs.get("pixel_values")`."""
    engine, owner = writer.engine, writer.engine.class_of(function)
    ranks = composite.ranks(engine, owner) if owner is not None else {}
    keywords = function.args.kwarg.arg if function.args.kwarg is not None else ""
    lines: list[str] = []
    for name in (a.arg for a in function.args.args):
        if _WITH_PROMPT.fullmatch(name) and ranks.get(name, 0) > 1 and not name.endswith("_ids"):
            engine.uses.add("shape_list")
            lines += [
                f"if {name} is not None and len({name}.shape) > {ranks[name]}:",
                f"    {name} = tf.reshape({name}, [-1] + shape_list({name})[-{ranks[name] - 1}:])",
            ]
    for node in ast.walk(function):
        taken = isinstance(node, ast.Call) and ast.unparse(node.func) == f"{keywords}.get" and bool(node.args)
        name = str(node.args[0].value) if taken and isinstance(node.args[0], ast.Constant) else ""  # type: ignore[attr-defined]
        if _WITH_PROMPT.fullmatch(name) and ranks.get(name, 0) > 1:
            engine.uses.add("shape_list")
            lines += [
                f'{name} = {keywords}.get("{name}")',
                f"if {name} is not None and len({name}.shape) > {ranks[name]}:",
                f'    {keywords}["{name}"] = tf.reshape({name}, [-1] + shape_list({name})[-{ranks[name] - 1}:])',
            ]
    return lines


def flat_extra_inputs(writer: BlockWriter, function: ast.FunctionDef) -> list[str]:
    """Beam search keeps the beams of additional inputs in an axis of their own; the model wants them in the batch."""
    if function.name != "prepare_inputs_for_generation":
        return []
    names = [
        a.arg for a in function.args.args if a.arg.endswith("_ids") and a.arg not in _PLAIN and "decoder" not in a.arg
    ]
    lines = _flat_images(writer, function)
    for name in names:
        writer.engine.uses.add("shape_list")
        lines += [f"if {name} is not None:", f"    {name} = tf.reshape({name}, [-1, shape_list({name})[-1]])"]
    comment = "# beam search keeps the beams of additional inputs in an axis of their own"
    return [comment, *lines, ""] if lines else []
