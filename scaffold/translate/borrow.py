"""Take a class from another model's TensorFlow file where the PyTorch class says it is a copy of that model's (guide.md G21).

A class is borrowed only when the hand-written one can do all that the PyTorch class does: it reads every configuration
attribute and compares with every string that PyTorch's does, it has the same sub-layers, and every call between it and
the classes around it binds. Otherwise PyTorch's class is translated. The emitted `# Copied from` line is held by
`utils/check_copies.py`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.sources import Source


@dataclass(slots=True)
class Borrowed:
    """Lines of the class with its `# Copied from` mark, and the dotted class they come from."""

    lines: list[str]
    target: str
    node: ast.ClassDef
    imported: set[tuple[str, str]] = field(default_factory=set)


@lru_cache(maxsize=64)
def _source(path: Path) -> Source:
    package = "transformers.models." + path.parent.name
    return Source(path.read_text(encoding="utf-8"), str(path), package)


def plan(located: Located, engine: Engine) -> dict[str, Borrowed]:
    """PyTorch class → the borrowed text, for the classes that may be borrowed."""
    found: dict[str, Borrowed] = {}
    for info in engine.classes.values():
        if info.category is Category.LAYER and info.copied_from is not None and info.name not in engine.extras:
            candidate = _candidate(located, info)
            stable = candidate is not None and not _features(candidate.node)[0] & engine.reassigned_config
            stable = stable and candidate is not None and _is_configured(located, info, candidate.node)
            if (
                candidate is not None
                and engine.has_pytorch_activation
                and "get_tf_activation" in ast.unparse(candidate.node)
            ):
                stable = False
            if candidate is not None and stable and _equivalent(info, candidate.node):
                found[info.name] = candidate
    _settle(found, engine)
    return found


def _candidate(located: Located, info: ClassInfo) -> Borrowed | None:
    """The twin class in the TF file that stands beside the file the mark names, renamed."""
    assert info.copied_from is not None
    path, replacements = info.copied_from
    match = re.fullmatch(r"models\.(\w+)\.modeling_(\w+)\.(\w+)", path)
    if match is None or match.group(2).startswith(("tf_", "flax_")):
        return None
    folder, stem, name = match.groups()
    file = located.root / f"src/transformers/models/{folder}/modeling_tf_{stem}.py"
    if not file.is_file() or file == located.root / located.names.tf_path:
        return None
    source = _source(file)
    node = next((n for n in source.tree.body if isinstance(n, ast.ClassDef) and n.name == f"TF{name}"), None)
    if node is None or node.decorator_list or _is_channels_last(node):
        return None
    replacements = _prefixes(name, info.name, replacements)
    text = source.segment(node)
    for before, after in replacements:
        text = text.replace(before, after)  # no pattern: the mark is the file's, and could be a slow one
    try:
        renamed = ast.parse(text).body[0]
    except SyntaxError:
        return None
    if not isinstance(renamed, ast.ClassDef) or renamed.name != info.tf_name:
        return None
    target = f"transformers.models.{folder}.modeling_tf_{stem}.TF{name}"
    if any(
        n.id.endswith("Config") and n.id != located.config_class for n in ast.walk(renamed) if isinstance(n, ast.Name)
    ):
        return None
    pairs = ",".join(f"{a}->{b}" for a, b in replacements)
    mark = f"# Copied from {target}" + (f" with {pairs}" if pairs else "")
    return Borrowed([mark, *text.split("\n")], target, renamed, _needed_imports(source, renamed, folder))


def _is_channels_last(node: ast.ClassDef) -> bool:
    """True for a class that leaves it to its callers to put the channels last: what is translated around it has them first."""
    text = ast.unparse(node)
    return ("keras.layers.Conv2D(" in text or "keras.layers.Conv1D(" in text) and "transpose" not in text


def _is_configured(located: Located, info: ClassInfo, twin: ast.ClassDef) -> bool:
    """True when the configuration has whatever the hand-written class reads of it beyond PyTorch's."""
    files = (f"{located.names.package_path}/{located.config_module}.py", "src/transformers/configuration_utils.py")
    texts = [(located.root / f).read_text(encoding="utf-8") for f in files if (located.root / f).is_file()]
    more = _features(twin)[0] - _features(info.node)[0] - _HARMLESS
    return all(any(re.search(rf"\b{name}\b", text) for text in texts) for name in more)


