"""What is exported, the prefix, and inputs the base class must describe."""

from __future__ import annotations

from pathlib import Path

from scaffold.core.typedb import Observation, ProbedClass, TypeDB
from scaffold.translate import pretrained, translate
from tests.translate.checkouts import BASE, CONFIG, HEAD, checkout, class_text, port

MODEL = """
class QuokkaModel(QuokkaPreTrainedModel):
    def forward(self, {name}: torch.Tensor = None):
        return {name}
"""
START = (
    'QUOKKA_START_DOCSTRING = r"""\n    Words about PyTorch.\n\n    Parameters:\n'
    '        config: See [`~PreTrainedModel.from_pretrained`].\n"""\n'
)


def test_exports_come_from_the_package(tmp_path: Path) -> None:
    located = checkout(tmp_path, HEAD, exported=("QuokkaModel", "QuokkaPreTrainedModel"))
    assert pretrained.exported(located) == {"QuokkaModel", "QuokkaPreTrainedModel"}


def test_a_star_import_means_the_modules_own_list(tmp_path: Path) -> None:
    source = HEAD + '\n__all__ = ["QuokkaModel", "QuokkaThing"]\n'
    located = checkout(
        tmp_path, source, files={"src/transformers/models/quokka/__init__.py": "from .modeling_quokka import *\n"}
    )
    assert pretrained.exported(located) == {"QuokkaModel", "QuokkaThing"}


def test_nothing_exported_nothing_public(tmp_path: Path) -> None:
    assert pretrained.exported(checkout(tmp_path, HEAD)) == frozenset()
    assert port(tmp_path, MODEL.format(name="input_ids")).public == ()


def test_inputs_the_library_infers_are_not_described(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL.format(name="input_ids")).text
    assert "input_signature" not in text


def test_other_first_inputs_are(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, MODEL.format(name="input_values")).text, "TFQuokkaPreTrainedModel")
    assert '"input_values": tf.TensorSpec((None, None), tf.float32, name="input_values")' in text
    ids = class_text(port(tmp_path, MODEL.format(name="bbox_ids")).text, "TFQuokkaPreTrainedModel")
    assert 'tf.TensorSpec((None, None), tf.int32, name="bbox_ids")' in ids


def test_the_introduction_is_the_checkouts_own_and_the_parameters_pytorchs(tmp_path: Path) -> None:
    bert = 'BERT_START_DOCSTRING = r"""\n\n    Words about Keras.\n\n    Args:\n        config: x\n"""\n'
    located = checkout(tmp_path, HEAD + BASE + START, files={"src/transformers/models/bert/modeling_tf_bert.py": bert})
    text = translate(located, TypeDB()).text
    assert "Words about Keras." in text
    assert "Words about PyTorch." not in text
    assert "config: See [`~TFPreTrainedModel.from_pretrained`]." in text
    assert "config: x" not in text


def test_an_introduction_that_is_formatted_has_its_braces_doubled(tmp_path: Path) -> None:
    bert = 'BERT_START_DOCSTRING = r"""\n    - a dictionary: `model({"input_ids": ids})`\n\n    Args:\n        config: x\n"""\n'
    given, files = (
        START.replace("`~Pre", "`{config}` and `~Pre"),
        {"src/transformers/models/bert/modeling_tf_bert.py": bert},
    )
    text = translate(checkout(tmp_path / "plain", HEAD + BASE + START, files=files), TypeDB()).text
    assert 'model({"input_ids": ids})' in text
    use = '\nWORDS = QUOKKA_START_DOCSTRING.format(config="QuokkaConfig")\n'
    text = translate(checkout(tmp_path / "formatted", HEAD + BASE + given + use, files=files), TypeDB()).text
    words: dict[str, str] = {}
    exec(text[text.index("QUOKKA_START_DOCSTRING = ") :].split("\n\n\n")[0], words)
    assert 'model({"input_ids": ids})' in words["QUOKKA_START_DOCSTRING"].format(config="QuokkaConfig")


def test_without_that_file_pytorchs_words_stay(tmp_path: Path) -> None:
    assert "Words about TensorFlow." in port(tmp_path, START).text


def test_audio_frames_have_the_configurations_sizes(tmp_path: Path) -> None:
    body = MODEL.format(name="input_values").replace("return input_values", "return input_values.mean(1)")
    config = CONFIG + "        self.max_length = 5\n        self.num_mel_bins = 6\n"
    located = checkout(
        tmp_path, HEAD + BASE + body, files={"src/transformers/models/quokka/configuration_quokka.py": config}
    )
    text = translate(located, TypeDB()).text
    assert "tf.TensorSpec((None, None), tf.float32" in text  # rank 3 is known from the probe alone


