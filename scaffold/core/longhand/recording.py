"""`@capture_outputs` written out: a model collects its hidden states and attention weights itself, as models before 4.54 do.

The library hangs hooks on the classes that `_can_record_outputs` names. Here the modules between the loop and the recorded
one return the weights beside their result, the loop collects both, and whoever calls the model hands on whether they are wanted.
Source: `utils/output_capturing.py` of 5.x; `check_model_inputs` in `utils/generic.py` since 4.54, which also takes `use_cache`
from the configuration.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from scaffold.core.longhand import collecting, routers, weights
from scaffold.core.longhand.collecting import FLAGS, Recorded
from scaffold.core.longhand.modules import is_model, loops, members, members_of
from scaffold.core.longhand.splice import (
    Edit,
    Source,
    Unclear,
    bases,
    called,
    first_statement,
    keyword,
    method,
    with_keywords,
)

DECORATORS = ("capture_outputs", "check_model_inputs")


def written_out(source: Source) -> Source:
    """The module without these decorators; Unclear where the way of an output cannot be followed."""
    models = {name: node for name, node in source.classes.items() if _capture(node) is not None}
    if not models:
        return source
    edits: list[Edit] = []
    routed: dict[str, str] = {}
    changed: set[str] = set()  # modules that return the weights as well now
    done: set[str] = set()  # modules that collect, or hand on what is collected
    for node in models.values():
        edits += _decorator(source, node)
        if _collects_itself(node):
            continue
        recorded = _recorded(source, node)
        routed |= {node.name: recorded.router} if recorded.router is not None else {}
        yielding = weights.yielding(source, recorded.weights, set(models))
        for name in sorted(yielding - set(recorded.weights) - changed):
            changed.add(name)
            edits += weights.threaded(source, source.classes[name], yielding)
        edits += _asked(source, node, recorded)
        for name, inner in _way(source, node, {*recorded.states, *yielding}):
            if name in done:
                continue
            done.add(name)
            if inner is None:
                edits += collecting.collected(source, source.classes[name], recorded, yielding, tied=_ties(node))
            else:
                edits += collecting.handed_on(source, source.classes[name], recorded, inner, tied=_ties(node))
    others = [node for name, node in source.classes.items() if name not in {*changed, *done}]
    edits += [edit for node in others for edit in weights.result_alone(source, node, changed)]
    edits += [edit for node in source.classes.values() for edit in _without_table(source, node)]
    source = routers.collected(source.edited(edits), routed)
    return _passed_on(source, set(models))


def _asked(source: Source, node: ast.ClassDef, recorded: Recorded) -> list[Edit]:
    """What the decorator takes from the configuration when nobody says it."""
    forward, capture = method(node, "forward"), _capture(node)
    assert forward is not None and capture is not None
    merged = called(capture) == "check_model_inputs" and any(a.arg == "use_cache" for a in forward.args.args)
    names = (*recorded.flags, *(["use_cache"] if merged else []))
    lines = [f"{name} = {name} if {name} is not None else self.config.{name}" for name in names]
    return [source.before(first_statement(forward), lines)] if lines else []


def _ties(node: ast.ClassDef) -> bool:
    """True when the last hidden state that is collected is the one that the model returns."""
    capture = _capture(node)
    tie = keyword(capture, "tie_last_hidden_states") if isinstance(capture, ast.Call) else None
    return not (isinstance(tie, ast.Constant) and tie.value is False)


def _way(source: Source, node: ast.ClassDef, layers: Collection[str]) -> list[tuple[str, set[str] | None]]:
    """(class, its members `self.x` towards the loop) from a model down to the class whose loop is over the layers (None)."""
    if loops(source, node, layers):
        return [(node.name, None)]
    ways = []
    for made in sorted({name for names in members_of(node).values() for name in names} & set(source.classes)):
        below = source.classes[made]
        if made not in layers and not is_model(source, below) and (way := _way(source, below, layers)):
            ways.append([(node.name, members(node, {made})), *way])
    if len(ways) != 1 and _capture(node) is not None or len(ways) > 1:
        forward = method(node, "forward")
        line = forward.lineno if forward is not None else node.lineno
        raise Unclear(source.path, line, f"{node.name}.forward", "one loop over the recorded layers was expected")
    return ways[0] if ways else []


def _capture(node: ast.ClassDef) -> ast.expr | None:
    forward = method(node, "forward")
    decorators = forward.decorator_list if forward is not None else []
    return next((d for d in decorators if called(d) in DECORATORS), None)


def _table(source: Source, node: ast.ClassDef) -> ast.Assign | None:
    """The `_can_record_outputs` that holds for a class: its own, or the nearest base's."""
    for item in node.body:
        if isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == "_can_record_outputs":
            return item
    for base in bases(node):
        if base in source.classes and (found := _table(source, source.classes[base])) is not None:
            return found
    return None


