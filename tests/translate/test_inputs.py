"""Inputs that the library cannot describe by itself."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

from scaffold.core.typedb import Observation, ProbedClass, TypeDB, TypeInfo
from scaffold.translate import translate
from tests.translate.checkouts import BASE, CONFIG, HEAD, checkout, class_text

MODEL = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.project = nn.Linear(config.state_dim, 2)

    def forward(self, input_ids: torch.Tensor = None, states: torch.Tensor = None):
        return self.project(states)
"""


def test_an_input_that_a_linear_layer_takes_has_its_width(tmp_path: Path) -> None:
    needed = {"input_ids": Observation("tensor", "int64", 2), "states": Observation("tensor", "float32", 3)}
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    located = checkout(tmp_path, HEAD + BASE + MODEL, exported=("QuokkaModel",))
    text = " ".join(class_text(translate(located, types).text, "TFQuokkaModel").split())
    assert "(None, None, self.config.state_dim), tf.float32" in text


def test_each_model_has_the_prefix_of_its_own_base_class(tmp_path: Path) -> None:
    other = """
class QuokkaTailPreTrainedModel(PreTrainedModel):
    config_class = QuokkaConfig
    base_model_prefix = "tail"


class QuokkaModel(QuokkaTailPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.project = nn.Linear(2, 2)

    def forward(self, input_ids: torch.Tensor = None):
        return input_ids
"""
    located = checkout(tmp_path, HEAD + BASE + other, exported=("QuokkaModel",))
    assert 'self.tail = TFQuokkaMainLayer(config, name="tail")' in translate(located, TypeDB()).text


def test_a_vocabulary_of_one_token_has_dummies_of_its_own(tmp_path: Path) -> None:
    model = MODEL.replace("return self.project(states)", "return self.project(input_ids)")
    config = "class QuokkaConfig(PretrainedConfig):\n    def __init__(self, vocab_size=1, **kwargs):\n        pass\n"
    located = checkout(tmp_path, HEAD + BASE + model, exported=("QuokkaModel",))
    (located.root / located.names.package_path / f"{located.config_module}.py").write_text(config)
    text = class_text(translate(located, TypeDB()).text, "TFQuokkaPreTrainedModel")
    assert 'dummy_inputs["input_ids"] = tf.zeros_like(dummy_inputs["input_ids"])' in text


def test_where_nothing_can_be_called_the_weights_are_made_at_once(tmp_path: Path) -> None:
    model = MODEL.replace("input_ids: torch.Tensor = None, states", "states")
    needed = {"states": Observation("tensor", "float32", 3)}
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    located = checkout(tmp_path, HEAD + BASE + model, exported=("QuokkaModel",))
    text = class_text(translate(located, types).text, "TFQuokkaPreTrainedModel")
    assert "self.build_in_name_scope()\n        return {}" in text


def test_images_whose_size_no_layer_asks_for_are_small_on_loading(tmp_path: Path) -> None:
    model = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.project = nn.Conv2d(3, 2, {size})

    def forward(self, input_ids: torch.Tensor = None, pixel_values: torch.Tensor = None):
        return self.project(pixel_values)
"""
    config = "class QuokkaConfig:\n    def __init__(self, image_size=600):\n        self.image_size = image_size\n"
    files = {"src/transformers/models/quokka/configuration_quokka.py": config}
    found = []
    for size in ("3", "config.image_size"):
        source = HEAD + BASE + model.format(size=size)
        place = source.split("\n").index("        return self.project(pixel_values)") + 1
        seen = TypeInfo((Observation("tensor", "float32", 4, shape=(2, 3, 32, 32)),))
        types = TypeDB({(place, 28, place, 40): seen})
        located = checkout(tmp_path, source, exported=("QuokkaModel",), files=files)
        found.append("64, 64" in translate(located, types).text)
    assert found == [True, False]


FRAMES = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.project = nn.Linear(config.hidden_size, 2)

    def forward(self, input_ids: torch.Tensor = None, pixel_values: torch.Tensor = None):
        return self.project(pixel_values)
"""