def described(tmp_path: Path, config: str = "", **needed: Observation) -> str:
    """The model class of a port whose PyTorch twin was seen not to run without some inputs; `config` has further lines."""
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    files = {"src/transformers/models/quokka/configuration_quokka.py": CONFIG + config}
    source = HEAD + BASE + MODEL.format(name="input_ids")
    located = checkout(tmp_path, source, exported=("QuokkaModel",), files=files)
    return class_text(translate(located, types).text, "TFQuokkaModel")


def test_inputs_that_one_head_cannot_do_without_are_described_in_it(tmp_path: Path) -> None:
    ids = Observation("tensor", "int64", 2, shape=(2, 7))
    text = described(tmp_path, input_ids=ids, places=Observation("tensor", "int64", 3, shape=(2, 7, 4)))
    assert 'signature["places"] = tf.TensorSpec((None, None, 4), tf.int32, name="places")' in text
    assert "input_signature" not in described(tmp_path, input_ids=ids, attention_mask=ids)


def test_a_head_that_takes_videos_describes_frames(tmp_path: Path) -> None:
    video = Observation("tensor", "float32", 5, shape=(2, 8, 3, 4, 4))
    assert "(None, self.config.num_frames, 3, None, None)" in described(tmp_path, pixel_values=video)
    text = described(tmp_path, "        self.vision_config = vision_config  # has num_frames\n", pixel_values=video)
    assert 'getattr(self.config, "vision_config", self.config).num_frames' in text
    text = described(tmp_path, "        self.vision_config = vision_config\n", pixel_values=video)
    assert "num_frames" not in text and '(None, None, *signature["pixel_values"].shape[1:])' in " ".join(text.split())


def seen(tmp_path: Path, config: str) -> str:
    """The pretrained base class of a vision model with this configuration's last lines."""
    files = {"src/transformers/models/quokka/configuration_quokka.py": CONFIG + config}
    located = checkout(tmp_path, HEAD + BASE + MODEL.format(name="pixel_values"), files=files)
    return class_text(translate(located, TypeDB()).text, "TFQuokkaPreTrainedModel")


def test_images_without_a_size_have_any(tmp_path: Path) -> None:
    text = " ".join(seen(tmp_path, "        self.num_channels = 3\n").split())
    assert "(None, self.config.num_channels, None, None), tf.float32" in text
    assert '"pixel_values": tf.ones((1, channels, 64, 64))' in text
    assert "(None, 3, None, None)" in seen(tmp_path, "        self.image_size = image_size\n")
    told = "        self.image_size = image_size\n        self.num_channels = num_channels\n"
    assert "input_signature" not in seen(tmp_path, told)


def test_images_may_have_one_size_or_two(tmp_path: Path) -> None:
    config = (
        CONFIG.replace("hidden_size=8", "hidden_size=8, image_size=[8, 4]") + "        self.image_size = image_size\n"
    )
    body = MODEL.format(name="pixel_values").replace(
        "return pixel_values", "return isinstance(image_size, collections.abc.Iterable)"
    )
    files = {"src/transformers/models/quokka/configuration_quokka.py": config}
    located = checkout(tmp_path, HEAD + BASE + body, files=files)
    text = class_text(translate(located, TypeDB()).text, "TFQuokkaPreTrainedModel")
    assert "(None, self.config.num_channels, *np.broadcast_to(self.config.image_size, 2).tolist())" in " ".join(
        text.split()
    )


def test_images_may_have_two_sizes(tmp_path: Path) -> None:
    text = seen(
        tmp_path, "        image_size = (image_size, image_size) if isinstance(image_size, int) else image_size\n"
    )
    assert "self.config.image_size[0], self.config.image_size[1]" in text


def test_a_configuration_that_is_only_annotated(tmp_path: Path) -> None:
    """Since 4.54 PyTorch's base class reads it there; TensorFlow's does not."""
    base = BASE.replace("config_class = QuokkaConfig", "config: QuokkaConfig")
    source = HEAD + base + MODEL.format(name="input_ids")
    text = translate(checkout(tmp_path, source), TypeDB()).text
    assert class_text(text, "TFQuokkaPreTrainedModel").count("config_class = QuokkaConfig\n") == 1
    assert "config: QuokkaConfig\n" not in text
    both = HEAD + base.replace("    config: ", "    config_class = QuokkaConfig\n    config: ")
    text = translate(checkout(tmp_path, both + MODEL.format(name="input_ids")), TypeDB()).text
    assert class_text(text, "TFQuokkaPreTrainedModel").count("config_class = QuokkaConfig\n") == 1
