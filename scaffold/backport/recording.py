"""`@capture_outputs` written out: a model collects its hidden states and attention weights itself, as 4.x models do.

5.x hangs hooks on the classes that `_can_record_outputs` names. Here the modules between the model's loop and the recorded one
return the weights beside their result, the loop collects both, and whoever calls the model passes on whether they are wanted.
Source: `utils/output_capturing.py` of 5.x.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from scaffold.backport.splice import Edit, Source, bases, called, first_statement, keyword, method, refused

_WEIGHTS = "attn_weights"
_FLAGS = ("output_attentions", "output_hidden_states")
_ADVICE = (
    "write the collection of these outputs out in the 5.x file (as its older models do), then run the command again"
)


@dataclass(slots=True)
class _Recorded:
    """What a model's class records: names of the classes; `weights` at index 1 of what theirs returns."""

    states: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    line: int = 0
    others: list[str] = field(default_factory=list)


def written_out(source: Source) -> Source:
    """The module without `@capture_outputs`."""
    models = {name: node for name, node in source.classes.items() if _capture(node) is not None}
    if not models:
        return source
    edits: list[Edit] = []
    threaded: set[str] = set()
    for node in models.values():
        recorded = _recorded(source, node)
        yielding = _yielding(source, recorded)
        for name in sorted(yielding - set(recorded.weights) - threaded):
            threaded.add(name)
            edits += _thread(source, source.classes[name], yielding)
        edits += _collect(source, node, recorded, yielding)
    edits += [edit for node in source.classes.values() for edit in _without_table(source, node)]
    source = source.edited(edits)
    return _passed_on(source, set(models))


def _capture(node: ast.ClassDef) -> ast.expr | None:
    forward = method(node, "forward")
    decorators = forward.decorator_list if forward is not None else []
    return next((d for d in decorators if called(d) == "capture_outputs"), None)


def _table(source: Source, node: ast.ClassDef) -> ast.Assign | None:
    """The `_can_record_outputs` that holds for a class: its own, or the nearest base's."""
    for item in node.body:
        if isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == "_can_record_outputs":
            return item
    for base in bases(node):
        if base in source.classes and (found := _table(source, source.classes[base])) is not None:
            return found
    return None