def test_videos_of_a_configuration_without_channels_are_described_whole(tmp_path: Path) -> None:
    config = CONFIG + "        self.num_frames = 2\n        self.max_img_size = 16\n"
    needed = {
        "input_ids": Observation("tensor", "int64", 2),
        "pixel_values": Observation("tensor", "float32", 5, shape=(1, 2, 3, 16, 16)),
    }
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    located = checkout(tmp_path, HEAD + BASE + FRAMES, exported=("QuokkaModel",))
    (tmp_path / located.names.package_path / "configuration_quokka.py").write_text(config, encoding="utf-8")
    text = " ".join(class_text(translate(located, types).text, "TFQuokkaModel").split())
    assert "(None, self.config.num_frames, 3, self.config.max_img_size, self.config.max_img_size)" in text
    assert "super().input_signature" not in text
    assert '"input_ids": tf.TensorSpec((None, None), tf.int32, name="input_ids")' in text


VISION_CONFIG = """
class QuokkaVisionConfig(PretrainedConfig):
    def __init__(self, image_size=16, **kwargs):
        self.image_size = image_size
{more}

class QuokkaConfig(PretrainedConfig):
    def __init__(self, vision_config=None, **kwargs):
        self.vision_config = QuokkaVisionConfig(**vision_config)
"""


def test_channels_are_those_of_the_weights_where_the_configuration_class_has_none(tmp_path: Path) -> None:
    model = FRAMES + FRAMES.replace("QuokkaModel", "QuokkaEyes").replace(
        "input_ids: torch.Tensor = None, ", ""
    ).replace("    def __init__", "    config_class = QuokkaVisionConfig\n\n    def __init__", 1)
    source = HEAD + BASE + model
    seen = Observation("tensor", "float32", 4, shape=(2, 3, 16, 16))
    types = first_seen(source, pixel_values=(seen, seen))
    types.classes["QuokkaEyes"] = ProbedClass("QuokkaEyes")
    file = "src/transformers/models/quokka/configuration_quokka.py"
    found = []
    for more in ("", "        self.num_channels = 3\n"):
        files = {file: VISION_CONFIG.format(more=more)}
        located = checkout(tmp_path / str(len(more)), source, exported=("QuokkaModel", "QuokkaEyes"), files=files)
        text = translate(located, types).text
        found.append([" ".join(class_text(text, name).split()) for name in ("TFQuokkaModel", "TFQuokkaEyes")])
    both, eyes = found[0]
    assert "(None, 3, self.config.vision_config.image_size, self.config.vision_config.image_size)" in both
    assert '"input_ids": tf.TensorSpec((None, None), tf.int32, name="input_ids")' in both
    assert "(None, 3, self.config.image_size, self.config.image_size)" in eyes and "input_ids" not in eyes
    assert not any("def input_signature" in text for text in found[1])


def test_a_mask_that_must_fit_the_data_leaves_no_dummy_inputs(tmp_path: Path) -> None:
    needed = {
        "pixel_values": Observation("tensor", "float32", 4),
        "bool_masked_pos": Observation("tensor", "bool", 2),
    }
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    model = FRAMES.replace("input_ids: torch.Tensor = None, ", "").replace("= None)", "= None, bool_masked_pos=None)")
    located = checkout(tmp_path, HEAD + BASE + model, exported=("QuokkaModel",))
    text = class_text(translate(located, types).text, "TFQuokkaModel")
    assert 'tf.TensorSpec((None, None), tf.bool, name="bool_masked_pos")' in text
    assert "return {}" in text


def first_seen(source: str, **names: tuple[Observation, ...]) -> TypeDB:
    """What a probe saw where these names are read, one observation after the other."""
    sites = {}
    loads = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    for node in sorted(loads, key=lambda n: n.lineno):
        if node.id in names:
            first, *rest = names[node.id]
            names[node.id] = (*rest, first)
            sites[node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0] = TypeInfo((first,))
    return TypeDB(sites, {"QuokkaModel": ProbedClass("QuokkaModel")})


def test_an_input_is_described_as_given_not_as_what_is_made_of_it(tmp_path: Path) -> None:
    part = """
class QuokkaEncoder(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.project = nn.Linear(config.patch_length, 2)

    def forward(self, values: torch.Tensor):
        return self.project(values)
"""
    model = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.encoder = QuokkaEncoder(config)

    def forward(self, values: torch.Tensor):
        values = values.unfold(1, 4, 4)
        return self.encoder(values)