def _recorded(source: Source, node: ast.ClassDef) -> Recorded:
    table = _table(source, node)
    if table is None or not isinstance(table.value, ast.Dict):
        return Recorded()
    found = Recorded()
    for key, value in zip(table.value.keys, table.value.values, strict=True):
        name = ast.literal_eval(key) if key is not None else ""
        found.router = routers.router_of(name, value, source.classes) or found.router
        if name == routers.KEY and found.router is not None:
            continue
        classes = tuple(_class_of(source, name, item) for item in _several(value))
        if name == "hidden_states":
            found.states = classes
        elif name == "attentions":
            found.weights = classes
        else:
            raise Unclear(
                source.path,
                table.lineno,
                f"_can_record_outputs[{name!r}]",
                "only hidden states, attention and routers' logits can be collected without hooks",
            )
    return found


def _several(value: ast.expr) -> list[ast.expr]:
    return list(value.elts) if isinstance(value, ast.List | ast.Tuple) else [value]


def _class_of(source: Source, key: str, value: ast.expr) -> str:
    wanted = 0 if key == "hidden_states" else 1
    if isinstance(value, ast.Call) and called(value) == "OutputRecorder" and value.args:
        index = keyword(value, "index")
        extra = {k.arg for k in value.keywords} - {"index"}
        if not extra and (index.value if isinstance(index, ast.Constant) else 0) == wanted:
            value = value.args[0]
    if not isinstance(value, ast.Name) or value.id not in source.classes:
        raise Unclear(
            source.path, value.lineno, f"_can_record_outputs[{key!r}]", f"{ast.unparse(value)} cannot be followed"
        )
    return value.id


def _collects_itself(node: ast.ClassDef) -> bool:
    """True for a model that still has the older style below the decorator: flags, and both outputs returned by name."""
    forward = method(node, "forward")
    assert forward is not None  # it has the decorator
    returned = [n.value for n in ast.walk(forward) if isinstance(n, ast.Return) and isinstance(n.value, ast.Call)]
    flags = {a.arg for a in (*forward.args.args, *forward.args.kwonlyargs)}
    named = [{k.arg for k in call.keywords} for call in returned]
    return flags.issuperset(FLAGS) and bool(named) and all(n.issuperset(("hidden_states", "attentions")) for n in named)


def _decorator(source: Source, node: ast.ClassDef) -> list[Edit]:
    """`@can_return_tuple` in place of the decorator, where it is not there already."""
    forward, capture = method(node, "forward"), _capture(node)
    assert forward is not None and capture is not None
    if any(called(d) == "can_return_tuple" for d in forward.decorator_list):
        return [source.without_decorator(capture)]
    return [source.replaced(capture, "can_return_tuple")]


def _without_table(source: Source, node: ast.ClassDef) -> list[Edit]:
    return [
        source.without_lines(item) if len(node.body) > 1 else source.replaced(item, "pass")
        for item in node.body
        if isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == "_can_record_outputs"
    ]


def _passed_on(source: Source, models: set[str]) -> Source:
    """Every model that hands its `**kwargs` to one that collects gets the two flags and hands them on."""
    done = set(models)
    while True:
        edits: list[Edit] = []
        for name, node in source.classes.items():
            forward = method(node, "forward")
            if name in done or forward is None or not is_model(source, node) or forward.args.kwarg is None:
                continue
            inner = members(node, done)
            own = forward.args.kwarg.arg
            found: list[Edit] = []
            for call in [n for n in ast.walk(forward) if isinstance(n, ast.Call) and ast.unparse(n.func) in inner]:
                spread = [k for k in call.keywords if k.arg is None and ast.unparse(k.value) == own]
                if spread:
                    found += with_keywords(source, call, {flag: flag for flag in FLAGS})
            if found:
                found += _set_flags(source, forward, own)
                done.add(name)
                edits += [*found, *collecting.parameters(source, forward, FLAGS)]
        if not edits:
            return source
        source = source.edited(edits)


def _set_flags(source: Source, forward: ast.FunctionDef, own: str) -> list[Edit]:
    """`kwargs["output_hidden_states"] = True` sets the parameter."""
    flags = {f"{own}[{flag!r}]": flag for flag in FLAGS}
    return [
        source.replaced(node.targets[0], flags[ast.unparse(node.targets[0])])
        for node in ast.walk(forward)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in flags
    ]