def _recorded(source: Source, node: ast.ClassDef) -> _Recorded:
    table = _table(source, node)
    if table is None or not isinstance(table.value, ast.Dict):
        return _Recorded(line=node.lineno)
    found = _Recorded(line=table.lineno)
    for key, value in zip(table.value.keys, table.value.values, strict=True):
        name = ast.literal_eval(key) if key is not None else ""
        classes = tuple(_class_of(source, name, item) for item in _several(value))
        if name == "hidden_states":
            found.states = classes
        elif name == "attentions":
            found.weights = classes
        else:
            raise refused(
                source.path,
                table.lineno,
                f"_can_record_outputs[{name!r}]",
                "only hidden states and attention weights can be collected without hooks",
                _ADVICE,
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
        raise refused(
            source.path,
            value.lineno,
            f"_can_record_outputs[{key!r}]",
            f"{ast.unparse(value)} cannot be followed",
            _ADVICE,
        )
    return value.id


def members_of(node: ast.ClassDef) -> dict[str, set[str]]:
    """Attribute → classes that `__init__` makes it of, members of lists included."""
    found: dict[str, set[str]] = {}
    init = method(node, "__init__")
    local: dict[str, set[str]] = {}
    for item in ast.walk(init) if init is not None else ():
        if isinstance(item, ast.Assign):
            made = _made(item.value)
            if isinstance(item.targets[0], ast.Attribute):
                found.setdefault(item.targets[0].attr, set()).update(made)
            elif isinstance(item.targets[0], ast.Name):
                local.setdefault(item.targets[0].id, set()).update(made)
    for item in ast.walk(init) if init is not None else ():
        if isinstance(item, ast.Call) and ast.unparse(item.func).endswith(".append") and len(item.args) == 1:
            made = local.get(item.args[0].id, set()) if isinstance(item.args[0], ast.Name) else _made(item.args[0])
            found.setdefault(ast.unparse(item.func).split(".")[-2], set()).update(made)
    return found


def _made(value: ast.expr) -> set[str]:
    return {called(n) for n in ast.walk(value) if isinstance(n, ast.Call)}


def _yielding(source: Source, recorded: _Recorded) -> set[str]:
    """The classes that return attention weights beside their result: the recorded ones and all between them and the loop."""
    found = set(recorded.weights)
    todo = True
    while todo:
        new = {
            name
            for name, node in source.classes.items()
            if name not in found
            and _capture(node) is None
            and not is_model(source, node)
            and any(made & found for made in members_of(node).values())
        }
        todo = bool(new)
        found |= new
    return found


def is_model(source: Source, node: ast.ClassDef) -> bool:
    """True for a class that derives from a pretrained base."""
    return any(
        base.endswith("PreTrainedModel") or (base in source.classes and is_model(source, source.classes[base]))
        for base in bases(node)
    )


def _thread(source: Source, node: ast.ClassDef, yielding: set[str]) -> list[Edit]:
    """A module between the loop and the recorded one: it takes the weights from its member and returns them."""
    forward = method(node, "forward")
    assert forward is not None
    members = {f"self.{name}" for name, made in members_of(node).items() if made & yielding}
    parents = {child: parent for parent in ast.walk(forward) for child in ast.iter_child_nodes(parent)}
    edits: list[Edit] = []
    conditional = False
    calls = [n for n in ast.walk(forward) if isinstance(n, ast.Call) and ast.unparse(n.func) in members]
    for call in calls:
        statement = parents[call]
        if isinstance(statement, ast.Subscript):  # x = self.attention(…)[0]
            edits.append(source.replaced(statement, source.segment(call)))
            statement = parents[statement]
        if not isinstance(statement, ast.Assign):
            raise _unclear(source, call, node)
        conditional = conditional or parents[statement] is not forward
        edits += _taken(source, node, statement)
    if not calls:
        raise _unclear(source, forward, node)
    if conditional:
        edits.append(source.before(first_statement(forward), [f"{_WEIGHTS} = None"]))
    return [*edits, *_returned(source, node, forward)]


def _taken(source: Source, node: ast.ClassDef, statement: ast.Assign) -> list[Edit]:
    """The weights as the second target of an assignment that called a member."""
    target = statement.targets[0]
    if isinstance(target, ast.Name):
        return [source.replaced(target, f"{target.id}, {_WEIGHTS}")]
    rest = target.elts[1:] if isinstance(target, ast.Tuple) else []
    if len(rest) != 1 or not isinstance(rest[0], ast.Name):
        raise _unclear(source, statement, node)
    if rest[0].id in ("_", _WEIGHTS):
        return [source.replaced(rest[0], _WEIGHTS)]
    return [source.after(statement, [f"{_WEIGHTS} = {rest[0].id}"])]


def _returned(source: Source, node: ast.ClassDef, forward: ast.FunctionDef) -> list[Edit]:
    """The weights beside the result."""
    edits: list[Edit] = []
    for item in ast.walk(forward):
        if isinstance(item, ast.Return) and item.value is not None:
            if isinstance(item.value, ast.Tuple):
                raise _unclear(source, item, node)
            edits.append(source.replaced(item.value, f"{source.segment(item.value)}, {_WEIGHTS}"))
    if forward.returns is not None:
        edits.append(source.replaced(forward.returns, f"tuple[{source.segment(forward.returns)}, torch.Tensor | None]"))
    return edits


def _unclear(source: Source, node: ast.stmt | ast.expr, owner: ast.ClassDef) -> Exception:
    return refused(
        source.path, node.lineno, owner.name, "how its attention weights reach the model is not clear", _ADVICE
    )


def _collect(source: Source, node: ast.ClassDef, recorded: _Recorded, yielding: set[str]) -> list[Edit]:
    """The model's own `forward`: flags, the loop, the output."""
    forward, capture = method(node, "forward"), _capture(node)
    assert forward is not None and capture is not None
    tie = keyword(capture, "tie_last_hidden_states") if isinstance(capture, ast.Call) else None
    last = not (isinstance(tie, ast.Constant) and tie.value is False)
    flags = [f for f, names in zip(_FLAGS, (recorded.weights, recorded.states), strict=True) if names]
    edits: list[Edit] = [source.replaced(capture, "can_return_tuple")]
    if any(called(d) == "can_return_tuple" for d in forward.decorator_list):
        edits = [source.without_decorator(capture)]
    edits += _parameters(source, forward, flags)
    lines = [f"{flag} = {flag} if {flag} is not None else self.config.{flag}" for flag in flags]
    lines += ["all_hidden_states = () if output_hidden_states else None"] if recorded.states else []
    lines += ["all_self_attentions = () if output_attentions else None"] if recorded.weights else []
    edits.append(source.before(first_statement(forward), lines))
    layers = {f"self.{name}" for name, made in members_of(node).items() if made & {*recorded.states, *yielding}}
    loops = [
        n
        for n in ast.walk(forward)
        if isinstance(n, ast.For) and any(layer in source.segment(n.iter) for layer in layers)
    ]
    if len(loops) != 1:
        raise refused(
            source.path,
            forward.lineno,
            f"{node.name}.forward",
            "one loop over the recorded layers was expected",
            _ADVICE,
        )
    edits += _loop(source, node, loops[0], recorded, tied=last)
    edits += _output(source, node, forward, recorded, tied=last)
    return edits


def _parameters(source: Source, forward: ast.FunctionDef, flags: list[str]) -> list[Edit]:
    """The flags as parameters in front of `**kwargs`."""
    present = {a.arg for a in (*forward.args.args, *forward.args.kwonlyargs)}
    missing = [flag for flag in flags if flag not in present]
    if not missing:
        return []
    text = ", ".join(f"{flag}: bool | None = None" for flag in missing)
    if forward.args.kwarg is not None:
        start, _ = source.span(forward.args.kwarg)
        return [(start - 2, start - 2, f"{text}, ")]
    ends = [source.span(a)[1] for a in forward.args.args] + [source.span(d)[1] for d in forward.args.defaults]
    return [(max(ends), max(ends), f", {text}")]


def _loop(source: Source, node: ast.ClassDef, loop: ast.For, recorded: _Recorded, *, tied: bool) -> list[Edit]:
    names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    calls = [
        s
        for s in ast.walk(loop)
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Call) and called(s.value) in names
    ]
    if len(calls) != 1 or not isinstance(calls[0].targets[0], ast.Name) or not _goes_on(calls[0]):
        raise refused(
            source.path, loop.lineno, f"{node.name}.forward", "one call of the layer was expected in the loop", _ADVICE
        )
    statement = calls[0]
    state = statement.targets[0].id  # type: ignore[attr-defined]
    edits: list[Edit] = []
    kept = ["if output_hidden_states:", f"    all_hidden_states += ({state},)"]
    if recorded.weights:
        edits.append(source.replaced(statement.targets[0], "layer_outputs"))
        more = [
            f"{state} = layer_outputs[0]",
            "if output_attentions:",
            "    all_self_attentions += (layer_outputs[1],)",
        ]
        edits.append(source.after(statement, more))
    if recorded.states:  # after the above: both may end at the same line
        edits.append(source.before(statement, kept))
        edits += [source.after(loop, kept)] if not tied else []
    return edits


