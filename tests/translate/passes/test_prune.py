"""What has no meaning in TensorFlow goes, with nothing left of it."""

from __future__ import annotations

import pytest

from tests.translate.checkouts import body_of, statements


@pytest.mark.parametrize(
    "text",
    [
        "self.post_init()",
        "self.init_weights()",
        "torch.cuda.empty_cache()",
        "x.requires_grad_(True)",
        "del x",
        "device = x.device",
        "if self.gradient_checkpointing and self.training:\n    x = a(x)",
        "if torch.jit.is_tracing():\n    x = a(x)",
    ],
)
def test_gone(text: str) -> None:
    assert statements(f"{text}\ny = 1", x="float32[2]") == "y = 1"


def test_only_the_branch_that_runs_is_written() -> None:
    text = "if self.gradient_checkpointing:\n    x = a(x)\nelse:\n    # plain\n    x = b(x)  # so\ny = x"
    assert statements(text) == "# plain\nx = b(x)  # so\ny = x"


def test_the_first_branch_when_it_always_runs() -> None:
    text = 'if config._attn_implementation == "eager":\n    x = a(x)\nelse:\n    x = b(x)'
    assert statements(text) == "x = a(x)"


def test_elif_after_a_settled_condition_becomes_if() -> None:
    text = "if torch.jit.is_tracing():\n    x = a(x)\nelif y:\n    x = b(x)\nelse:\n    x = c(x)"
    assert statements(text) == "if y:\n    x = b(x)\nelse:\n    x = c(x)"


def test_a_settled_elif_leaves_its_else() -> None:
    text = "if y:\n    x = a(x)\nelif torch.jit.is_tracing():\n    x = b(x)\nelse:\n    x = c(x)"
    assert statements(text) == "if y:\n    x = a(x)\nelse:\n    x = c(x)"


@pytest.mark.parametrize(
    "context", ["torch.no_grad()", "torch.autocast(enabled=False, device_type='cpu')", "torch.inference_mode()"]
)
def test_contexts_of_torch_leave_their_body(context: str) -> None:
    assert (
        statements(f"with {context}:\n    # inside\n    x = torch.tanh(x)", x="float32[2]")
        == "# inside\nx = tf.tanh(x)"
    )


def test_other_contexts_stay() -> None:
    assert statements("with open(a) as b:\n    c = b") == "with open(a) as b:\n    c = b"


def test_ordinary_conditions_stay() -> None:
    text = "if self.config.is_decoder:\n    x = a(x)"
    assert statements(text) == text


def test_what_old_keywords_are_told_is_left_out() -> None:
    text = body_of(
        "def forward(self, x, **old):\n"
        "    if old.pop('y', False) is not False:\n        warnings.warn('y is gone')\n"
        "    if len(old) > 0:\n        raise ValueError(old)\n"
        "    return x\n"
    )[0]
    assert text == "return x"


def test_a_layer_keeps_its_own_dtype() -> None:
    assert statements("self.dtype = getattr(torch, config.router_dtype)\ny = 1") == "y = 1"
    assert statements("self.classifier = self.classifier.to(torch.float32)\ny = 1") == "y = 1"


def test_hooks_that_watch_gradients_go() -> None:
    text = "if self.watched:\n    self.keep(x)\n    x.register_hook(self.keep_gradient)\ny = x"
    assert statements(text, x="float32[2]") == "y = x"
