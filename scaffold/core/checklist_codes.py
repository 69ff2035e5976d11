"""The checklist items' entries of the code catalogue: code, title, and what the item asks for."""

from __future__ import annotations

CHECKLIST: tuple[tuple[str, str, str], ...] = (
    (
        "CHK101",
        "layers that differ in training get `training`",
        "A layer that owns a dropout or batch normalisation must take `training` and pass it on, and so must the main "
        "layer and the models. Layers in between may leave it to Keras 2, whose call context hands the mode to nested "
        "layers; such places are listed, not failed.",
    ),
    (
        "CHK102",
        "`# Copied from` wherever possible",
        "A class equal to one of another TensorFlow file, apart from the model's name, needs `# Copied from …`, and "
        "every mark must point to something that exists. It fails where the original is known from PyTorch's own mark "
        "or from other copies; otherwise a person decides which class is the original.",
    ),
    (
        "CHK103",
        "main layer and models unpack their inputs",
        "`@unpack_inputs` lets `call` accept keywords, a dictionary, a list or a tuple, and fills in flags from the "
        "configuration. The main layer and every model need it.",
    ),
    (
        "CHK104",
        "main layer is serialisable",
        "The main layer carries `@keras_serializable` and a `config_class`, so that Keras can save a model that "
        "contains it.",
    ),
    (
        "CHK105",
        "loads PyTorch weights with from_pt=True",
        "PyTorch weights load through `from_pretrained(…, from_pt=True)` without a missing or unexpected key. Read "
        "from the report of the verification; skipped when there is none.",
    ),
    (
        "CHK106",
        "callable with every input format",
        "The model accepts keywords, a dictionary, a list, a tuple, numpy arrays, tensors, and symbolic inputs in a "
        "functional Keras model. Read from the report of the verification.",
    ),
    (
        "CHK110",
        "TensorFlow model file",
        "`modeling_tf_<model>.py` exists beside the PyTorch file and parses.",
    ),
    (
        "CHK111",
        "classes start with TF",
        "Layers, models and outputs of the TensorFlow file start with `TF`.",
    ),
    (
        "CHK112",
        "no PyTorch left in the TensorFlow file",
        "No import of torch, no name of it and no method that only its tensors have is left in the TensorFlow file.",
    ),
    (
        "CHK113",
        "no open place left by the translator",
        "The translator leaves `# TODO(port) CODE subject: message` where it could not translate. Each of them is "
        "work for a person.",
    ),
    (
        "CHK114",
        "layers with weights have a name",
        "PyTorch weights are matched by the names of layers: every layer with weights is created with `name=`.",
    ),
    (
        "CHK115",
        "weights are created in `build`",
        "Weights are created once, by `add_weight` with a name, in the layer's `build` — never in `call`.",
    ),
    (
        "CHK116",
        "layers are built explicitly",
        "Where the library does not build models by calling them, a layer without an explicit `build` has no weights "
        "when a checkpoint is loaded, and keeps its random ones.",
    ),
    (
        "CHK117",
        "base model's logic lives in a main layer",
        "The base model's logic lives in a Keras layer that the base model and all heads wrap, so that their weights "
        "have the same names.",
    ),
    (
        "CHK118",
        "public PyTorch classes have a twin",
        "Public PyTorch classes without a TensorFlow twin are listed: a person decides whether that is intended.",
    ),
    (
        "CHK119",
        "heads compute their loss",
        "Heads whose PyTorch twin computes a loss from labels should compute it too. Some hand-written ports leave it "
        "out, so a person decides.",
    ),
    (
        "CHK120",
        "normalisation layers don't rely on Keras's defaults",
        "Keras's normalisation layers have other defaults than PyTorch's (epsilon 1e-3 instead of 1e-5) and count "
        "momentum the other way round.",
    ),
    (
        "CHK121",
        "pretrained base class",
        "The pretrained base class sets `config_class` and `base_model_prefix`, from which the library builds the "
        "model and its dummy inputs.",
    ),
    (
        "CHK130",
        "main __init__ exports the classes",
        "Every class whose PyTorch twin the main `__init__` exports is exported too, in both halves of that file.",
    ),
    (
        "CHK131",
        "module's `__all__` lists the classes",
        "Where the main `__init__` derives its names from the modules, the TensorFlow file's `__all__` lists the "
        "classes.",
    ),
    (
        "CHK132",
        "model __init__ exports the classes",
        "The model's own `__init__` exports the TensorFlow module's classes, by name or by a star import.",
    ),
    (
        "CHK133",
        "Auto classes know the model",
        "For every PyTorch mapping that has a TensorFlow twin, the model's row is repeated with TF classes. It fails "
        "when a class is in no mapping or misses the one its name asks for; further rows are for a person to decide.",
    ),
    (
        "CHK134",
        "dummy objects",
        "A dummy object stands in for each exported class where TensorFlow is not installed.",
    ),
    (
        "CHK135",
        "documentation page",
        "The model's documentation page documents every exported TensorFlow class that its PyTorch classes' rules "
        "require.",
    ),
    (
        "CHK136",
        "contributor's credit",
        "The documentation page says who contributed the TensorFlow version. Only the contributors can say.",
    ),
    (
        "CHK137",
        "support table or badge",
        "The table of supported frameworks has a tick for TensorFlow, or the page a badge in checkouts without that "
        "table.",
    ),
    (
        "CHK138",
        "doctest list",
        "Checkouts with a list of doctested files list the TensorFlow file when they list the PyTorch one.",
    ),
    (
        "CHK139",
        "repository's exception lists",
        "Exported models that no Auto class knows must be on the exception list of `utils/check_repo.py`, which fails "
        "in continuous integration otherwise.",
    ),
    (
        "CHK150",
        "TensorFlow test file",
        "`test_modeling_tf_<model>.py` exists in the model's test folder.",
    ),
    (
        "CHK151",
        "every model class is tested",
        "`all_model_classes` in the test file names every model class, or check_repo.py lists it as an exception.",
    ),
    (
        "CHK152",
        "kinds of test",
        "The test file has the common tests of the library and an integration test that compares a checkpoint's "
        "outputs.",
    ),
    (
        "CHK153",
        "tests load TensorFlow weights",
        "Until the TensorFlow weights are on the Hub, tests load PyTorch ones with `from_pt=True`; every one of these "
        "goes before merging.",
    ),
    (
        "CHK160",
        "every output agrees with PyTorch",
        "Every output and hidden state of every class is within the tolerance of PyTorch's. Read from the report of "
        "the verification.",
    ),
    (
        "CHK161",
        "saving, training flag and shapes",
        "Saving and loading, the effect of `training`, dynamic shapes and whatever else the verification checked.",
    ),
    (
        "CHK170",
        "no ongoing work, references read",
        "Nobody else is porting the model, and the porter knows the paper and similar TensorFlow models.",
    ),
    (
        "CHK171",
        "branch pushed, draft pull request open",
        "The port is on its own branch of the user's fork, rebased, and a draft pull request shows the intention "
        "early.",
    ),
    (
        "CHK172",
        "repository's style checks",
        "`make fixup` formats the changes and runs the repository's own checks.",
    ),
    (
        "CHK173",
        "slow tests run locally",
        "The slow tests need real checkpoints, so only a person with the network can run them.",
    ),
    (
        "CHK174",
        "reviews and CI",
        "The pull request is approved by at least three reviewers and continuous integration passes.",
    ),
    (
        "CHK175",
        "weights on the Hub",
        "Converted weights are published by a pull request on the checkpoint's Hub repository, after comparing "
        "outputs.",
    ),
    (
        "CHK176",
        "shared with the community",
        "What is merged is worth showing: a demo, a notebook, the community page.",
    ),
)
