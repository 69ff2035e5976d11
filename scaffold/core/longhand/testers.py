"""`class XModelTester(CausalLMModelTester)` written out: the tester and the tests that decoders share since 4.53, in each file.

Source: `tests/causal_lm_tester.py` of the tree, whose text it is; tests of decoders before 4.53 for the form.
"""

from __future__ import annotations

import ast
import textwrap

from scaffold.core.longhand.splice import Edit, Source, bases, imports_for, method, names_in

#: Where a tree keeps what its decoders' tests share.
SHARED = "tests/causal_lm_tester.py"
_CHECKED = ("_required_attributes", "_verify_model_attributes")
_KINDS = ("base_model", "causal_lm", "sequence_classification", "token_classification", "question_answering")


def written_out(source: Source, shared: Source) -> Source:
    """The test module without the shared classes; unchanged when it uses none."""
    wanted = {name: node for name, node in source.classes.items() if set(bases(node)) & set(shared.classes)}
    if not wanted:
        return source
    edits: list[Edit] = []
    texts = []
    for node in wanted.values():
        texts.append(_text(source, shared, node, wanted))
        edits.append((*source.span(node), texts[-1]))
    functions = _functions(shared, texts)
    edits.append(source.before(next(iter(wanted.values())), "\n\n".join(functions).split("\n") if functions else []))
    first = next(n for n in source.tree.body if isinstance(n, ast.Import | ast.ImportFrom))
    edits.append(source.before(first, imports_for(source, shared, names_in([*functions, *texts]))))
    return source.edited(edits)


def _functions(shared: Source, texts: list[str]) -> list[str]:
    """The functions of the shared module that the shared text calls."""
    read = names_in(texts)
    found = [n for n in shared.tree.body if isinstance(n, ast.FunctionDef) and n.name in read]
    return [_lines(shared, node).lstrip("\n") for node in found]


def _text(source: Source, shared: Source, node: ast.ClassDef, wanted: dict[str, ast.ClassDef]) -> str:
    parent = shared.classes[next(base for base in bases(node) if base in shared.classes)]
    own = _own(node)
    names = {name for item in own for name in _names(item)}
    lines = [_lines(source, item) for item in own if not isinstance(item, ast.Pass)]
    tester = _value(own, "model_tester_class")
    if tester in wanted and "all_model_classes" not in names:
        lines.append(_classes(wanted[tester]))
    for item in parent.body:
        if not isinstance(item, ast.Expr) and not set(_names(item)) & {*names, *_CHECKED}:
            lines.append(_inherited(shared, item, tester))
    above = [base for base in map(ast.unparse, [*parent.bases, *node.bases]) if base not in shared.classes]
    header = f"class {node.name}({', '.join(dict.fromkeys(above))}):" if above else f"class {node.name}:"
    return header + "\n" + textwrap.indent("\n".join(lines), "    ").rstrip()


def _own(node: ast.ClassDef) -> list[ast.stmt]:
    """A class's statements, those below `if is_torch_available():` included."""
    return [inner for item in node.body for inner in (item.body if isinstance(item, ast.If) else [item])]


def _names(item: ast.stmt) -> list[str]:
    if isinstance(item, ast.Assign):
        return [ast.unparse(target) for target in item.targets]
    return [item.name] if isinstance(item, ast.FunctionDef) else []


def _value(body: list[ast.stmt], name: str) -> str:
    found = (ast.unparse(i.value) for i in body if isinstance(i, ast.Assign) and name in _names(i))
    return next(found, "")


def _lines(source: Source, item: ast.stmt) -> str:
    text = textwrap.dedent(source.lines_of(item))
    return f"\n{text}" if isinstance(item, ast.FunctionDef) else text.rstrip("\n")


def _inherited(shared: Source, item: ast.stmt, tester: str) -> str:
    """A member of the shared class, without its checks that a class sets what it must."""
    if not isinstance(item, ast.FunctionDef):
        return _lines(shared, item)
    edits = [
        shared.without_lines(statement)
        for statement in item.body
        if (item.name == "setUp" and isinstance(statement, ast.If))
        or ast.unparse(statement) == "self._verify_model_attributes()"
    ]
    changed = shared.edited(edits)
    owner = next(n for n in changed.classes.values() if (found := method(n, item.name)) and found.lineno == item.lineno)
    text = _lines(changed, next(i for i in owner.body if i.lineno == item.lineno))
    return text.replace("self.model_tester_class(", f"{tester}(") if tester else text


def _classes(tester: ast.ClassDef) -> str:
    """`all_model_classes` of a tester that names its classes one by one."""
    own = _own(tester)
    found = [name for kind in _KINDS if (name := _value(own, f"{kind}_class")) not in ("", "None")]
    return f"all_model_classes = ({', '.join(found)},) if is_torch_available() else ()"
