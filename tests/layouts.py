"""Miniature Transformers clones: every place a port touches, a few lines each, in the spelling the facets ask for.

The models: `brand_new` (PyTorch only), `elder` (PyTorch and TensorFlow), `twin` (two PyTorch files in one folder, only the
vision one with TensorFlow), `mute` (a tokeniser without a model).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

GUARD = """
try:
    if not is_{backend}_available():
        raise OptionalDependencyNotAvailable()
except OptionalDependencyNotAvailable:
    {otherwise}
else:
{body}
"""

DEFAULTS = {
    "top_init": "lists",  # lists | derived (define_import_structure)
    "model_init": "guards",  # guards | star
    "auto_init": "guards",
    "dummies": "full",  # full | generic | absent
    "doc_page": "md",  # md | mdx | absent
    "frameworkcontent": "absent",  # pt | pt-jax | absent
    "doc_index": "columns",  # columns | columns6 | absent
    "keras_import": "keras",  # keras | tf.keras
    "build_style": "explicit",  # explicit | implicit
    "tensorflow": "present",  # absent: a 5.x tree
    "tests": "present",  # present | own (no common TensorFlow tests) | absent
    "repo_checks": "present",
    "ruff": "0.5.1",
    "generics": "typing",  # builtin: the linter asks for dict[…] | all-rules: and for X | None
    "annotations": "future",  # future | typing
    "serving": "input_signature",  # input_signature | methods: what TFPreTrainedModel has
    "archive_lists": "absent",  # lists | moved (to models/deprecated/_archive_maps.py)
    "init_imports": "exploded",  # collapsed: isort's settings in setup.cfg
    "doc_badges": "absent",  # below (the title) | above (it, indented)
    "doctests": "absent",  # listed | unlisted: is the PyTorch file in documentation_tests.txt?
}


def _indent(text: str, by: int = 4) -> str:
    return "\n".join(" " * by + line if line else line for line in text.splitlines())


def _guarded(backend: str, body: str, otherwise: str = "pass", by: int = 0) -> str:
    return _indent(GUARD.format(backend=backend, body=_indent(body), otherwise=otherwise).rstrip("\n"), by) + "\n"


def _lists(model: str, names: list[str]) -> str:
    items = "\n".join(f'        "{name}",' for name in names)
    return f'_import_structure["models.{model}"].extend(\n    [\n{items}\n    ]\n)'


def _import(module: str, names: list[str]) -> str:
    items = "\n".join(f"    {name}," for name in names)
    return f"from {module} import (\n{items}\n)"


TORCH = {
    "brand_new": [
        "BrandNewForMaskedLM",
        "BrandNewForSequenceClassification",
        "BrandNewModel",
        "BrandNewPreTrainedModel",
    ],
    "elder": ["ElderForMaskedLM", "ElderModel", "ElderPreTrainedModel"],
    "twin": ["TwinTextModel", "TwinTextPreTrainedModel", "TwinVisionModel", "TwinVisionPreTrainedModel"],
}
TENSORFLOW = {
    "elder": ["TFElderForMaskedLM", "TFElderModel", "TFElderPreTrainedModel"],
    "twin": ["TFTwinVisionModel", "TFTwinVisionPreTrainedModel"],
}
AUTO = ["TF_MODEL_MAPPING", "TFAutoModel"]
CONFIGS = [
    ("brand_new", "brand_new", "BrandNewConfig", "BrandNew"),
    ("elder", "elder", "ElderConfig", "ELDER"),
    ("twin-text", "twin", "TwinTextConfig", "Twin Text"),
    ("twin-vision", "twin", "TwinVisionConfig", "Twin Vision"),
]


def _top_init(facets: dict[str, str]) -> str:
    head = (
        '__version__ = "4.47.0.dev0"\n\nfrom typing import TYPE_CHECKING\n\nfrom .utils import (\n'
        "    OptionalDependencyNotAvailable,\n    _LazyModule,\n    is_flax_available,\n    is_tf_available,\n"
        "    is_torch_available,\n)\n\n\n"
    )
    if facets["top_init"] == "derived":
        return head + (
            "from pathlib import Path\n\nfrom .utils.import_utils import define_import_structure\n\n"
            '_import_structure = {k: set(v) for k, v in {"configuration_utils": ["PretrainedConfig"]}.items()}\n'
            'import_structure = define_import_structure(Path(__file__).parent / "models", prefix="models")\n'
        )
    configs = "\n".join(f'    "models.{folder}": [],' for folder in ("auto", "brand_new", "elder", "mute", "twin"))
    runtime = head + f'_import_structure = {{\n    "configuration_utils": ["PretrainedConfig"],\n{configs}\n}}\n'
    checking = "\nif TYPE_CHECKING:\n    from .configuration_utils import PretrainedConfig\n"
    blocks = (
        ("torch", "PyTorch", TORCH, "modeling_utils", "PreTrainedModel"),
        ("tf", "TensorFlow", TENSORFLOW, "modeling_tf_utils", "TFPreTrainedModel"),
        ("flax", "FLAX", {"elder": ["FlaxElderModel"]}, "modeling_flax_utils", "FlaxPreTrainedModel"),
    )
    for backend, title, models, module, base in blocks:
        dummies = f"dummy_{'pt' if backend == 'torch' else backend}_objects"
        otherwise = (
            f"from .utils import {dummies}\n\n"
            f'    _import_structure["utils.{dummies}"] = [name for name in dir({dummies}) if not name.startswith("_")]'
        )
        models = {"auto": AUTO, **models} if backend == "tf" else models
        lists = [f'_import_structure["{module}"] = ["{base}"]'] + [_lists(m, names) for m, names in models.items()]
        runtime += f"\n# {title}-backed objects" + _guarded(backend, "\n".join(lists), otherwise)
        imports = [f"from .{module} import {base}"] + [_import(f".models.{m}", names) for m, names in models.items()]
        checking += _guarded(backend, "\n".join(imports), f"from .utils.{dummies} import *", by=4)
    tail = (
        "\nelse:\n    import sys\n\n    sys.modules[__name__] = _LazyModule(\n"
        '        __name__, globals()["__file__"], _import_structure, module_spec=__spec__\n    )\n'
    )
    return runtime + "\n" + checking + tail


def _model_init(model: str, files: list[tuple[str, list[str]]], style: str) -> str:
    if style == "star":
        stars = "\n".join(f"    from .{module} import *" for module, _ in files)
        return (
            "from typing import TYPE_CHECKING\n\nfrom ...utils import _LazyModule\n"
            "from ...utils.import_utils import define_import_structure\n\n\nif TYPE_CHECKING:\n"
            f"{stars}\nelse:\n    import sys\n\n    _file = globals()['__file__']\n"
            "    sys.modules[__name__] = _LazyModule(\n"
            "        __name__, _file, define_import_structure(_file), module_spec=__spec__\n    )\n"
        )
    used = {"torch"} | ({"tf"} if any("_tf_" in module for module, _ in files) else set())
    checks = ", ".join(f"is_{backend}_available" for backend in sorted(used))
    configs = [(module, names) for module, names in files if module.startswith("configuration_")]
    runtime = "\n".join(f'    "{module}": {names!r},'.replace("'", '"') for module, names in configs)
    text = (
        "from typing import TYPE_CHECKING\n\n"
        f"from ...utils import OptionalDependencyNotAvailable, _LazyModule, {checks}\n\n\n"
        f"_import_structure = {{\n{runtime}\n}}\n"
    )
    checking = "\nif TYPE_CHECKING:\n"
    checking += "".join(f"    from .{module} import {', '.join(names)}\n" for module, names in configs)
    for module, names in files:
        if module.startswith("configuration_"):
            continue
        backend = "tf" if "_tf_" in module else "torch"
        items = "\n".join(f'    "{name}",' for name in names)
        text += _guarded(backend, f'_import_structure["{module}"] = [\n{items}\n]')
        checking += _guarded(backend, _import("." + module, names), by=4)
    tail = (
        "\n\nelse:\n    import sys\n\n    sys.modules[__name__] = _LazyModule(\n"
        '        __name__, globals()["__file__"], _import_structure, module_spec=__spec__\n    )\n'
    )
    return text + checking + tail


def _config(module: str, name: str, model_type: str) -> str:
    return (
        f'"""{name}."""\n\nfrom ...configuration_utils import PretrainedConfig\n\n\n'
        f'class {name}(PretrainedConfig):\n    model_type = "{model_type}"\n\n'
        "    def __init__(self, hidden_size=32, num_hidden_layers=2, **kwargs):\n"
        "        self.hidden_size = hidden_size\n        self.num_hidden_layers = num_hidden_layers\n"
        "        super().__init__(**kwargs)\n"
    )


def _pt(camel: str, config_module: str, heads: list[str]) -> str:
    text = (
        f'"""PyTorch {camel} model."""\n\nimport torch\nfrom torch import nn\n\n'
        f"from ...modeling_utils import PreTrainedModel\nfrom .{config_module} import {camel}Config\n\n\n"
        f"class {camel}Layer(nn.Module):\n    def __init__(self, config):\n        super().__init__()\n"
        "        self.dense = nn.Linear(config.hidden_size, config.hidden_size)\n\n"
        "    def forward(self, hidden_states):\n        return self.dense(hidden_states)\n\n\n"
        f"class {camel}PreTrainedModel(PreTrainedModel):\n    config_class = {camel}Config\n"
        f'    base_model_prefix = "{camel.lower()}"\n\n\n'
        f"class {camel}Model({camel}PreTrainedModel):\n    def forward(self, input_ids=None):\n"
        "        return input_ids\n"
    )
    for head in heads:
        text += f"\n\nclass {head}({camel}PreTrainedModel):\n    def forward(self, input_ids=None):\n        return input_ids\n"
    return text


def _tf(camel: str, config_module: str, heads: list[str], facets: dict[str, str]) -> str:
    keras = "keras" if facets["keras_import"] == "keras" else "tf.keras"
    names = "TFPreTrainedModel, keras, unpack_inputs" if keras == "keras" else "TFPreTrainedModel, unpack_inputs"
    build = "\n    def build(self, input_shape=None):\n        self.built = True\n"
    typing = facets["annotations"] == "typing"
    hints = "from typing import Optional, Union" if typing else "from __future__ import annotations"
    name = f"TF_{camel.upper()}_PRETRAINED_MODEL_ARCHIVE_LIST"
    checkpoints = f'{name} = ["someone/{camel.lower()}"]\n\n\n' if facets["archive_lists"] == "lists" else ""
    text = (
        f'"""TF 2.0 {camel} model."""\n\n{hints}\n\nimport tensorflow as tf\n\n'
        f"from ...modeling_tf_utils import {names}\nfrom .{config_module} import {camel}Config\n\n\n{checkpoints}"
        f"class TF{camel}MainLayer({keras}.layers.Layer):\n    config_class = {camel}Config\n\n"
        "    @unpack_inputs\n    def call(self, input_ids=None, training=False):\n"
        "        return tf.identity(input_ids)\n"
        f"{build if facets['build_style'] == 'explicit' else ''}"
        f"\n\nclass TF{camel}PreTrainedModel(TFPreTrainedModel):\n    config_class = {camel}Config\n"
    )
    for head in heads:
        text += f"\n\nclass {head}(TF{camel}PreTrainedModel):\n    pass\n"
    return text


def _auto(prefix: str, entries: dict[str, list[tuple[str, str]]]) -> str:
    text = '"""Auto classes."""\n\nfrom collections import OrderedDict\n\nfrom .auto_factory import _LazyAutoMapping\n'
    text += "from .configuration_auto import CONFIG_MAPPING_NAMES\n\n"
    for mapping, rows in entries.items():
        lines = "\n".join(f'        ("{key}", "{value}"),' for key, value in rows)
        text += f"\n{prefix}MODEL{mapping}_MAPPING_NAMES = OrderedDict(\n    [\n{lines}\n    ]\n)\n"
    for mapping in entries:
        name = f"{prefix}MODEL{mapping}_MAPPING"
        text += f"\n{name} = _LazyAutoMapping(CONFIG_MAPPING_NAMES, {name}_NAMES)"
    for mapping in entries:
        name = f"{prefix.rstrip('_')}AutoModel{mapping.title().replace('_', '')}"
        text += f"\n\n\nclass {name}(_BaseAutoModelClass):\n    _model_mapping = {prefix}MODEL{mapping}_MAPPING\n\n\n"
        text += f'{name} = auto_class_update({name}, head_doc="{mapping.lower().strip("_").replace("_", " ")}")'
    return text + "\n"


def _auto_configuration() -> str:
    configs = "\n".join(f'        ("{key}", "{name}"),' for key, _, name, _ in CONFIGS)
    titles = "\n".join(f'        ("{key}", "{title}"),' for key, _, _, title in CONFIGS)
    return (
        '"""Auto configuration."""\n\nfrom collections import OrderedDict\n\n\n'
        f"CONFIG_MAPPING_NAMES = OrderedDict(\n    [\n        # Add configs here\n{configs}\n    ]\n)\n\n\n"
        f"MODEL_NAMES_MAPPING = OrderedDict(\n    [\n        # Add names here\n{titles}\n    ]\n)\n\n"
        "DEPRECATED_MODELS = []\n\nSPECIAL_MODEL_TYPE_TO_MODULE_NAME = OrderedDict(\n    [\n"
        '        ("twin-text", "twin"),\n        ("twin-vision", "twin"),\n    ]\n)\n'
    )


def _dummies(prefix: str, names: list[str], backend: str) -> str:
    text = "# This file is autogenerated by the command `make fix-copies`, do not edit.\n"
    text += "from ..utils import DummyObject, requires_backends\n"
    for name in [prefix, *names]:
        text += (
            f"\n\n{name} = None\n"
            if name.isupper()
            else (
                f'\n\nclass {name}(metaclass=DummyObject):\n    _backends = ["{backend}"]\n\n'
                f'    def __init__(self, *args, **kwargs):\n        requires_backends(self, ["{backend}"])\n'
            )
        )
    return text


PYTORCH_BADGE = (
    '<img alt="PyTorch" src="https://img.shields.io/badge/PyTorch-DE3412?style=flat&logo=pytorch&logoColor=white">'
)
FLAX_BADGE = (
    '<img alt="Flax" src="https://img.shields.io/badge/Flax-29a79b.svg?style=flat&logo=data:image/png;base64,AB\nCD">'
)


def _badges(where: str) -> tuple[str, str]:
    """What stands above and below the title."""
    if where == "above":
        inner = f"        {PYTORCH_BADGE}\n        {FLAX_BADGE}\n"
        row = f'    <div class="flex flex-wrap space-x-1">\n{inner}    </div>\n'
        return f'<div style="float: right;">\n{row}</div>\n\n', ""
    if where == "below":
        return "", f'<div class="flex flex-wrap space-x-1">\n{PYTORCH_BADGE}\n{FLAX_BADGE}\n</div>\n\n'
    return "", ""


def _doc_page(camel: str, classes: list[str], framework: str, badges: str = "absent") -> str:
    above, below = _badges(badges)
    sections = [f"## {name}\n\n[[autodoc]] {name}\n    - forward\n" for name in classes if "PreTrained" not in name]
    body = "\n".join(sections)
    if framework != "absent":
        jax = f"<jax>\n\n## Flax{camel}Model\n\n[[autodoc]] Flax{camel}Model\n    - __call__\n\n</jax>\n"
        body = f"<frameworkcontent>\n<pt>\n\n{body}\n</pt>\n{jax if framework == 'pt-jax' else ''}</frameworkcontent>\n"
    return (
        f"{above}# {camel}\n\n{below}## Overview\n\nA model for tests.\n\n"
        "This model was contributed by [someone](https://huggingface.co/someone).\n\n"
        f"## {camel}Config\n\n[[autodoc]] {camel}Config\n\n{body}"
    )


def _index(facets: dict[str, str]) -> str:
    wide = facets["doc_index"] == "columns6"
    if wide:
        head = "| Model | Tokenizer slow | Tokenizer fast | PyTorch support | TensorFlow support | Flax Support |"
        rows = ["|   BrandNew   | ✅ | ❌ | ✅ | ❌ | ❌ |", "|   ELDER   | ✅ | ✅ | ✅ | ✅ | ✅ |"]
    else:
        head = "|               Model                | PyTorch support | TensorFlow support | Flax Support |"
        rows = [
            "| [BrandNew](model_doc/brand_new)    |       ✅        |         ❌         |      ❌      |",
            "|     [ELDER](model_doc/elder)       |       ✅        |         ✅         |      ✅      |",
            "|   [Twin Text](model_doc/twin)      |       ✅        |         ❌         |      ❌      |",
            "|  [Twin Vision](model_doc/twin)     |       ✅        |         ✅         |      ❌      |",
        ]
    rule = "|" + "|".join(":---:" for _ in range(head.count("|") - 1)) + "|"
    table = "\n".join([head, rule, *rows])
    return (
        "# Transformers\n\n<!--This table is updated automatically from the auto modules with _make fix-copies_. "
        f"Do not update manually!-->\n\n{table}\n\n<!-- End table-->\n"
    )


def _sources(facets: dict[str, str]) -> dict[str, str]:
    tf = facets["tensorflow"] == "present"
    models = "src/transformers/models"
    files = {
        "setup.py": f'_deps = [\n    "numpy>=1.17",\n    "ruff=={facets["ruff"]}",\n]\n',
        "src/transformers/__init__.py": _top_init(facets),
        "src/transformers/configuration_utils.py": "class PretrainedConfig:\n    pass\n",
        "src/transformers/modeling_utils.py": "class PreTrainedModel:\n    pass\n",
        f"{models}/__init__.py": "from . import brand_new, elder, mute, twin\n",
        f"{models}/auto/configuration_auto.py": _auto_configuration(),
        f"{models}/auto/modeling_auto.py": _auto(
            "",
            {
                "": [("brand_new", "BrandNewModel"), ("elder", "ElderModel"), ("twin-text", "TwinTextModel")],
                "_FOR_MASKED_LM": [("brand_new", "BrandNewForMaskedLM"), ("elder", "ElderForMaskedLM")],
                "_FOR_SEQUENCE_CLASSIFICATION": [("brand_new", "BrandNewForSequenceClassification")],
                "_FOR_RETRIEVAL": [("brand_new", "BrandNewForRetrieval")],
            },
        ),
        f"{models}/mute/__init__.py": "",
        f"{models}/mute/tokenization_mute.py": "class MuteTokenizer:\n    pass\n",
    }
    for folder, stem, camel, model_type in (
        ("brand_new", "brand_new", "BrandNew", "brand_new"),
        ("elder", "elder", "Elder", "elder"),
        ("twin", "twin_text", "TwinText", "twin-text"),
        ("twin", "twin_vision", "TwinVision", "twin-vision"),
    ):
        base = f"{models}/{folder}"
        heads = [n for n in TORCH[folder] if n.startswith(camel) and "For" in n]
        files[f"{base}/configuration_{stem}.py"] = _config(f"configuration_{stem}", f"{camel}Config", model_type)
        files[f"{base}/modeling_{stem}.py"] = _pt(camel, f"configuration_{stem}", heads)
        tf_names = [n for n in TENSORFLOW.get(folder, []) if n.startswith(f"TF{camel}") and "PreTrained" not in n]
        if tf and tf_names:
            files[f"{base}/modeling_tf_{stem}.py"] = _tf(camel, f"configuration_{stem}", tf_names, facets)
    files[f"{models}/auto/__init__.py"] = _model_init("auto", [("modeling_tf_auto", AUTO)], facets["auto_init"])
    for folder, stems in (("brand_new", ["brand_new"]), ("elder", ["elder"]), ("twin", ["twin_text", "twin_vision"])):
        entries: list[tuple[str, list[str]]] = []
        for stem in stems:
            camel = "".join(part.capitalize() for part in stem.split("_"))
            entries.append((f"configuration_{stem}", [f"{camel}Config"]))
            entries.append((f"modeling_{stem}", [n for n in TORCH[folder] if n.startswith(camel)]))
            names = [n for n in TENSORFLOW.get(folder, []) if n.startswith(f"TF{camel}")]
            if tf and names:
                entries.append((f"modeling_tf_{stem}", names))
        files[f"{models}/{folder}/__init__.py"] = _model_init(folder, entries, facets["model_init"])
    if facets["archive_lists"] == "moved":
        files[f"{models}/deprecated/_archive_maps.py"] = "TF_ELDER_PRETRAINED_MODEL_ARCHIVE_LIST = []\n"
    if tf:
        known = "serving(self, inputs)" if facets["serving"] == "methods" else "input_signature(self)"
        files["src/transformers/modeling_tf_utils.py"] = (
            f"class TFPreTrainedModel:\n    def {known}:\n"
            "        pass\n\n\ndef unpack_inputs(func):\n    return func\n"
        )
        files[f"{models}/auto/modeling_tf_auto.py"] = _auto(
            "TF_",
            {
                "": [("elder", "TFElderModel"), ("twin-vision", "TFTwinVisionModel")],
                "_FOR_MASKED_LM": [("elder", "TFElderForMaskedLM")],
                "_FOR_SEQUENCE_CLASSIFICATION": [("zebra", "TFZebraForSequenceClassification")],
            },
        )
    return files


def _places(facets: dict[str, str]) -> dict[str, str]:
    files: dict[str, str] = {}
    torch_names = [name for names in TORCH.values() for name in names]
    files["src/transformers/utils/dummy_pt_objects.py"] = _dummies("PreTrainedModel", torch_names, "torch")
    if facets["dummies"] != "absent" and facets["tensorflow"] == "present":
        models = [name for names in (AUTO, *TENSORFLOW.values()) for name in names]
        names = models if facets["dummies"] == "full" else []
        files["src/transformers/utils/dummy_tf_objects.py"] = _dummies("TFPreTrainedModel", names, "tf")
    docs = "docs/source/en"
    extension = facets["doc_page"]
    if extension != "absent":
        files[f"{docs}/model_doc/brand_new.{extension}"] = _doc_page(
            "BrandNew", TORCH["brand_new"], facets["frameworkcontent"], facets["doc_badges"]
        )
        files[f"{docs}/model_doc/elder.{extension}"] = _doc_page("Elder", TORCH["elder"], "absent")
        files[f"{docs}/model_doc/auto.{extension}"] = (
            "# Auto Classes\n\n## Multimodal\n\n### AutoModelForRetrieval\n\n[[autodoc]] AutoModelForRetrieval\n"
        )
        files[f"{docs}/model_doc/twin.{extension}"] = _doc_page("TwinText", TORCH["twin"], "absent")
        if facets["doc_index"] != "absent":
            files[f"{docs}/index.{extension}"] = _index(facets)
    if facets["tests"] != "absent":
        own = facets["tests"] == "own"  # only PyTorch's common tests are left
        common = f"class {'ModelTesterMixin' if own else 'TFModelTesterMixin'}:\n    pass\n"
        files[f"tests/test_modeling_{'' if own else 'tf_'}common.py"] = common
        for folder, stem in (("brand_new", "brand_new"), ("elder", "elder"), ("twin", "twin_text")):
            files[f"tests/models/{folder}/__init__.py"] = ""
            files[f"tests/models/{folder}/test_modeling_{stem}.py"] = "class ModelTester:\n    pass\n"
    if facets["repo_checks"] == "present":
        files["utils/check_repo.py"] = (
            'PRIVATE_MODELS = [\n    "ElderEncoder",\n]\n\nIGNORE_NON_TESTED = PRIVATE_MODELS.copy() + [\n'
            '    "ElderDecoder",\n]\n\nIGNORE_NON_AUTO_CONFIGURED = PRIVATE_MODELS.copy() + [\n'
            '    # models to ignore for model xxx mapping\n    "ElderForPreTraining",\n    "TFElderForPreTraining",\n]\n'
        )
        files["utils/check_docstrings.py"] = 'OBJECTS_TO_IGNORE = [\n    "ElderModel",\n    "TFElderModel",\n]\n'
        if facets["doctests"] != "absent":
            listed = [f"src/transformers/models/{name}.py" for name in ("bert/modeling_bert", "elder/modeling_elder")]
            if facets["doctests"] == "listed":
                listed.insert(1, "src/transformers/models/brand_new/modeling_brand_new.py")
            listed = ["docs/source/en/quicktour.mdx", *listed, "src/transformers/pipelines/"]
            files["utils/documentation_tests.txt"] = "\n".join(listed) + "\n"
        files["utils/check_dummies.py"] = "import argparse\n"
        files["utils/check_copies.py"] = "import argparse\n"
    files |= _settings(facets)
    return files


def _settings(facets: dict[str, str]) -> dict[str, str]:
    files: dict[str, str] = {}
    if facets["generics"] != "typing":
        rule = "UP006" if facets["generics"] == "builtin" else "UP"
        files["pyproject.toml"] = f'[tool.ruff.lint]\nselect = ["C", "E", "{rule}"]\n'
    if facets["init_imports"] == "collapsed":
        files["setup.cfg"] = "[isort]\nline_length = 119\n"
    return files


def miniature(tmp_path: Path, *, git: bool = False, **facets: str) -> Path:
    """Write a miniature checkout below `tmp_path` and return its root; `git=True` makes it a repository with one commit."""
    unknown = set(facets) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"unknown facets: {sorted(unknown)}")
    chosen = DEFAULTS | facets
    root = tmp_path / "transformers"
    for path, text in (_sources(chosen) | _places(chosen)).items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8"))
    if git:
        make_repository(root)
    return root


def git(root: Path, *arguments: str) -> str:
    """Run git in `root` and return what it prints; raises when it fails."""
    run = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return run.stdout.strip()


def make_repository(root: Path) -> None:
    """A repository with everything in `root` in one commit on branch `main`, and an identity of its own."""
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "A Porter")
    git(root, "config", "user.email", "porter@example.com")
    git(root, "config", "commit.gpgsign", "false")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