"""
    source = HEAD + BASE + part + model
    patches, series = (Observation("tensor", "float32", rank) for rank in (4, 3))
    located = checkout(tmp_path, source, exported=("QuokkaModel",))
    types = first_seen(source, values=(patches, series, patches))
    text = class_text(translate(located, types).text, "TFQuokkaPreTrainedModel")
    assert '"values": tf.TensorSpec((None, None, None), tf.float32, name="values")' in text


def test_optional_images_of_each_sample_are_described(tmp_path: Path) -> None:
    source = HEAD + BASE + FRAMES
    config = CONFIG + "        self.vision_config = vision_config\n"
    located = checkout(tmp_path, source, exported=("QuokkaModel",))
    (tmp_path / located.names.package_path / "configuration_quokka.py").write_text(config, encoding="utf-8")
    images = [Observation("tensor", "float32", rank, shape=(1, 2, 3, 16, 16)[5 - rank :]) for rank in (5, 4)]
    found = [
        'signature["pixel_values"] = tf.TensorSpec('
        in translate(located, first_seen(source, pixel_values=(seen,))).text
        for seen in images
    ]
    assert found == [True, False]


def test_what_one_model_of_a_file_needs_is_described_with_its_first_input(tmp_path: Path) -> None:
    classes = {
        "QuokkaModel": ProbedClass("QuokkaModel"),
        "QuokkaQueryModel": ProbedClass(
            "QuokkaQueryModel",
            needed={"queries": Observation("tensor", "float32", 3), "states": Observation("tensor", "float32", 3)},
        ),
    }
    query = MODEL.replace("QuokkaModel", "QuokkaQueryModel").replace("input_ids: torch.Tensor", "queries: torch.Tensor")
    located = checkout(tmp_path, HEAD + BASE + MODEL + query, exported=tuple(classes))
    text = class_text(translate(located, TypeDB(classes=classes)).text, "TFQuokkaQueryModel")
    assert '"queries": tf.TensorSpec((None, None, None), tf.float32, name="queries")' in text
    assert '"states": tf.TensorSpec((None, None, self.config.state_dim), tf.float32, name="states")' in text


def test_the_width_of_an_input_is_the_vision_models_where_there_is_one(tmp_path: Path) -> None:
    needed = {"input_ids": Observation("tensor", "int64", 2), "states": Observation("tensor", "float32", 3)}
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    located = checkout(tmp_path, HEAD + BASE + MODEL, exported=("QuokkaModel",))
    path = tmp_path / located.names.package_path / "configuration_quokka.py"
    found = []
    for name in ("QuokkaVisionConfig", "QuokkaTextConfig"):
        part = f"class {name}(PretrainedConfig):\n    def __init__(self):\n        self.state_dim = 4\n\n\n"
        path.write_text(part + CONFIG + "        self.vision_config = QuokkaVisionConfig()\n", encoding="utf-8")
        found.append("vision_config" in class_text(translate(located, types).text, "TFQuokkaModel"))
    assert found == [True, False]


def test_models_that_begin_with_different_inputs_describe_their_own(tmp_path: Path) -> None:
    text_model = MODEL.replace("QuokkaModel", "QuokkaTextModel")
    image_model = MODEL.replace("input_ids: torch.Tensor = None, states", "states").replace(
        "QuokkaModel", "QuokkaWideModel"
    )
    classes = {name: ProbedClass(name) for name in ("QuokkaTextModel", "QuokkaWideModel")}
    located = checkout(tmp_path, HEAD + BASE + image_model + text_model, exported=tuple(classes))
    text = translate(located, TypeDB(classes=classes)).text
    assert "input_signature" not in class_text(text, "TFQuokkaPreTrainedModel")
    assert "input_signature" not in class_text(text, "TFQuokkaTextModel")
    assert '"states": tf.TensorSpec(' in class_text(text, "TFQuokkaWideModel")


ALONE = """
from .configuration_quokka import QuokkaVoiceConfig


