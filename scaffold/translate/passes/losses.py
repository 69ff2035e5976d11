"""A head's loss through `hf_compute_loss` and its mixin where PyTorch's code is one of the library's standard losses.

Source: translator.md §1.3; the mixins are in `modeling_tf_utils.py`. Any other loss is translated statement by statement.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from scaffold.translate.losses import as_function, inline_function, is_value
from scaffold.translate.writer import BlockWriter


@dataclass(frozen=True, slots=True)
class LossKind:
    """A standard loss: the class-name suffixes it belongs to and its mixin."""

    suffixes: tuple[str, ...]
    mixin: str
    shifted: bool = False


KINDS = (
    LossKind(("ForMaskedLM",), "TFMaskedLanguageModelingLoss"),
    LossKind(("ForCausalLM", "LMHeadModel"), "TFCausalLanguageModelingLoss", shifted=True),
    LossKind(
        ("ForSequenceClassification", "ForImageClassification", "ForAudioClassification", "ForVideoClassification"),
        "TFSequenceClassificationLoss",
    ),
    LossKind(("ForTokenClassification",), "TFTokenClassificationLoss"),
    LossKind(("ForMultipleChoice",), "TFMultipleChoiceLoss"),
    LossKind(("ForQuestionAnswering",), "TFQuestionAnsweringLoss"),
    LossKind(("ForNextSentencePrediction",), "TFNextSentencePredictionLoss"),
)


def kind_of(class_name: str) -> LossKind | None:
    """The standard loss that a head's name announces."""
    return next((kind for kind in KINDS if class_name.endswith(kind.suffixes)), None)


def is_standard(forward: ast.FunctionDef, class_name: str) -> bool:
    """True when the one block that computes a loss looks at nothing but labels and logits, as the mixins do."""
    blocks = [n for n in ast.walk(forward) if isinstance(n, ast.If) and _tests_labels(n.test) and not _adds_only(n)]
    if len(blocks) != 1 or any(isinstance(n, ast.Name) and n.id.endswith("mask") for n in ast.walk(blocks[0])):
        return False
    if any(isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Subscript) for n in ast.walk(blocks[0])):
        return False  # labels of its own making: `shift_labels[:, -1] = pad_token_id`
    answers = "start_positions" in ast.unparse(blocks[0].test)
    kind = kind_of(class_name)
    if (kind is not None and kind.mixin == "TFQuestionAnsweringLoss") is not answers:
        return False  # the name announces another loss than the one it computes
    return answers or _logits(blocks[0]) is not None


def _adds_only(block: ast.If) -> bool:
    """`if labels is not None: loss += …`: what another part of the model adds to the loss, its routers for example."""
    return all(isinstance(n, ast.AugAssign) for n in block.body) and not block.orelse


def has_problem_types(forward: ast.FunctionDef) -> bool:
    """True when PyTorch chooses the loss by `config.problem_type`, itself or in the library's `loss_function`."""
    return any(
        (isinstance(n, ast.Constant) and n.value == "multi_label_classification")
        or (isinstance(n, ast.keyword) and n.arg == "pooled_logits")
        or (isinstance(n, ast.Call) and ast.unparse(n.func) == "self.loss_function" and _labels_first(n))
        for n in ast.walk(forward)
    )


def _labels_first(call: ast.Call) -> bool:
    """`self.loss_function(labels, logits, config)`: the order of the library's loss of classes for whole inputs, alone."""
    return bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id.endswith("labels")


def problem_type_loss() -> list[str]:
    """The losses of `config.problem_type` that the library's mixin lacks: several labels, several regression targets.

    Keras may hand class numbers over as floats; with one number an item, PyTorch's loss for several labels would fail.
    A user may hand over a NumPy array or a list: Keras converts the first argument alone.
    """
    return [
        "def hf_compute_loss(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:",
        "    labels = tf.convert_to_tensor(labels)",
        "    problem_type = self.config.problem_type",
        "    several = labels.dtype.is_floating and labels.shape.rank != 1",
        "    if problem_type is None and self.num_labels > 1 and several:",
        '        problem_type = "multi_label_classification"',
        '    if problem_type == "multi_label_classification":',
        "        labels = tf.cast(labels, logits.dtype)",
        "        return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)",
        '    if problem_type == "regression":',
        "        return tf.math.squared_difference(tf.reshape(logits, shape_list(labels)), tf.cast(labels, logits.dtype))",
        "    return super().hf_compute_loss(labels, logits)",
    ]


