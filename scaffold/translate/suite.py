"""The TensorFlow test file from the PyTorch one: tester, test classes and integration tests, what only PyTorch has left out.

Source: the repository's hand-written pairs of test files. A function whose translation still needs PyTorch is dropped, and so
is everything that calls it; each with its reason.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.diagnostics import Severity
from scaffold.core.translation import SuiteTranslation, Translation
from scaffold.translate import prose, signature, tidy
from scaffold.translate.sources import Source
from scaffold.translate.suite_classes import SuiteClass, tensorflow_tasks
from scaffold.translate.suite_engine import SuiteEngine
from scaffold.translate.suite_names import SuiteNames
from scaffold.translate.suite_passes import SUITE_PASSES
from scaffold.translate.writer import BlockWriter, indented

#: Without these a tester or a test class is no use.
_ESSENTIAL = frozenset(
    {"__init__", "prepare_config_and_inputs", "prepare_config_and_inputs_for_common", "get_config", "setUp"}
)
_TORCH = frozenset({"torch", "nn", "F", "torch_device"})
_CHECK = re.compile(r"^(create_and_check_|check_|prepare_config_and_inputs_for_)(?!common$)")


@dataclass(slots=True)
class Written:
    """One translated function: its lines without indentation, the names it calls, why it is dropped."""

    owner: str
    name: str
    lines: list[str]
    calls: frozenset[str] = frozenset()
    reason: str | None = None
    node: ast.FunctionDef | None = None

    @property
    def label(self) -> str:
        """`Class.method`, as reported."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass(slots=True)
class Group:
    """A class, or (without a node) the functions between classes."""

    node: ast.ClassDef | ast.FunctionDef
    functions: list[Written] = field(default_factory=list)
    suite: SuiteClass | None = None
    dropped: str | None = None


def _seeded_twice(function: ast.FunctionDef) -> str | None:
    """Why a test is left out that seeds each of two models: their weights are equal in PyTorch alone."""
    seeds = [n for n in ast.walk(function) if isinstance(n, ast.Call) and ast.unparse(n.func) == "set_seed"]
    return "needs two models with the weights of one seed" if len(seeds) > 1 else None