class QuokkaVoice(PreTrainedModel):
    config_class = QuokkaVoiceConfig
    main_input_name = "spectrogram"

    def __init__(self, config):
        super().__init__(config)
        self.project = nn.Linear(2, 2)

    def forward(self, spectrogram: torch.FloatTensor):
        return self.project(spectrogram)
"""


def test_a_model_without_a_base_class_of_its_own(tmp_path: Path) -> None:
    needed = {"spectrogram": Observation("tensor", "float32", 3)}
    types = TypeDB(classes={"QuokkaVoice": ProbedClass("QuokkaVoice", needed=needed)})
    located = checkout(tmp_path, HEAD + BASE + ALONE, exported=("QuokkaVoice",))
    translation = translate(located, types)
    text = class_text(translation.text, "TFQuokkaVoice")
    assert translation.models == ("TFQuokkaVoice",)
    assert text.startswith("class TFQuokkaVoice(TFPreTrainedModel):\n    config_class = QuokkaVoiceConfig\n")
    assert 'main_input_name = "spectrogram"' in text and "self.build_in_name_scope()" in text
    # both of which the library's unpack_inputs asks every model for
    assert "output_hidden_states: bool | None = None, return_dict: bool | None = None" in " ".join(text.split())


def test_a_model_without_a_base_class_inside_another(tmp_path: Path) -> None:
    outer = """
class QuokkaSpeaker(PreTrainedModel):
    config_class = QuokkaConfig

    def __init__(self, config):
        super().__init__(config)
        self.voice = QuokkaVoice(config.voice_config)

    def forward(self, spectrogram: torch.FloatTensor):
        return self.voice(spectrogram)
"""
    located = checkout(tmp_path, HEAD + BASE + ALONE + outer, exported=("QuokkaVoice", "QuokkaSpeaker"))
    text = translate(located, TypeDB()).text
    assert "config_class = QuokkaVoiceConfig" in class_text(text, "TFQuokkaVoiceMainLayer")
    thin = class_text(text, "TFQuokkaVoice")
    assert "config_class = QuokkaVoiceConfig" in thin and 'tf_weight.removeprefix("model_layer.")' in thin
    assert 'TFQuokkaVoiceMainLayer(config.voice_config, name="voice")' in class_text(text, "TFQuokkaSpeaker")


def test_features_that_a_layer_takes_off_first_count(tmp_path: Path) -> None:
    model = MODEL.replace(
        "        return self.project(states)", "        states = states[:, :, 2:]\n        return self.project(states)"
    )
    needed = {"input_ids": Observation("tensor", "int64", 2), "states": Observation("tensor", "float32", 3)}
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    located = checkout(tmp_path, HEAD + BASE + model, exported=("QuokkaModel",))
    text = " ".join(class_text(translate(located, types).text, "TFQuokkaModel").split())
    assert "(None, None, self.config.state_dim + 2), tf.float32" in text


def test_a_composite_of_images_of_any_size_is_not_called_on_loading(tmp_path: Path) -> None:
    model = FRAMES.replace("input_ids: torch.Tensor = None, ", "").replace("config.hidden_size", "3")
    located = checkout(tmp_path, HEAD + BASE + model, exported=("QuokkaModel",))
    joined = located.source + "\n\nclass ElderPart(nn.Module):\n    def forward(self, x):\n        return x\n"
    found = [translate(one, TypeDB()).text for one in (located, replace(located, joined=joined))]
    assert ["(1, channels, 64, 64)" in text for text in found] == [True, False]
    assert "self.build_in_name_scope()\n        return {}" in found[1]


def test_a_text_model_that_takes_features_as_well_describes_its_inputs(tmp_path: Path) -> None:
    model = MODEL.replace("states: torch", "decoder_input_ids=None, input_features: torch").replace(
        "(states)", "(input_ids)"
    )
    located = checkout(tmp_path, HEAD + BASE + model, exported=("QuokkaModel",))
    text = class_text(translate(located, TypeDB()).text, "TFQuokkaPreTrainedModel")
    assert "super().input_signature" not in text
    assert '"decoder_input_ids": tf.TensorSpec((None, None), tf.int32, name="decoder_input_ids"),' in text


def test_a_second_image_must_fit_the_first(tmp_path: Path) -> None:
    needed = {name: Observation("tensor", "float32", 4) for name in ("pixel_values", "prompt_values")}
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    model = FRAMES.replace("input_ids: torch.Tensor = None, ", "").replace("= None)", "= None, prompt_values=None)")
    located = checkout(tmp_path, HEAD + BASE + model, exported=("QuokkaModel",))
    assert "return {}" in class_text(translate(located, types).text, "TFQuokkaModel")


def test_a_decoders_tokens_are_described_where_the_encoder_takes_none(tmp_path: Path) -> None:
    text_model = MODEL.replace("QuokkaModel", "QuokkaTextModel")
    whole = MODEL.replace("QuokkaModel", "QuokkaForOddity").replace(
        "input_ids: torch.Tensor = None, states", "decoder_input_ids=None, states"
    )
    needed = {"states": Observation("tensor", "float32", 3), "decoder_input_ids": Observation("tensor", "int64", 2)}
    classes = {
        "QuokkaTextModel": ProbedClass("QuokkaTextModel"),
        "QuokkaForOddity": ProbedClass("QuokkaForOddity", needed=needed),
    }
    located = checkout(tmp_path, HEAD + BASE + whole + text_model, exported=tuple(classes))
    text = class_text(translate(located, TypeDB(classes=classes)).text, "TFQuokkaForOddity")
    assert 'tf.TensorSpec((None, None), tf.int32, name="decoder_input_ids")' in text


def test_only_the_head_that_takes_features_describes_its_inputs(tmp_path: Path) -> None:
    head = MODEL.replace("QuokkaModel", "QuokkaForSongs").replace("states: torch", "input_features=None, states: torch")
    located = checkout(tmp_path, HEAD + BASE + MODEL + head, exported=("QuokkaModel", "QuokkaForSongs"))
    text = translate(located, TypeDB()).text
    assert '"input_ids": tf.TensorSpec((None, None), tf.int32, name="input_ids"),' in class_text(
        text, "TFQuokkaForSongs"
    )
    assert "input_signature" not in class_text(text, "TFQuokkaPreTrainedModel")


DETECTOR = """
class QuokkaDecoder(QuokkaPreTrainedModel):
    def forward(self, features):
        return features


