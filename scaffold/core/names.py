"""Every spelling of a model's name, in one place.

Source of the conventions: the folders and `MODEL_NAMES_MAPPING` of Transformers itself.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from scaffold.core.errors import ExitCode, ScaffoldError

#: What a model argument must look like before anything is looked up on disk.
MODEL_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def shortened(text: str, limit: int = 60) -> str:
    """The text with its middle left out where it is longer than `limit` characters, for messages."""
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]} … {text[-half:]}"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`: for nouns whose plural has an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def is_model_name(text: str) -> bool:
    """True for what a folder or a model type of the checkout may be called; Python keywords cannot be imported."""
    return MODEL_NAME.fullmatch(text) is not None and not keyword.iskeyword(text)


def check_model_argument(text: str) -> None:
    """Refuse (LOC102, exit status 2) what can be no model's name, before a path, branch or process is made with it."""
    if not is_model_name(text):
        raise ScaffoldError(
            "LOC102",
            f"{shortened(text)!r} cannot be a model's name",
            "give the model's folder (roc_bert) or model type (data2vec-text): lower case, digits, `_` and `-`, at most 64",
            exit_code=ExitCode.USAGE,
        )


def spellings(*names: str) -> tuple[str, ...]:
    """The names, those left out that a search (which does not mind case) takes for the same."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(name.casefold(), name)
    return tuple(first.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNames:
    """The names of one modelling file.

    `folder` is the folder below `src/transformers/models`, `stem` what follows `modeling_` in the PyTorch file's name
    (they differ for `data2vec/modeling_data2vec_text.py`), `model_type` the key of the auto mappings, `camel` the prefix of
    the PyTorch classes (`RoCBert`), `title` the name in the documentation.
    """

    folder: str
    stem: str
    model_type: str
    camel: str
    title: str

    @property
    def spellings(self) -> tuple[str, ...]:
        """How people write the model's name, each once: folder, stem, class prefix with and without TF, title."""
        return spellings(self.folder, self.stem, self.camel, f"TF{self.camel}", self.title)

    @property
    def module(self) -> str:
        """Module name of the PyTorch file, e.g. `modeling_roc_bert`."""
        return f"modeling_{self.stem}"

    @property
    def tf_module(self) -> str:
        """Module name of the TensorFlow file, e.g. `modeling_tf_roc_bert`."""
        return f"modeling_tf_{self.stem}"

    @property
    def package_path(self) -> str:
        """Folder of the model, relative to the checkout, with forward slashes."""
        return f"src/transformers/models/{self.folder}"

    @property
    def pt_path(self) -> str:
        """The PyTorch file, relative to the checkout."""
        return f"{self.package_path}/{self.module}.py"

    @property
    def tf_path(self) -> str:
        """The TensorFlow file, relative to the checkout."""
        return f"{self.package_path}/{self.tf_module}.py"

    @property
    def pt_test_path(self) -> str:
        """The PyTorch test file, relative to the checkout."""
        return f"tests/models/{self.folder}/test_{self.module}.py"

    @property
    def tf_test_path(self) -> str:
        """The TensorFlow test file, relative to the checkout."""
        return f"tests/models/{self.folder}/test_{self.tf_module}.py"

    @property
    def branch(self) -> str:
        """The branch a port lives on (guide.md G8)."""
        return f"add_tf_{self.stem}"