def _prefixes(name: str, own: str, replacements: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Replacements of whole class names as replacements of the models' names, which also fit the configuration's."""
    if name == own or any(name.startswith(a) and own == name.replace(a, b) and a != name for a, b in replacements):
        return replacements
    length = 0
    while length < min(len(name), len(own)) and name[-1 - length] == own[-1 - length]:
        length += 1
    while length and not name[len(name) - length].isupper():
        length -= 1
    before, after = name[: len(name) - length], own[: len(own) - length]
    return ((before, after),) if before and after else replacements


def _needed_imports(source: Source, node: ast.ClassDef, folder: str) -> set[tuple[str, str]]:
    """(module as the new file writes it, name) of what the class takes from its file's imports."""
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    found = set()
    for statement in source.tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.level == 3:
            found |= {("..." + (statement.module or ""), a.name) for a in statement.names if a.name in used}
    del folder
    return found


# -- equivalence -----------------------------------------------------------------------------------------------------

#: Strings that say nothing about behaviour.
_NEUTRAL = frozenset({"absolute"})


def _features(node: ast.ClassDef) -> tuple[set[str], set[str]]:
    """Configuration attributes read, and strings compared with."""
    attributes: set[str] = set()
    strings: set[str] = set()
    for item in ast.walk(node):
        if isinstance(item, ast.Attribute) and ast.unparse(item.value) in ("config", "self.config"):
            attributes.add(item.attr)
        elif (
            isinstance(item, ast.Call)
            and ast.unparse(item.func) == "getattr"
            and len(item.args) > 1
            and isinstance(item.args[1], ast.Constant)
        ):
            attributes.add(str(item.args[1].value))
        elif isinstance(item, ast.Compare):
            strings |= {
                c.value
                for c in [item.left, *item.comparators]
                if isinstance(c, ast.Constant) and isinstance(c.value, str)
            }
    return attributes, strings - _NEUTRAL


#: Configuration attributes whose absence from a hand-written class changes nothing.
_HARMLESS = frozenset({"chunk_size_feed_forward", "_attn_implementation", "gradient_checkpointing", "pruned_heads"})


def _equivalent(info: ClassInfo, twin: ast.ClassDef) -> bool:
    attributes, strings = _features(info.node)
    twin_attributes, twin_strings = _features(twin)
    if attributes - twin_attributes - _HARMLESS or strings - twin_strings:
        return False
    forward, call = info.methods.get("forward"), _method(twin, "call")
    init, twin_init = info.init, _method(twin, "__init__")
    if forward is None or call is None or _raises_not_implemented(call):
        return False
    if _tuple_length(forward) != _tuple_length(call):
        return False
    if not info.children and _cut_axes(forward) != _cut_axes(call):
        return False
    extra = {"forward", "__init__", *_PYTORCH_METHODS}
    missing = [m for m in info.methods if m not in extra and _method(twin, m) is None]
    return (
        not missing
        and _binds_like(forward, call)
        and (init is None or twin_init is None or _binds_like(init, twin_init))
    )


def _tuple_length(function: ast.FunctionDef) -> int | None:
    """How many values `return tuple(v for v in [a, b, …] if v is not None)` chooses from."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Return)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "tuple"
        ):
            for part in ast.walk(node.value):
                if isinstance(part, ast.comprehension) and isinstance(part.iter, (ast.List, ast.Tuple)):
                    return len(part.iter.elts)
    return None


def _cut_axes(function: ast.FunctionDef) -> set[int]:
    """Axes that `x[:, :, :-n]` takes parts of, for classes that do nothing else: another one is another layout."""
    found: set[int] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            items = node.slice.elts
            if all(isinstance(item, ast.Slice) for item in items):
                found |= {k for k, item in enumerate(items) if ast.unparse(item) != ":"}
    return found


_PYTORCH_METHODS = frozenset(
    {"prune_heads", "_prune_heads", "extra_repr", "_tie_weights", "feed_forward_chunk", "_init_weights"}
)


def _raises_not_implemented(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(n, ast.Raise) and n.exc is not None and "NotImplementedError" in ast.unparse(n.exc)
        for n in ast.walk(function)
    )


def _method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    return next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == name), None)


def _parameters(function: ast.FunctionDef) -> tuple[list[str], int]:
    """Names without `self` and `training`, and how many have no default."""
    names = [a.arg for a in function.args.args[1:]]
    required = len(names) - len(function.args.defaults)
    kept = [n for n in names if n != "training"]
    return kept, min(required, len(kept))


def _binds_like(pytorch: ast.FunctionDef, tensorflow: ast.FunctionDef) -> bool:
    """The same parameters in the same order; extra ones of TensorFlow's have defaults."""
    ours, _ = _parameters(pytorch)
    theirs, required = _parameters(tensorflow)
    return theirs[: len(ours)] == ours and required <= len(ours)


def _settle(found: dict[str, Borrowed], engine: Engine) -> None:
    """Drop candidates whose calls of in-file classes do not bind to what stands in this file, until none is left."""
    callers = _callers(engine) if found else {}
    changed = True
    while changed:
        changed = False
        for name, candidate in list(found.items()):
            binds = _callers_bind(name, candidate, engine, callers.get(name, []))
            if not binds or not _calls_bind(candidate.node, engine, found):
                del found[name]
                changed = True


def _call_signature(
    tf_name: str, engine: Engine, found: dict[str, Borrowed]
) -> tuple[ast.FunctionDef | None, ast.FunctionDef | None]:
    info = next((i for i in engine.classes.values() if i.tf_name == tf_name), None)
    if info is None:
        return None, None
    if info.name in found:
        return _method(found[info.name].node, "__init__"), _method(found[info.name].node, "call")
    return info.init, info.methods.get("forward")


def _calls_bind(node: ast.ClassDef, engine: Engine, found: dict[str, Borrowed]) -> bool:
    """Every in-file class the borrowed one constructs exists, takes these arguments, and is called as it wants."""
    known = {i.tf_name for i in engine.classes.values()}
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    constructed = {ast.unparse(c.func) for c in ast.walk(node) if isinstance(c, ast.Call)}
    defined = {n for n in names & constructed if n.startswith("TF") and n[2:3].isupper() and "Output" not in n}
    if defined - known:
        return False
    children = _constructed_children(node, known, engine, found)
    return children is not None and all(
        _child_call_binds(call, children, engine, found) for call in ast.walk(node) if isinstance(call, ast.Call)
    )


def _constructed_children(
    node: ast.ClassDef, known: set[str], engine: Engine, found: dict[str, Borrowed]
) -> dict[str, str] | None:
    """Attribute → in-file class constructed for it; None when a constructor does not take its arguments."""
    children: dict[str, str] = {}
    for statement in ast.walk(node):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
            for call in ast.walk(statement.value):
                if isinstance(call, ast.Call) and ast.unparse(call.func) in known:
                    children[statement.targets[0].attr] = ast.unparse(call.func)
                    init, _ = _call_signature(ast.unparse(call.func), engine, found)
                    if init is not None and not _accepts(init, call, {"name"}):
                        return None
    return children


def _child_call_binds(call: ast.Call, children: dict[str, str], engine: Engine, found: dict[str, Borrowed]) -> bool:
    target = children.get(call.func.attr) if isinstance(call.func, ast.Attribute) else None
    if isinstance(call.func, ast.Name) and call.func.id in ("layer_module", "layer"):
        target = next(iter(children.values()), None)
    if target is None:
        return True
    _, forward = _call_signature(target, engine, found)
    return forward is None or _accepts(forward, call, {"training"} if _trains(target, engine, found) else set())


def _trains(tf_name: str, engine: Engine, found: dict[str, Borrowed]) -> bool:
    info = next((i for i in engine.classes.values() if i.tf_name == tf_name), None)
    return info is not None and (info.needs_training or info.name in found)


def _accepts(function: ast.FunctionDef, call: ast.Call, extra: set[str]) -> bool:
    names = [a.arg for a in function.args.args[1:]] + [a.arg for a in function.args.kwonlyargs]
    if len(call.args) > len([n for n in names if n != "training"]):
        return False
    return all(k.arg is None or k.arg in names or k.arg in extra for k in call.keywords)


def _callers(engine: Engine) -> dict[str, list[ast.Call]]:
    """Class → the calls of its instances in the PyTorch file."""
    found: dict[str, list[ast.Call]] = {}
    for node in ast.walk(engine.source.tree):
        child = engine.child_of(node.func) if isinstance(node, ast.Call) else None
        if child is not None and isinstance(node, ast.Call) and not child.is_list:
            found.setdefault(child.class_name, []).append(node)
    return found


def _callers_bind(name: str, candidate: Borrowed, engine: Engine, callers: list[ast.Call]) -> bool:
    """Training is handed on only where the borrowed class takes it, and no caller leaves out what it must have."""
    call = _method(candidate.node, "call")
    takes = call is not None and any(a.arg == "training" for a in call.args.args)
    names, required = _parameters(call) if call is not None else ([], 0)
    complete = all(_gives(caller, names[:required]) for caller in callers)
    return complete and (takes or not engine.classes[name].needs_training)


def _gives(call: ast.Call, names: list[str]) -> bool:
    """True when a call has an argument for each of the first parameters."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return True
    return set(names[len(call.args) :]) <= {k.arg for k in call.keywords}