class QuokkaForDetection(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.decoder = QuokkaDecoder(config)

    def forward(self, pixel_values):
        return self.decoder(pixel_values)
"""


def test_the_public_model_is_described_and_images_without_a_number_of_channels_are_of_any_size(tmp_path: Path) -> None:
    needed = {"pixel_values": Observation("tensor", "float32", 4)}
    types = TypeDB(classes={"QuokkaForDetection": ProbedClass("QuokkaForDetection", needed=needed)})
    config = CONFIG + "        self.image_size = 640\n"
    located = checkout(tmp_path, HEAD + BASE + DETECTOR, exported=("QuokkaForDetection",))
    path = tmp_path / located.names.package_path / "configuration_quokka.py"
    path.write_text(config, encoding="utf-8")
    base = class_text(translate(located, types).text, "TFQuokkaPreTrainedModel")
    assert "(None, 3, None, None), tf.float32" in base and "features" not in base


SONGS = """
class QuokkaConditioning(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.decoder_config = config.decoder_config
        self.conv = nn.Conv1d(self.decoder_config.feature_size, 4, kernel_size=1)

    def forward(self, input_features):
        return self.conv(input_features)


class QuokkaForSongs(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.conditioning = QuokkaConditioning(config)

    def forward(self, input_ids=None, input_features=None):
        return self.conditioning(input_features)
"""


def test_features_that_a_convolution_takes_have_its_channels(tmp_path: Path) -> None:
    needed = {
        "input_ids": Observation("tensor", "int64", 2),
        "input_features": Observation("tensor", "float32", 3, shape=(3, 32, 40)),
    }
    types = TypeDB(classes={"QuokkaForSongs": ProbedClass("QuokkaForSongs", needed=needed)})
    text = translate(checkout(tmp_path, HEAD + BASE + SONGS, exported=("QuokkaForSongs",)), types).text
    shape = "(None, self.config.decoder_config.feature_size, None)"
    assert f'{shape}, tf.float32, name="input_features"' in text
    assert "super().input_signature" not in text  # which refuses models for sounds
