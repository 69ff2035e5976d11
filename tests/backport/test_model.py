"""The files of a model: what 5.x says in its way comes out in 4.x's, and what cannot is refused with its place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scaffold.backport.model import adapt
from scaffold.core.errors import ExitCode, ScaffoldError
from tests.backport.trees import CONFIGURATION, MODELLING, five, four

FOLDER = "src/transformers/models/tiny"


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    return four(tmp_path), five(tmp_path)


def adapted(trees: tuple[Path, Path], *changes: tuple[str, str]) -> str:
    """The modelling file, after changes to the 5.x one."""
    base, tree = trees
    file = tree / FOLDER / "modeling_tiny.py"
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    return adapt(base, tree, "tiny")[f"{FOLDER}/modeling_tiny.py"]


def flat(text: str) -> str:
    return " ".join(text.split())


def of(text: str, name: str) -> str:
    """One class or function of a module."""
    tree = ast.parse(text)
    return next(ast.unparse(n) for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == name)


def test_a_configuration_takes_its_fields_as_arguments(trees: tuple[Path, Path]) -> None:
    base, tree = trees
    text = adapt(base, tree, "tiny")[f"{FOLDER}/configuration_tiny.py"]
    config = of(text, "TinyConfig")
    assert "class TinyConfig(PretrainedConfig):" in config
    assert (
        "__init__(self, vocab_size=40, hidden_size=8, heads=None, spread=0.02, pad_token_id=1, rope_parameters=None"
        in config
    )
    assert "super().__init__(pad_token_id=pad_token_id, **kwargs)" in config, "what the base sets goes to the base"
    assert "getattr(self, 'default_theta', 10000.0)" in config
    assert "default_theta = 500.0" in config
    assert "kwargs.setdefault('tie_word_embeddings', False)" in config, "5.x ties only where it is told to"
    assert config.index("self.heads = self.hidden_size // 4") < config.index("super().__init__(")
    assert "self.validate_heads()" in config
    assert "strict" not in text and "auto_docstring" not in text and "interval" not in text


def test_a_configuration_works_on_a_base_class(trees: tuple[Path, Path]) -> None:
    base, tree = trees
    text = adapt(base, tree, "tiny")[f"{FOLDER}/configuration_tiny.py"].replace("from ...configuration_utils", "from b")
    made: dict[str, type] = {}
    namespace = {"PretrainedConfig": type("P", (), {"__init__": lambda self, **kw: vars(self).update(kw)})}
    exec(of(text, "TinyConfig"), namespace, made)
    config = made["TinyConfig"](hidden_size=16, rope_scaling={"rope_type": "linear", "factor": 2.0}, more=3)
    assert (config.hidden_size, config.heads, config.pad_token_id, config.more) == (16, 4, 1, 3)  # type: ignore[attr-defined]
    assert config.rope_parameters == {"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0}  # type: ignore[attr-defined]
    assert config.rope_theta == 500.0  # type: ignore[attr-defined]
    assert config.rope_scaling == config.rope_parameters  # type: ignore[attr-defined]


def test_collected_outputs_are_written_out(trees: tuple[Path, Path]) -> None:
    text = adapted(trees)
    block = of(text, "TinyBlock")
    assert "hidden_states, attn_weights = self.attention(hidden_states, **kwargs)" in block
    assert "return (residual + hidden_states, attn_weights)" in block
    model = of(text, "TinyModel")
    assert "capture_outputs" not in text and "_can_record_outputs" not in text
    assert "hidden_states = layer_outputs[0]" in model
    assert "all_self_attentions += (layer_outputs[1],)" in model
    assert model.count("all_hidden_states += (hidden_states,)") == 2, "before each layer, and the last one"
    assert "hidden_states=all_hidden_states, attentions=all_self_attentions" in model
    assert "if not return_dict:" in model and "return model_output.to_tuple()" in model
    head = of(text, "TinyForMaskedLM")
    assert "output_attentions=output_attentions, output_hidden_states=output_hidden_states, return_dict=True" in head


def test_last_hidden_state_that_is_not_tied_is_taken_after_the_loop(trees: tuple[Path, Path]) -> None:
    model = of(adapted(trees, ("@capture_outputs", "@capture_outputs(tie_last_hidden_states=False)")), "TinyModel")
    loop = model.split("for layer in", 1)[1]
    assert loop.index("layer_outputs[1]") < loop.rindex("all_hidden_states += (hidden_states,)")


def test_what_4x_spells_otherwise(trees: tuple[Path, Path]) -> None:
    text = adapted(trees)
    assert "attention_interface: Callable = eager_attention_forward" in text
    assert "ALL_ATTENTION_FUNCTIONS[self.config._attn_implementation]" in text
    assert "isinstance(module, (nn.Linear, nn.Embedding))" in text
    assert "nn.init.normal_(module.weight, std=self.config.spread)" in text
    assert "module.inv_freq.data.copy_(torch.ones(2))" in text
    assert "torch.autocast(device_type=" in text
    assert "use_kernelized_func" not in text and "merge_with_config_defaults" not in text
    assert "use_cache = use_cache if use_cache is not None else self.config.use_cache" in text
    assert "if not (input_ids is not None): raise ValueError('no tokens')" in flat(text).replace('"', "'")
    assert "attention_mask: Optional[torch.Tensor] = None" in text, "no unions: the base runs on Python 3.9"
    assert "DynamicCache()" in text


def test_masks_and_rotary_embeddings(trees: tuple[Path, Path]) -> None:
    text = adapted(trees)
    assert "_prepare_4d_causal_attention_mask(" in of(text, "make_causal_mask")
    assert "isinstance(past_key_values, StaticCache)" in of(
        text, "make_causal_mask"
    ), "one that cannot be served is refused"
    assert "_prepare_4d_attention_mask(" in of(text, "make_bidirectional_mask")
    assert "masking_utils" not in text
    rotary = of(text, "TinyRotary")
    assert "self.rope_init_fn: Callable = self.compute_default_rope_parameters" in rotary
    assert "self.original_inv_freq = self.inv_freq" in rotary


GENERIC = """from torch import nn

