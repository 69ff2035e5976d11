"""How the checkout's own tests deal with a common test that cannot apply: the skips of PyTorch's twin and of other models.

Source: guide.md G36: "a common test that cannot apply to a model is overridden in that model's test class, with the reason".
What is proposed is only what somebody wrote in this checkout; the reason stays the porter's to judge.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scaffold.core.checkout import Located


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A skip to write. `reason` is the text found, `source` where: PyTorch's test of the model, or how many others."""

    test: str
    reason: str
    source: str

    def text(self) -> str:
        """The method to put into the model's test class."""
        return f"@unittest.skip(reason={self.reason!r})\ndef {self.test}(self):\n    pass\n"


class Overrides:
    """The skipped common tests of a checkout, read when the first failure asks for them."""

    def __init__(self, located: Located) -> None:
        self._located = located

    def of(self, test: str) -> Override | None:
        """The override that PyTorch's test of this model has; else the most frequent reason in other TensorFlow tests."""
        own = self._own.get(test)
        if own is not None:
            return Override(test=test, reason=own, source=str(self._located.pt_test))
        reasons = self._others.get(test)
        if not reasons:
            return None
        reason = reasons.most_common(1)[0][0]
        return Override(test=test, reason=reason, source=f"{sum(reasons.values())} other TensorFlow tests skip it")

    @cached_property
    def _own(self) -> dict[str, str]:
        path = self._located.pt_test
        return dict(_skips(self._located.root / path)) if path else {}

    @cached_property
    def _others(self) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = {}
        for path in sorted((self._located.root / "tests/models").glob("*/test_modeling_tf_*.py")):
            if path != self._located.root / self._located.names.tf_test_path:
                for name, reason in _skips(path):
                    found.setdefault(name, Counter())[reason] += 1
        return found


def _skips(path: Path) -> Iterator[tuple[str, str]]:
    """(test function, reason) of each method that is skipped unconditionally."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for decorator in node.decorator_list:
                reason = _reason(decorator)
                if reason:
                    yield node.name, reason


def _reason(decorator: ast.expr) -> str | None:
    """The text of `@unittest.skip("…")` or `@unittest.skip(reason="…")`."""
    if not isinstance(decorator, ast.Call) or not ast.unparse(decorator.func).endswith("skip"):
        return None
    values = [*decorator.args, *(keyword.value for keyword in decorator.keywords if keyword.arg == "reason")]
    texts = [v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)]
    return texts[0].strip() if texts else None
