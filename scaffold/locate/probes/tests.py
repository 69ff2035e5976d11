"""Whether the checkout has model tests and the common TensorFlow test class they inherit from."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight

COMMON = "tests/test_modeling_tf_common.py"


def _detect(sight: Sight) -> Finding | None:
    common = sight.find(COMMON, r"^\s*class TFModelTesterMixin\b", "present")
    if common is None:
        # since transformers 9f563ada70 (4.53) there is nothing to inherit from
        tests = sight.find("tests/test_modeling_common.py", r"^class ModelTesterMixin\b", "own")
        return tests if (sight.root / "tests/models").is_dir() else None
    if (sight.root / "tests/models").is_dir():
        return common
    return Finding(value="common_only", path=common.path, line=common.line, why="no tests/models (a release's sdist)")


FACET = Facet(
    name="tests",
    title="tests",
    values={
        "present": "tests/models with the models' tests, and the common TensorFlow test class",
        "common_only": "the common test class alone",
        "own": "tests/models without a common TensorFlow test class: the test file brings its own (4.53 to 4.57)",
    },
    detect=_detect,
)
