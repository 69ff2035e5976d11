"""A 5.x configuration, a dataclass whose fields are the arguments, as a 4.x one, whose `__init__` takes them.

Source: `configuration_utils.py` of both trees. 5.x makes `__init__` of the annotated fields, sets them and calls
`__post_init__` with the other keyword arguments; 4.x writes that out, and the base class sets its own attributes in
`super().__init__(…)`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from scaffold.backport.refusal import refused
from scaffold.core.longhand.splice import Edit, Source, bases, called, keyword, method

_ADVICE = "bring the configuration over by hand, then run new-tf-model without --pytorch-from"
#: What 4.x keeps apart and 5.x in one dictionary, with 5.x's default where the class names none.
_ROPE = "rope_parameters"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    hint: str
    default: str


def adapted(source: Source, known: Mapping[str, frozenset[str]], *, ties: bool) -> Source:
    """The configuration module for the base. `known` are the arguments of the base's configurations, by class: its own
    `PretrainedConfig` and those that the module's classes derive from.

    `ties`: the modelling file shares weights, so whether to do so by default has to be said (5.x: no; 4.x: yes).
    """
    edits: list[Edit] = []
    arguments = dict(known)
    for node in source.classes.values():
        if any(name.endswith("Config") for name in bases(node)):
            parent = next((name for name in bases(node) if name in arguments), None)
            if parent is None:
                why = "the base has no configuration to derive it from"
                raise refused(source.path, node.lineno, node.name, why, _ADVICE)
            own = {
                ast.unparse(item.target) for item in node.body if isinstance(item, ast.AnnAssign) and _is_field(item)
            }
            if "rope_theta" in arguments[parent] and _ROPE not in own:
                why = f"the base's {parent} reads the parameters of rotary embeddings otherwise"
                raise refused(source.path, node.lineno, node.name, why, _ADVICE)
            edits += _class(source, node, arguments[parent], ties=ties)
            arguments[node.name] = arguments[parent] | own
    return source.edited(edits)


def _class(source: Source, node: ast.ClassDef, base_arguments: frozenset[str], *, ties: bool) -> list[Edit]:
    edits = [source.without_decorator(d) for d in node.decorator_list if called(d) in ("auto_docstring", "strict")]
    if method(node, "__init__") is not None:
        return edits
    fields = [_field(source, item) for item in node.body if _is_field(item)]
    if not fields and method(node, "__post_init__") is None:
        return edits
    edits += [source.without_lines(item) for item in node.body if _is_field(item)]
    after = method(node, "__post_init__")
    written = _init(source, node, [f for f in fields if f is not None], after, base_arguments, ties=ties)
    if after is not None:
        start, end, _ = source.without_lines(after)
        edits.append((start, end, written))
    else:
        functions = [item for item in node.body if isinstance(item, ast.FunctionDef)]
        line = source.first_line(functions[0]) if functions else (node.end_lineno or node.lineno) + 1
        at = source.line_start(line)
        edits.append((at, at, f"\n{written}\n"))
    return edits


def _is_field(item: ast.stmt) -> bool:
    return isinstance(item, ast.AnnAssign) and "ClassVar" not in ast.unparse(item.annotation)


def _field(source: Source, item: ast.stmt) -> _Field:
    assert isinstance(item, ast.AnnAssign)
    name, value = ast.unparse(item.target), item.value
    if value is None:
        raise refused(source.path, item.lineno, name, "a field without a default value", _ADVICE)
    if isinstance(value, ast.Call):  # a validator's field or `dataclasses.field`
        given = keyword(value, "default")
        if given is None:
            made = keyword(value, "default_factory")
            if made is None:
                raise refused(source.path, item.lineno, name, "a field whose default value is computed", _ADVICE)
            return _Field(name, "", f"={ast.unparse(made)}()")
        value = given
    return _Field(name, ast.unparse(item.annotation), ast.unparse(value))


def _init(
    source: Source,
    node: ast.ClassDef,
    fields: list[_Field],
    after: ast.FunctionDef | None,
    base_arguments: frozenset[str],
    *,
    ties: bool,
) -> str:
    body = list(after.body) if after is not None else []
    touched = {n.attr for item in body for n in ast.walk(item) if isinstance(n, ast.Attribute)}
    own = [f for f in fields if f.name not in base_arguments]
    passed = [f for f in fields if f.name in base_arguments]
    lines = [f"def __init__(self, {', '.join(_parameter(f) for f in fields if f.name[0] != '_')}, **kwargs):"]
    inner = [f"self.{f.name} = {_value(f)}" for f in own if f.name != _ROPE]
    inner += [f"self.{f.name} = {f.name}" for f in passed if f.name in touched]
    given = [f"{f.name}={'self.' if f.name in touched else ''}{f.name}" for f in passed]
    if ties and not any(f.name == "tie_word_embeddings" for f in fields):
        inner.append('kwargs.setdefault("tie_word_embeddings", False)')
    has_rope = any(f.name == _ROPE for f in own)
    if has_rope and "rope_theta" in base_arguments:  # derived from a configuration of 4.x
        given += ["rope_theta=self.rope_theta", "rope_scaling=self.rope_scaling"]
    call = f"super().__init__({', '.join([*given, '**kwargs'])})"
    if has_rope:
        inner.append(f"self.{_ROPE} = {_ROPE}")
    seen = False
    for item in body:
        text = source.segment(item)
        if "super().__post_init__" in text:
            if not isinstance(item, ast.Expr) or not _hands_on(item.value):
                raise refused(
                    source.path, item.lineno, "__post_init__", "calls its parent's in an unusual way", _ADVICE
                )
            inner += [*(_rope() if has_rope else ()), call]
            seen = True
        elif isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant):
            continue
        elif text.startswith("self.set_output_features_output_indices("):
            inner += _aligned(source, item)
        else:
            inner += _dedented(source, item)
    if not seen:
        inner += [*(_rope() if has_rope else ()), call]
    inner += [
        f"self.{m.name}()" for m in node.body if isinstance(m, ast.FunctionDef) and m.name.startswith("validate_")
    ]
    margin = " " * 4
    return "".join(f"{margin}{line}\n" for line in [*lines, *(f"    {line}" if line else "" for line in inner)])


def _parameter(field: _Field) -> str:
    return f"{field.name}={'None' if field.default.startswith('=') else field.default}"


def _value(field: _Field) -> str:
    if field.name.startswith("_"):  # no argument: 5.x fills it in by a method
        return field.default.removeprefix("=")
    if field.default.startswith("="):
        return f"{field.default[1:]} if {field.name} is None else {field.name}"
    return field.name


def _hands_on(call: ast.expr) -> bool:
    """`super().__post_init__(**kwargs)`, with nothing besides but what 5.x's check of rotary parameters leaves out."""
    names = [k.arg for k in call.keywords] if isinstance(call, ast.Call) and not call.args else []
    return None in names and set(names) <= {None, "ignore_keys_at_rope_validation"}