class SuiteTranslator:
    """Translates one PyTorch test file."""

    def __init__(self, located: Located, translation: Translation, text: str) -> None:
        self.located = located
        folder = located.names.folder
        self.source = Source(text, located.pt_test or located.names.pt_test_path, f"tests.models.{folder}")
        self.names = SuiteNames(located, translation, self.source)
        keras = "tf.keras" if located.layout.value("keras_import") == "tf.keras" else "keras"
        self.engine = SuiteEngine(self.source, self.names, keras)
        pipelines = located.root / "src/transformers/pipelines/__init__.py"
        self.tasks = tensorflow_tasks(_text(pipelines))
        self.groups: list[Group] = []

    def run(self) -> SuiteTranslation | None:
        """The test module; None when no class with the common tests survives."""
        for node in self.source.tree.body:
            if isinstance(node, ast.ClassDef):
                self.groups.append(self._class(node))
            elif isinstance(node, ast.FunctionDef):
                self.groups.append(Group(node, [self._function(node, "")]))
        self._settle()
        if not any(g.suite and g.suite.has_common_tests and not g.dropped for g in self.groups):
            return None
        return self._result()

    # -- functions ---------------------------------------------------------------------------------------------------

    def _class(self, node: ast.ClassDef) -> Group:
        suite = SuiteClass(node, self.engine, self.names, self.tasks)
        group = Group(node, suite=suite)
        if "all_model_classes" in suite.attributes and not suite.models:
            group.dropped = "none of its models is ported"
        for function in suite.methods.values():
            reason = suite.refused(function.name) or _seeded_twice(function)
            if reason is not None:
                group.functions.append(Written(node.name, function.name, [], reason=reason, node=function))
            else:
                group.functions.append(self._function(function, node.name, suite.twin(function.name)))
        return group

    def _function(self, node: ast.FunctionDef, owner: str, name: str = "") -> Written:
        known = len(self.engine.diagnostics)
        self.engine.forget()
        written = Written(owner, name or node.name, [], node=node)
        try:
            written.lines = self._lines(node, name or node.name)
            tree = ast.parse("\n".join(written.lines))
        except (SyntaxError, RecursionError, ValueError, AttributeError, IndexError) as error:
            written.reason = f"cannot be written in TensorFlow ({type(error).__name__})"
            return written
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        called = {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
        written.calls = frozenset(names | attributes)
        refused = [d for d in self.engine.diagnostics[known:] if d.severity is Severity.ERROR]
        left = sorted(names & (self.names.forbidden | _TORCH))
        if refused:
            written.reason = f"{refused[0].subject}: {refused[0].message}"
        elif left:
            written.reason = f"needs {', '.join(left)}"
        elif called & _PYTORCH_METHODS:
            written.reason = f"needs .{sorted(called & _PYTORCH_METHODS)[0]}() of PyTorch"
        return written

    def _lines(self, node: ast.FunctionDef, name: str) -> list[str]:
        writer = BlockWriter(self.engine, SUITE_PASSES, self._docstring)
        decorators = [line for d in node.decorator_list for line in f"@{self.engine.expression(d)}".split("\n")]
        entries = ", ".join(signature.parameters(self.engine, node))
        end = self._header_end(node)
        # The formatter keeps one parameter a line where a comma follows the last one, as it did in the PyTorch file.
        comma = "," if re.search(r",\s*\)[^)]*:\s*$", "\n".join(self.source.lines[node.lineno - 1 : end])) else ""
        header = f"def {name}({entries}{comma}):"
        body = writer.body(node.body, end)
        comments = [line for line in self.source.marks(node) if "Copied from" not in line]
        return [*comments, *decorators, header, *indented(body)]

    def _header_end(self, node: ast.FunctionDef) -> int:
        """The line of the header's colon: comments below it belong to the body."""
        line = node.body[0].lineno - 1
        while line > node.lineno and self.source.lines[line - 1].strip().startswith("#"):
            line -= 1
        return line

    def _docstring(self, text: str) -> str:
        return prose.translate(text, self.engine.renames)

    # -- what survives -----------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Drop what calls something dropped, then what nothing calls any more."""
        while True:
            before = self._count()
            alive = {f.name for g in self.groups if not g.dropped for f in g.functions if not f.reason}
            dead = {f.name for g in self.groups for f in g.functions if f.reason or g.dropped} - alive
            dead |= {f"TF{g.node.name}" for g in self.groups if g.dropped}
            for group in self.groups:
                self._settle_group(group, dead)
            if self._count() == before:
                break
        self._unused()

    def _count(self) -> int:
        return sum(bool(g.dropped) for g in self.groups) + sum(bool(f.reason) for g in self.groups for f in g.functions)

    @staticmethod
    def _settle_group(group: Group, dead: set[str]) -> None:
        for function in group.functions:
            missing = sorted(function.calls & dead - {function.name})
            if not function.reason and missing:
                function.reason = f"calls {missing[0]}, which is left out"
        if group.suite is None or group.dropped:
            return
        lost = [f for f in group.functions if f.reason and f.name in _ESSENTIAL]
        if lost:
            group.dropped = f"{lost[0].name} {lost[0].reason}"
        elif group.suite.is_test and not group.suite.has_common_tests and not _tests_left(group):
            group.dropped = "no test of it is left"

    def _unused(self) -> None:
        """Checks of a tester whose only test was left out."""
        while True:
            alive = [f for g in self.groups if not g.dropped for f in g.functions if not f.reason]
            unused = [
                f
                for f in alive
                if self._is_check(f) and not any(f.name in other.calls for other in alive if other is not f)
            ]
            if not unused:
                return
            for function in unused:
                function.reason = "nothing calls it any more"

    @staticmethod
    def _is_check(function: Written) -> bool:
        return bool(_CHECK.match(function.name)) or not function.owner

    # -- the module --------------------------------------------------------------------------------------------------

    def _result(self) -> SuiteTranslation:
        body: list[str] = []
        kept: list[str] = []
        for group in self.groups:
            if group.dropped or (group.suite is None and group.functions[0].reason):
                continue
            body += ["", "", *self._above(group.node)]
            body += self._written_class(group) if group.suite is not None else group.functions[0].lines
            kept += [f.label for f in group.functions if not f.reason]
        head = [*self._licence(), "", "from __future__ import annotations", "", *self.names.header(self.engine.uses)]
        common = self.names.own_common("\n".join(body))
        text = "\n".join([*head, *self._constants(), *common, *body]) + "\n"
        # `(nn.Module)` was a tuple to its author; the formatter would keep the parentheses
        text = tidy.tidy(re.sub(r", \(((?:tf\.)?keras\.layers\.Layer)\)\)", r", \1)", text), self.located)
        return SuiteTranslation(text=text, kept=tuple(kept), dropped=self._dropped())

    def _above(self, node: ast.ClassDef | ast.FunctionDef) -> list[str]:
        if isinstance(node, ast.FunctionDef):
            return []
        comments = [line for line in self.source.marks(node) if "Copied from" not in line]
        lost = self.names.forbidden | _TORCH
        kept = [d for d in node.decorator_list if not {n.id for n in ast.walk(d) if isinstance(n, ast.Name)} & lost]
        return [*comments, *(f"@{self.engine.expression(d)}" for d in kept)]

    def _written_class(self, group: Group) -> list[str]:
        suite = group.suite
        assert suite is not None and isinstance(group.node, ast.ClassDef)
        bases = ", ".join(suite.bases())
        name = self.engine.renames.get(group.node.name, group.node.name)
        lines = [f"class {name}({bases}):" if bases else f"class {name}:"]
        document = ast.get_docstring(group.node, clean=False)
        if document is not None:
            lines += indented(
                [
                    *self._docstring(f'"""{document}"""')
                    .replace("test_modeling_common", "test_modeling_tf_common")
                    .split("\n")
                ]
            )
        flags = suite.flags()
        lines += indented(flags)
        written = [f for f in group.functions if not f.reason]
        for function in written:
            lines += ["", *indented(function.lines)]
        lines += indented(suite.additions(frozenset(f.name for f in written)))
        return lines

    def _constants(self) -> list[str]:
        """Module constants that need no PyTorch."""
        lines: list[str] = []
        for node in self.source.tree.body:
            if isinstance(node, ast.Assign):
                known = len(self.engine.diagnostics)
                text = self.engine.splice(node)
                names = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
                if len(self.engine.diagnostics) == known and not names & (self.names.forbidden | _TORCH):
                    lines += ["", *text.split("\n")]
        return lines

    def _licence(self) -> list[str]:
        lines = []
        for line in self.source.lines:
            if not line.startswith("#"):
                break
            lines.append(line)
        return [*lines, f'"""Testing suite for the TensorFlow {self.located.names.title} model."""']

    def _dropped(self) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        for group in self.groups:
            if group.dropped and group.suite is not None:
                found.append((group.node.name, group.dropped))
            else:
                found += [(f.label, f.reason) for f in group.functions if f.reason]
        return tuple(found)


#: Methods that only PyTorch's tensors and models have.
_PYTORCH_METHODS = frozenset(
    {
        *("state_dict", "load_state_dict", "register_buffer", "_init_weights", "gradient_checkpointing_enable"),
        *("parameters", "named_parameters", "modules", "named_modules", "buffers", "named_buffers"),
        *("bfloat16", "half", "cuda", "retain_grad", "zero_grad", "backward"),
    }
)


def _tests_left(group: Group) -> bool:
    return any(f.name.startswith("test") and not f.reason for f in group.functions)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
