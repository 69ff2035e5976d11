"""Names of weights that the library's rule about the prefix misses, and functions that make sub-modules."""

from __future__ import annotations

from pathlib import Path

from scaffold.core.typedb import ProbedClass, TypeDB
from scaffold.translate import weight_names
from scaffold.translate.classes import ClassInfo
from tests.translate.checkouts import class_text, engine_of, port

BODY = """
class QuokkaSine(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.dense = nn.Linear(n, n)

    def forward(self, x):
        return self.dense(x)


class QuokkaLearned(QuokkaSine):
    pass


def build_encoding(config):
    if config.sine:
        encoding = QuokkaSine(4)
    else:
        encoding = QuokkaLearned(4)
    return encoding


class QuokkaHolder(nn.Module):
    def __init__(self, encoding):
        super().__init__()
        self.position_embedding = encoding

    def forward(self, x):
        return self.position_embedding(x)


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        encoding = build_encoding(config)
        self.holder = QuokkaHolder(encoding)
        self.direct = build_encoding(config)

    def forward(self, x):
        return self.holder(self.direct(x))
"""


def renames(tmp_path: Path, *names: str, thin: bool = False) -> str:
    engine = engine_of(tmp_path, BODY)
    engine.types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", parameters={n: (1,) for n in names})})
    info: ClassInfo = engine.classes["QuokkaModel"]
    return "\n".join(weight_names.renamed(engine, info, "quokka", thin=thin))


def test_a_prefix_in_the_middle_is_put_back(tmp_path: Path) -> None:
    assert '(tf_weight, tf_weight.replace("inner.", "inner.quokka.", 1))' in renames(
        tmp_path, "inner.quokka.dense.weight", "head.weight"
    )


def test_the_level_of_a_main_layer_is_taken_away(tmp_path: Path) -> None:
    assert 'tf_weight.removeprefix("quokka.")' in renames(tmp_path, "quokka.dense.weight", "head.weight", thin=True)


def test_what_the_library_finds_needs_nothing(tmp_path: Path) -> None:
    assert not renames(tmp_path, "dense.weight", thin=True)
    assert not renames(tmp_path, "quokka.dense.weight", "head.weight")
    assert not renames(tmp_path, "dense.weight", "head.weight")


def test_a_function_that_makes_a_layer_is_told_its_name(tmp_path: Path) -> None:
    text = port(tmp_path, BODY).text
    assert "def build_encoding(config, name: str | None = None):" in text
    assert "encoding = TFQuokkaSine(4, name=name)" in text
    assert "encoding = TFQuokkaLearned(4, name=name)" in text
    model = class_text(text, "TFQuokkaMainLayer" if "class TFQuokkaMainLayer" in text else "TFQuokkaModel")
    assert 'encoding = build_encoding(config, name="position_embedding")' in model
    assert 'self.direct = build_encoding(config, name="direct")' in model
    assert "self.direct.build(None)" in model


HOOKED = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embeddings = nn.Embedding(4, 4)
        self._register_load_state_dict_pre_hook(self.load_hook)

    def load_hook(self, state_dict, prefix, *args):
        for k in state_dict:
            if "embedding." in k:
                state_dict[k.replace("embedding.", "embeddings.")] = state_dict.pop(k)
                break

    def forward(self, input_ids):
        return self.embeddings(input_ids)
"""


def test_names_that_pytorch_replaces_on_loading_are_looked_for(tmp_path: Path) -> None:
    text = port(tmp_path, HOOKED, exported=("QuokkaModel",)).text
    assert 'return (tf_weight, tf_weight.replace("embeddings.", "embedding.", 1))' in text
    assert "load_hook" not in text