def _rope() -> list[str]:
    """What 5.x's base class does with the parameters of rotary embeddings, and the names that 4.x reads them by."""
    theta = "getattr(self, 'default_theta', 10000.0)"
    return [
        f"self.{_ROPE} = dict(kwargs.pop('rope_scaling', None) or self.{_ROPE} or {{}})",
        f"theta = kwargs.pop('rope_theta', getattr(self, 'rope_theta', {theta}))",
        f"self.{_ROPE}.setdefault('rope_theta', theta)",
        f"self.{_ROPE}.setdefault('rope_type', self.{_ROPE}.get('type', 'default'))",
        "factor = kwargs.get('partial_rotary_factor', getattr(self, 'partial_rotary_factor', None))",
        "if factor is not None:",
        f"    self.{_ROPE}.setdefault('partial_rotary_factor', factor)",
        f"if self.{_ROPE}['rope_type'] in ('llama3', 'yarn', 'longrope'):",
        "    original = getattr(self, 'original_max_position_embeddings', self.max_position_embeddings)",
        f"    self.{_ROPE}.setdefault('original_max_position_embeddings', original)",
        "# the same for the functions of this release, which read the parameters one by one",
        f"self.rope_theta = self.{_ROPE}['rope_theta']",
        f"self.rope_scaling = None if self.{_ROPE}['rope_type'] == 'default' else self.{_ROPE}",
        f"if 'partial_rotary_factor' in self.{_ROPE}:",
        f"    self.partial_rotary_factor = self.{_ROPE}['partial_rotary_factor']",
    ]


def _aligned(source: Source, item: ast.stmt) -> list[str]:
    """A backbone's stages: 4.x aligns names and indices with a function."""
    assert isinstance(item, ast.Expr) and isinstance(item.value, ast.Call)
    given = ", ".join(source.segment(k) for k in item.value.keywords)
    return [
        "self._out_features, self._out_indices = get_aligned_output_features_output_indices(",
        f"    {given}, stage_names=self.stage_names",
        ")",
    ]


def _dedented(source: Source, item: ast.stmt) -> list[str]:
    lines = source.segment(item).split("\n")
    margin = " " * item.col_offset
    return [lines[0], *(line.removeprefix(margin) for line in lines[1:])]
