"""What kind of failure a failed test is, read from its name and the error it ended with.

Source: guide.md G36 (a common test that cannot apply is overridden, anything else is the port's fault) and translator.md
(where parity breaks, and how a port fails when it is traced).
"""

from __future__ import annotations

import re
from enum import Enum


class Kind(Enum):
    """The kinds, in the order in which they are told; the value is what the summary calls them."""

    PARITY = "differs from PyTorch"
    GRAPH = "fails in graph mode"
    OFFLINE = "needs a download"
    ENVIRONMENT = "needs a package"
    VALUES = "differs from expected numbers"
    COMMON = "a common test that fails"
    OWN = "a test of the model's own"


#: What to do about each kind.
ADVICE = {
    Kind.PARITY: "find the first layer that differs: `scaffold compare {stem}`",
    Kind.GRAPH: "something depends on a tensor's value or an unknown shape; the traceback names the line",
    Kind.OFFLINE: "run it with --slow, with access to the Hub",
    Kind.ENVIRONMENT: "install the package in the environment that --python names",
    Kind.VALUES: "the numbers must come from the PyTorch model with the same checkpoint",
    Kind.COMMON: "mend the port; override the test only if it cannot apply to this model",
    Kind.OWN: "read the error: the test was translated from PyTorch's",
}

_OFFLINE = re.compile(
    r"offline mode|LocalEntryNotFound|Can't load|couldn't connect|Connection ?Error|Max retries", re.I
)
_PACKAGE = re.compile(r"ModuleNotFoundError|requires the .* library but it was not found|No module named")
_GRAPH = re.compile(
    r"OperatorNotAllowedInGraph|SymbolicTensor|symbolic `?tf\.Tensor|InaccessibleTensor|in user code|AutoGraph|"
    r"autograph|XLA|jit_compile|Graph ?Execution ?Error|KerasTensor|NotImplementedError: Cannot convert",
)
_PARITY_NAMES = re.compile(r"pt_tf|pt_to_tf|pytorch|equivalence")
_NUMBERS = re.compile(
    r"AssertionError.*(not less than|max.*diff|Mismatched elements|not equal to tolerance|not close)"
    r"|Mismatched elements|Expected .* to be close|[\d.e-]+ not less than or equal to",
    re.S,
)
#: Tests that trace or export the model by what they are, whatever the error says.
_GRAPH_NAMES = re.compile(r"graph|xla|compile|saved_model|keras_fit|serving|onnx|tflite")


def kind_of(name: str, message: str, traceback: str) -> Kind:
    """The kind of a failure: `name` is the test function's, `message` the error's text, `traceback` all that pytest shows."""
    head = message or traceback[-2000:]
    for pattern, kind in ((_PACKAGE, Kind.ENVIRONMENT), (_OFFLINE, Kind.OFFLINE)):
        if pattern.search(head):
            return kind
    numbers = _NUMBERS.search(head) is not None
    if numbers and _PARITY_NAMES.search(name):
        return Kind.PARITY
    if _GRAPH.search(head) or (_GRAPH_NAMES.search(name) and not numbers):
        return Kind.GRAPH
    if numbers and ("integration" in name or "inference" in name):
        return Kind.VALUES
    if _PARITY_NAMES.search(name):
        return Kind.PARITY
    common = re.search(
        r"tests?/test_modeling_tf_common\.py|test_modeling_tf_common|/generation/test_tf_utils", traceback
    )
    return Kind.COMMON if common else Kind.OWN
