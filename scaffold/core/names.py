"""Every spelling of a model's name, in one place.

Source of the conventions: the folders and `MODEL_NAMES_MAPPING` of Transformers itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: What a model argument may look like before anything is looked up on disk.
MODEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


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