def loss_of_one_item(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """A loss that is no mixin's gets the shape (1,) that Keras' training loop and the library's tests expect."""
    engine = writer.engine
    thin = (
        engine.current is not None and engine.current.name in engine.thin_models
    )  # a public model hands its outputs on
    inside = engine.as_layer and not thin
    if not engine.unpacks or inside or engine.uses_library_loss or not isinstance(statement, ast.If):
        return None
    function = engine.function_of(statement)
    if function is None or engine.parent(statement) is not function or ast.unparse(statement.test) != "not return_dict":
        return None
    name = _returned_loss(function)
    if name is None:
        return None
    size = "-1" if _may_stay_whole(function) else "1"
    guard = [f"if {name} is not None:", f"    {name} = tf.reshape({name}, ({size},))", ""]
    return [*guard, *writer.plain(statement)]


def _may_stay_whole(function: ast.FunctionDef) -> bool:
    """True where the configuration says how a loss is reduced: with `"none"` it has an item for each row."""
    calls = (n for n in ast.walk(function) if isinstance(n, ast.Call))
    return any(k.arg == "reduction" and not isinstance(k.value, ast.Constant) for n in calls for k in n.keywords)


def _returned_loss(function: ast.FunctionDef) -> str | None:
    """The variable handed over as `loss=` of the returned output."""
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
            for keyword in node.value.keywords:
                if keyword.arg == "loss" and isinstance(keyword.value, ast.Name):
                    return keyword.value.id
    return None


def constructed_loss(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`loss_fct = CrossEntropyLoss()` is dropped: its calls become functions (`Engine.loss_of`), all but a value's."""
    if (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.targets[0], ast.Name)
    ) and inline_function(writer.engine.source.qualname(statement.value.func)) is not None:
        if not is_value(writer.engine, statement):
            return []
        return [f"{statement.targets[0].id} = {as_function(writer.engine, statement.value)}"]
    return None


def library_loss(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`loss = None` is dropped and the `if labels is not None:` block becomes one call."""
    info = writer.engine.current
    kind = kind_of(info.name) if info else None
    if kind is None or not writer.engine.uses_library_loss:
        return None
    if (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is None
    ):
        name = ast.unparse(statement.targets[0])
        return [] if name == writer.engine.loss_name else None
    if not isinstance(statement, ast.If) or not _tests_labels(statement.test) or _adds_only(statement):
        return None
    if kind.mixin == "TFQuestionAnsweringLoss":
        return [f"{writer.engine.loss_name} = None", "if start_positions is not None and end_positions is not None:",
                '    labels = {"start_position": start_positions, "end_position": end_positions}',
                f"    {writer.engine.loss_name} = self.hf_compute_loss(labels, (start_logits, end_logits))"]  # fmt: skip
    labels = _labels_name(statement.test)
    logits = _logits(statement)
    if labels is None or logits is None:
        return None
    text = ast.unparse(statement)
    shifted = kind.shifted and (":-1" in text or "loss_function(" in text)
    return _written(writer, shifted, labels, writer.engine.expression(logits))


def _written(writer: BlockWriter, shifted: bool, labels: str, logits: str) -> list[str]:
    name = writer.engine.loss_name
    if shifted:
        return [f"{name} = None", f"if {labels} is not None:", "    # shift labels to the left and cut last logit token",
                f"    {name} = self.hf_compute_loss({labels}[:, 1:], {logits}[:, :-1])"]  # fmt: skip
    return [f"{name} = None if {labels} is None else self.hf_compute_loss(labels={labels}, logits={logits})"]


def _tests_labels(test: ast.expr) -> bool:
    text = ast.unparse(test)
    return text.endswith("labels is not None") or text == "start_positions is not None and end_positions is not None"


def _labels_name(test: ast.expr) -> str | None:
    return test.left.id if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) else None


def _logits(statement: ast.If) -> ast.expr | None:
    """The tensor under `.view(…)`/`.squeeze()`/slices in the first argument of the first call of the loss function."""
    source: ast.expr | None = None
    for node in ast.walk(statement):
        if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)):
            continue
        if ast.unparse(node.func).split(".")[-1] in ("loss_fct", "loss_function", "cross_entropy"):
            named = {k.arg: k.value for k in node.keywords}
            named = {name: named[name] for name in ("pooled_logits", "logits") if name in named}
            first = node.args[int(_labels_first(node))] if len(node.args) > 1 else source
            source = next(iter(named.values()), first)
    assigned = {
        n.targets[0].id: n.value
        for n in ast.walk(statement)
        if isinstance(n, ast.Assign)
        and isinstance(n.targets[0], ast.Name)
        and n.targets[0].id not in ("loss", "labels")
        and not any(isinstance(part, ast.Name) and part.id == n.targets[0].id for part in ast.walk(n.value))
    }
    while source is not None:
        if isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute):
            source = source.func.value
        elif isinstance(source, ast.Subscript):
            source = source.value
        elif isinstance(source, ast.Name) and source.id in assigned and assigned[source.id] is not source:
            source = assigned.pop(source.id)
        else:
            break
    return source