from .cache_utils import DynamicCache
from .modeling_outputs import MaskedLMOutput
from .utils import logging


class GenericForCounting:
    base_model_prefix = "model"

    def __init__(self, config):
        super().__init__(config)
        # Similar to `self.model = AutoModel.from_config(config)` but with another name
        setattr(self, self.base_model_prefix, AutoModel.from_config(config))
        self.count = nn.Linear(config.hidden_size, 1)

    @can_return_tuple
    def forward(self, input_ids, **kwargs: Unpack[TransformersKwargs]) -> MaskedLMOutput:
        outputs = getattr(self, self.base_model_prefix)(input_ids, **kwargs)
        if input_ids is None:
            logger.warning_once("nothing to count")
        return MaskedLMOutput(logits=self.count(outputs.last_hidden_state))
"""


def test_a_generic_head_is_written_out_around_the_files_model(trees: tuple[Path, Path]) -> None:
    (trees[1] / "src/transformers/modeling_layers.py").write_text(GENERIC)
    text = adapted(
        trees,
        ("...modeling_outputs import", "...modeling_layers import GenericForCounting\nfrom ...modeling_outputs import"),
        ("__all__ =", "class TinyForCounting(GenericForCounting, TinyPreTrainedModel):\n    pass\n\n\n__all__ ="),
    )
    head = of(text, "TinyForCounting")
    assert head.startswith("class TinyForCounting(TinyPreTrainedModel):")
    assert "self.model = TinyModel(config)" in head
    assert "self.model(input_ids, output_attentions=output_attentions" in head
    assert "model_output.to_tuple()" in head
    assert "logger = logging.get_logger(__name__)" in text and "from ...utils import" in text
    assert "GenericFor" not in text and "Similar to" not in text


def test_ties_are_lists_and_a_head_shares_its_bias(trees: tuple[Path, Path]) -> None:
    text = adapted(trees)
    assert '_tied_weights_keys = ["head.decoder.weight", "head.decoder.bias"]' in text
    assert "def get_output_embeddings(self):\n        return self.head.decoder" in of(text, "TinyForMaskedLM")
    assert "def get_input_embeddings(self):\n        return self.tiny.embed_tokens" in of(text, "TinyForMaskedLM")
    assert "def get_input_embeddings(self):\n        return self.embed_tokens" in of(text, "TinyModel")
    head = of(text, "TinyHead")
    assert head.count("self.decoder.bias = self.bias") == 2 and "def _tie_weights(self):" in head


def test_a_small_helper_is_brought_along_with_what_it_needs(trees: tuple[Path, Path]) -> None:
    text = adapted(trees)
    assert "import math" in text
    assert "_TWO = 2" in text
    assert "def _times(x, factor):" in text and "def doubled(x):" in text
    assert "little" not in text


def test_the_result_parses_and_imports_only_what_the_base_has(trees: tuple[Path, Path]) -> None:
    base, tree = trees
    for path, text in adapt(base, tree, "tiny").items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.level == 3:
                assert (base / "src/transformers" / f"{(node.module or '').replace('.', '/')}.py").is_file() or (
                    base / "src/transformers" / (node.module or "") / "__init__.py"
                ).is_file(), (path, node.module)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("...little import doubled", "...little import doubled, absent", "little.absent"),
        ('"attentions": TinyAttention}', '"router": TinyAttention}', "_can_record_outputs['router']"),
        (
            "attention_mask=attention_mask, past_key_values=None",
            "or_mask_function=None",
            "create_causal_mask(or_mask_function=…)",
        ),
        ("init.copy_(module.inv_freq, torch.ones(2))", "init.unheard_(module.inv_freq)", "initialization.unheard_"),
        ('"tiny.embed_tokens.weight"', '"tiny.layers.0.weight"', "TinyForMaskedLM._tied_weights_keys"),
        ("return residual + hidden_states", "return residual, hidden_states", "TinyBlock"),
    ],
)
def test_refusals_name_the_place(trees: tuple[Path, Path], old: str, new: str, said: str) -> None:
    with pytest.raises(ScaffoldError) as refusal:
        if said == "little.absent":
            adapted(trees, (old, new), ("doubled(self.query", "absent(self.query"))
        else:
            adapted(trees, (old, new))
    assert refusal.value.code == "BKP102"
    assert refusal.value.exit_code is ExitCode.UNSUPPORTED_SOURCE
    assert refusal.value.message.startswith(f"{FOLDER}/modeling_tiny.py:")
    assert said in refusal.value.message
    assert refusal.value.help


def test_a_configuration_that_derives_from_another_hands_its_fields_on(trees: tuple[Path, Path]) -> None:
    base, tree = trees
    file = tree / FOLDER / "configuration_tiny.py"
    more = "\n\nclass OtherConfig(TinyConfig):\n    hidden_size: int = 4\n    more: int = 1\n"
    same = "\n\nclass SameConfig(TinyConfig):\n    model_type = 'same'\n"
    file.write_text(CONFIGURATION + more + same)
    text = adapt(base, tree, "tiny")[f"{FOLDER}/configuration_tiny.py"]
    other = of(text, "OtherConfig")
    assert "__init__(self, hidden_size=4, more=1, **kwargs)" in other
    assert "self.more = more" in other and "super().__init__(hidden_size=hidden_size, **kwargs)" in other
    assert "__init__" not in of(text, "SameConfig")


def test_a_configuration_of_a_class_that_the_base_lacks_is_refused(trees: tuple[Path, Path]) -> None:
    base, tree = trees
    file = tree / FOLDER / "configuration_tiny.py"
    file.write_text(CONFIGURATION.replace("TinyConfig(PreTrainedConfig)", "TinyConfig(NowhereConfig)"))
    with pytest.raises(ScaffoldError, match="TinyConfig: the base has no configuration to derive it from"):
        adapt(base, tree, "tiny")


def test_what_is_kept_in_float32_goes_by_one_name(trees: tuple[Path, Path]) -> None:
    names = '["inv_freq", "attention.query"]'
    text = adapted(
        trees,
        ('    base_model_prefix = "tiny"\n', f'    base_model_prefix = "tiny"\n    _keep_in_fp32_modules = {names}\n'),
    )
    assert '_keep_in_fp32_modules = ["query"]' in text


def test_an_activation_that_the_base_lacks_is_refused(trees: tuple[Path, Path]) -> None:
    base, tree = trees
    (base / "src/transformers/activations.py").write_text('ACT2FN = {"gelu": 1}\n')
    file = tree / FOLDER / "configuration_tiny.py"
    field = '    hidden_act: str = "{}"\n    hidden_size: int = 8\n'
    file.write_text(CONFIGURATION.replace("    hidden_size: int = 8\n", field.format("gelu")))
    adapt(base, tree, "tiny")
    file.write_text(CONFIGURATION.replace("    hidden_size: int = 8\n", field.format("squid")))
    with pytest.raises(ScaffoldError, match="hidden_act: the base has no activation function 'squid'"):
        adapt(base, tree, "tiny")


def test_a_mask_with_a_window_is_cut_to_the_keys_that_a_cache_kept(trees: tuple[Path, Path]) -> None:
    text = adapted(
        trees,
        (
            "create_bidirectional_mask, create_causal_mask",
            "create_bidirectional_mask, create_sliding_window_causal_mask",
        ),
        (
            "create_causal_mask(\n            config=self.config",
            "create_sliding_window_causal_mask(\n            config=self.config",
        ),
        (
            "        query = doubled(self.query(hidden_states))\n        return attention_interface(",
            "        query = doubled(self.query(hidden_states))\n        if past_key_values is not None:\n"
            "            query, query = past_key_values.update(query, query, 0)\n        out, weights = attention_interface(",
        ),
        (
            "query, query, query, attention_mask, **kwargs)",
            "query, query, query, attention_mask, **kwargs)\n        return out, weights",
        ),
        (
            "attention_mask=None, **kwargs: Unpack[TransformersKwargs]):\n        att",
            "attention_mask=None, past_key_values=None, **kwargs: Unpack[TransformersKwargs]):\n        att",
        ),
    )
    assert "config.sliding_window - 1" in of(text, "make_sliding_window_causal_mask")
    attention = of(text, "TinyAttention")
    assert "attention_mask = attention_mask[..., -query.shape[-2]:]" in attention
    assert attention.index("past_key_values.update(") < attention.index("-query.shape[-2]:")


def test_layers_that_are_appended_and_skipped_are_followed(trees: tuple[Path, Path]) -> None:
    text = adapted(
        trees,
        (
            "        self.layers = nn.ModuleList([TinyBlock(config) for _ in range(2)])\n",
            "        self.layers = nn.ModuleList()\n        for _ in range(2):\n"
            "            block = TinyBlock(config)\n            self.layers.append(block)\n",
        ),
        (
            "            hidden_states = layer(hidden_states, attention_mask=mask if both is None else both, **kwargs)\n",
            "            if not self.training:\n                hidden_states = layer(hidden_states, **kwargs)\n",
        ),
    )
    inside = of(text, "TinyModel").split("if not self.training:", 1)[1]
    assert inside.index("all_hidden_states += (hidden_states,)") < inside.index("layer_outputs = layer(")


@pytest.mark.parametrize("text", ["class (", "\x00", MODELLING[:400]])
def test_a_damaged_file_is_no_crash(trees: tuple[Path, Path], text: str) -> None:
    base, tree = trees
    (tree / FOLDER / "modeling_tiny.py").write_text(text)
    with pytest.raises(ScaffoldError) as refusal:
        adapt(base, tree, "tiny")
    assert refusal.value.code == "BKP101"