def _goes_on(statement: ast.Assign) -> bool:
    """`x = layer(x, …)`: what a layer gives is what the next one gets."""
    call, target = statement.value, ast.unparse(statement.targets[0])
    assert isinstance(call, ast.Call)
    first = call.args[0] if call.args else keyword(call, "hidden_states")
    return first is not None and ast.unparse(first) == target


def _output(
    source: Source, node: ast.ClassDef, forward: ast.FunctionDef, recorded: _Recorded, *, tied: bool
) -> list[Edit]:
    """The keywords of the returned output."""
    edits: list[Edit] = []
    for item in [n for n in ast.walk(forward) if isinstance(n, ast.Return)]:
        if not isinstance(item.value, ast.Call):
            raise refused(source.path, item.lineno, f"{node.name}.forward", "returns no output object", _ADVICE)
        given = {k.arg for k in item.value.keywords}
        text = ""
        if recorded.states and "hidden_states" not in given:
            text += ", hidden_states=all_hidden_states"
        if recorded.weights and "attentions" not in given:
            text += ", attentions=all_self_attentions"
        end = (
            max(source.span(k)[1] for k in item.value.keywords)
            if item.value.keywords
            else source.span(item.value.func)[1] + 1
        )
        edits.append((end, end, text if item.value.keywords else text[2:]))
        final = keyword(item.value, "last_hidden_state")
        if recorded.states and tied:
            if final is None:
                raise refused(
                    source.path, item.lineno, f"{node.name}.forward", "returns no last hidden state by name", _ADVICE
                )
            lines = ["if output_hidden_states:", f"    all_hidden_states += ({source.segment(final)},)"]
            edits.append(source.before(item, lines))
    return edits


def _without_table(source: Source, node: ast.ClassDef) -> list[Edit]:
    return [
        source.without_lines(item)
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
            members = {f"self.{member}" for member, made in members_of(node).items() if made & done}
            own = forward.args.kwarg.arg
            found: list[Edit] = []
            for call in [n for n in ast.walk(forward) if isinstance(n, ast.Call) and ast.unparse(n.func) in members]:
                spread = [k for k in call.keywords if k.arg is None and ast.unparse(k.value) == own]
                present = {k.arg for k in call.keywords}
                if spread:
                    flags = [flag for flag in _FLAGS if flag not in present]
                    start, _ = source.span(spread[0])
                    found.append((start, start, "".join(f"{flag}={flag}, " for flag in flags)))
            if found:
                found += _set_flags(source, forward, own)
                done.add(name)
                edits += [*found, *_parameters(source, forward, list(_FLAGS))]
        if not edits:
            return source
        source = source.edited(edits)


def _set_flags(source: Source, forward: ast.FunctionDef, own: str) -> list[Edit]:
    """`kwargs["output_hidden_states"] = True` sets the parameter."""
    flags = {f"{own}[{flag!r}]": flag for flag in _FLAGS}
    return [
        source.replaced(node.targets[0], flags[ast.unparse(node.targets[0])])
        for node in ast.walk(forward)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in flags
    ]
