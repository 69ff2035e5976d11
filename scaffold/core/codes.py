"""The closed catalogue of error and diagnostic codes: what `scaffold explain CODE` prints and docs/reference/codes.md lists.

A code names a kind of problem; the message of the single error names the instance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of problem. `explanation` says what it means and what to do, in full sentences."""

    code: str
    title: str
    explanation: str


def _catalogue(*groups: Iterable[Code]) -> dict[str, Code]:
    """Join the groups, sorted by code; a code given twice raises."""
    found: dict[str, Code] = {}
    for entry in (entry for group in groups for entry in group):
        if entry.code in found:
            raise ValueError(f"code {entry.code} is in the catalogue twice")
        found[entry.code] = entry
    return dict(sorted(found.items()))


# --- CLI: usage ------------------------------------------------------------------------------------------------------
_CLI = (
    Code("CLI101", "unknown command", "The first argument is not a command. `scaffold --help` lists them."),
    Code(
        "CLI102",
        "missing answer",
        "A value is needed that has no default, and there is no terminal to ask on. Give the flag that the message names.",
    ),
    Code("CLI103", "bad argument", "An argument has a form that the command cannot accept; the message says which."),
    Code(
        "CLI104",
        "nothing to explain",
        "`scaffold explain` takes a code of this catalogue (TFP102), or the qualified name of a torch function, method or "
        "layer (torch.cat). The argument is neither.",
    ),
    Code(
        "CLI105", "internal error", "Something failed that should not have: a bug. Please report it with `--traceback`."
    ),
    Code(
        "CLI106",
        "file system refused",
        "Reading or writing failed: the disk is full, or a permission is missing. Nothing was committed; free the space "
        "or fix the permission and run the same command again.",
    ),
)

# --- LOC: locating the checkout and the model ------------------------------------------------------------------------
_LOC = (
    Code(
        "LOC101",
        "not a Transformers checkout",
        "The folder has no `src/transformers/__init__.py` and `src/transformers/models`. Give the clone with `--repo`, or "
        "let `--upstream` fetch one.",
    ),
    Code(
        "LOC102",
        "unknown model",
        "No folder below `src/transformers/models` and no model type of the auto mappings has that name. Names are "
        "lower case with underscores, as the folders are (`roc_bert`); a model type (`data2vec-text`) is accepted too.",
    ),
    Code(
        "LOC103",
        "the model already has TensorFlow",
        "The model's folder holds a `modeling_tf_…` file, so there is nothing to port. If a checkpoint on the Hub has only "
        "PyTorch weights, only weights are missing: load it with `from_pretrained(name, from_pt=True)`, compare the "
        "outputs, save with `save_pretrained` and propose the `tf_model.h5` or safetensors file on the Hub repository.",
    ),
    Code(
        "LOC104",
        "a checkout without TensorFlow",
        "The tree has no `modeling_tf_utils.py`: Transformers dropped TensorFlow in its 5.x line. A port needs a tree that "
        "still has it as its base; the newest release line that does is 4.57, and 4.49 is the newest one whose "
        "test suite still compares TensorFlow with PyTorch.",
    ),
    Code(
        "LOC105",
        "the folder has no PyTorch model",
        "The model's folder holds no `modeling_….py` with PyTorch classes: it is a tokeniser, a configuration or a model "
        "that reuses another model's classes.",
    ),
    Code(
        "LOC106",
        "several modelling files",
        "The model's folder holds several PyTorch files that lack TensorFlow. Name one of the candidates listed in the "
        "message.",
    ),
    Code(
        "LOC107",
        "unreadable source",
        "A Python file of the checkout is not UTF-8, is too large or nests too deep to be parsed safely, or has a syntax "
        "error. Restore it (`git checkout -- FILE`) and run the command again.",
    ),
    Code(
        "LOC108",
        "no configuration class",
        "No class that derives from PretrainedConfig could be tied to the modelling file.",
    ),
    Code(
        "LOC109",
        "a deprecated model",
        "The model lies under `models/deprecated/`, which is frozen and follows none of the repository's conventions.",
    ),
)

# --- ENV: the environment --------------------------------------------------------------------------------------------
_ENV = (
    Code(
        "ENV101",
        "a framework is missing",
        "The target Python cannot import what the run needs: torch to probe, tensorflow and tf_keras to verify. Install "
        "them there (`pip install 'scaffold-tf[verify]'`), or choose another interpreter with `--python`.",
    ),
    Code(
        "ENV102",
        "incompatible versions",
        "The installed versions cannot work together: TensorFlow 2.16 and later ship Keras 3, and Transformers needs the "
        "separate package tf-keras of the same minor version beside it.",
    ),
    Code("ENV103", "the target Python does not run", "The interpreter given with `--python` could not be started."),
)

# --- GIT: clone, commit and upstream ---------------------------------------------------------------------------------
_GIT = (
    Code(
        "GIT101", "not a git repository", "The checkout is not a git repository, so a port cannot be committed to it."
    ),
    Code(
        "GIT102",
        "uncommitted changes",
        "The working tree or the index differs from HEAD. A port starts from a clean tree so that its commit holds the "
        "port and nothing else: commit or stash the changes first.",
    ),
    Code(
        "GIT103",
        "the branch exists",
        "The branch that the port would be committed to exists and is not a finished port of this model. Rename or delete "
        "it first: `git branch -m add_tf_<model> old`.",
    ),
    Code(
        "GIT104",
        "no author",
        "git knows no name and address to commit with. Set them: `git config user.name …`, `git config user.email …`.",
    ),
    Code("GIT105", "git failed", "A git command failed; the message holds what git said."),
    Code(
        "GIT106",
        "the upstream could not be fetched",
        "Cloning the repository or downloading the release failed. Check the address, the version and the network.",
    ),
    Code(
        "GIT107",
        "the target exists",
        "The folder that the clone would be written to exists and holds something else. Give another `--into`, or point "
        "`--repo` at it to work there.",
    ),
    Code("GIT108", "the checkout changed", "A file changed between planning and committing. Run the command again."),
)

# --- PRB: the probe --------------------------------------------------------------------------------------------------
_PRB: tuple[Code, ...] = ()

# --- TFP: translation ------------------------------------------------------------------------------------------------
_TFP: tuple[Code, ...] = ()

# --- RND: rendering --------------------------------------------------------------------------------------------------
_RND: tuple[Code, ...] = ()

# --- REG: registering ------------------------------------------------------------------------------------------------
_REG = (
    Code(
        "REG101",
        "no place to register",
        "A file that names models lacks the statement, heading or table row beside which the new entry belongs; the message "
        "names the file and what was sought. Nothing was written. Compare the file with the release it comes from: a local "
        "change may have removed the anchor.",
    ),
    Code(
        "REG102",
        "two places to register",
        "The anchor beside which the new entry belongs occurs more than once, so the right one cannot be told. Nothing was "
        "written. Remove the duplicate that the message points at.",
    ),
    Code(
        "REG103",
        "a registration file is not Python",
        "A file that names models could not be parsed. Restore it from git and run the command again.",
    ),
    Code(
        "REG104",
        "the place says something else",
        "An auto mapping already has a row for the model type, with another class than the port's. Nothing was written. "
        "Decide which class belongs there and change or remove the row.",
    ),
    Code(
        "REG105",
        "the clone's script failed",
        "`utils/check_dummies.py` of the clone, which generates the stand-ins for installations without TensorFlow, failed on "
        "the planned main `__init__`. Run it in the clone by hand to see why.",
    ),
)

# --- VER: verification -----------------------------------------------------------------------------------------------
_VER: tuple[Code, ...] = ()

# --- CHK: the checklist ----------------------------------------------------------------------------------------------
_CHK = (
    Code(
        "CHK101",
        "layers that differ in training get `training`",
        "A layer that owns a dropout or batch normalisation must take `training` and pass it on, and so must the main "
        "layer and the models. Layers in between may leave it to Keras 2, whose call context hands the mode to nested "
        "layers; such places are listed, not failed.",
    ),
    Code(
        "CHK102",
        "`# Copied from` wherever possible",
        "A class equal to one of another TensorFlow file, apart from the model's name, needs `# Copied from …`, and "
        "every mark must point to something that exists. It fails where the original is known from PyTorch's own mark "
        "or from other copies; otherwise a person decides which class is the original.",
    ),
    Code(
        "CHK103",
        "main layer and models unpack their inputs",
        "`@unpack_inputs` lets `call` accept keywords, a dictionary, a list or a tuple, and fills in flags from the "
        "configuration. The main layer and every model need it.",
    ),
    Code(
        "CHK104",
        "main layer is serialisable",
        "The main layer carries `@keras_serializable` and a `config_class`, so that Keras can save a model that "
        "contains it.",
    ),
    Code(
        "CHK105",
        "loads PyTorch weights with from_pt=True",
        "PyTorch weights load through `from_pretrained(…, from_pt=True)` without a missing or unexpected key. Read "
        "from the report of the verification; skipped when there is none.",
    ),
    Code(
        "CHK106",
        "callable with every input format",
        "The model accepts keywords, a dictionary, a list, a tuple, numpy arrays, tensors, and symbolic inputs in a "
        "functional Keras model. Read from the report of the verification.",
    ),
    Code(
        "CHK110",
        "TensorFlow model file",
        "`modeling_tf_<model>.py` exists beside the PyTorch file and parses.",
    ),
    Code(
        "CHK111",
        "classes start with TF",
        "Layers, models and outputs of the TensorFlow file start with `TF`.",
    ),
    Code(
        "CHK112",
        "no PyTorch left in the TensorFlow file",
        "No import of torch, no name of it and no method that only its tensors have is left in the TensorFlow file.",
    ),
    Code(
        "CHK113",
        "no open place left by the translator",
        "The translator leaves `# TODO(port) CODE subject: message` where it could not translate. Each of them is "
        "work for a person.",
    ),
    Code(
        "CHK114",
        "layers with weights have a name",
        "PyTorch weights are matched by the names of layers: every layer with weights is created with `name=`.",
    ),
    Code(
        "CHK115",
        "weights are created in `build`",
        "Weights are created once, by `add_weight` with a name, in the layer's `build` — never in `call`.",
    ),
    Code(
        "CHK116",
        "layers are built explicitly",
        "Where the library does not build models by calling them, a layer without an explicit `build` has no weights "
        "when a checkpoint is loaded, and keeps its random ones.",
    ),
    Code(
        "CHK117",
        "base model's logic lives in a main layer",
        "The base model's logic lives in a Keras layer that the base model and all heads wrap, so that their weights "
        "have the same names.",
    ),
    Code(
        "CHK118",
        "public PyTorch classes have a twin",
        "Public PyTorch classes without a TensorFlow twin are listed: a person decides whether that is intended.",
    ),
    Code(
        "CHK119",
        "heads compute their loss",
        "Heads whose PyTorch twin computes a loss from labels should compute it too. Some hand-written ports leave it "
        "out, so a person decides.",
    ),
    Code(
        "CHK120",
        "normalisation layers don't rely on Keras's defaults",
        "Keras's normalisation layers have other defaults than PyTorch's (epsilon 1e-3 instead of 1e-5) and count "
        "momentum the other way round.",
    ),
    Code(
        "CHK121",
        "pretrained base class",
        "The pretrained base class sets `config_class` and `base_model_prefix`, from which the library builds the "
        "model and its dummy inputs.",
    ),
    Code(
        "CHK130",
        "main __init__ exports the classes",
        "Every class whose PyTorch twin the main `__init__` exports is exported too, in both halves of that file.",
    ),
    Code(
        "CHK131",
        "module's `__all__` lists the classes",
        "Where the main `__init__` derives its names from the modules, the TensorFlow file's `__all__` lists the "
        "classes.",
    ),
    Code(
        "CHK132",
        "model __init__ exports the classes",
        "The model's own `__init__` exports the TensorFlow module's classes, by name or by a star import.",
    ),
    Code(
        "CHK133",
        "Auto classes know the model",
        "For every PyTorch mapping that has a TensorFlow twin, the model's row is repeated with TF classes. It fails "
        "when a class is in no mapping or misses the one its name asks for; further rows are for a person to decide.",
    ),
    Code(
        "CHK134",
        "dummy objects",
        "A dummy object stands in for each exported class where TensorFlow is not installed.",
    ),
    Code(
        "CHK135",
        "documentation page",
        "The model's documentation page documents every exported TensorFlow class that its PyTorch classes' rules "
        "require.",
    ),
    Code(
        "CHK136",
        "contributor's credit",
        "The documentation page says who contributed the TensorFlow version. Only the contributors can say.",
    ),
    Code(
        "CHK137",
        "support table or badge",
        "The table of supported frameworks has a tick for TensorFlow, or the page a badge in checkouts without that "
        "table.",
    ),
    Code(
        "CHK138",
        "doctest list",
        "Checkouts with a list of doctested files list the TensorFlow file when they list the PyTorch one.",
    ),
    Code(
        "CHK139",
        "repository's exception lists",
        "Exported models that no Auto class knows must be on the exception list of `utils/check_repo.py`, which fails "
        "in continuous integration otherwise.",
    ),
    Code(
        "CHK150",
        "TensorFlow test file",
        "`test_modeling_tf_<model>.py` exists in the model's test folder.",
    ),
    Code(
        "CHK151",
        "every model class is tested",
        "`all_model_classes` in the test file names every model class, or check_repo.py lists it as an exception.",
    ),
    Code(
        "CHK152",
        "kinds of test",
        "The test file has the common tests of the library and an integration test that compares a checkpoint's "
        "outputs.",
    ),
    Code(
        "CHK153",
        "tests load TensorFlow weights",
        "Until the TensorFlow weights are on the Hub, tests load PyTorch ones with `from_pt=True`; every one of these "
        "goes before merging.",
    ),
    Code(
        "CHK160",
        "every output agrees with PyTorch",
        "Every output and hidden state of every class is within the tolerance of PyTorch's. Read from the report of "
        "the verification.",
    ),
    Code(
        "CHK161",
        "saving, training flag and shapes",
        "Saving and loading, the effect of `training`, dynamic shapes and whatever else the verification checked.",
    ),
    Code(
        "CHK170",
        "no ongoing work, references read",
        "Nobody else is porting the model, and the porter knows the paper and similar TensorFlow models.",
    ),
    Code(
        "CHK171",
        "branch pushed, draft pull request open",
        "The port is on its own branch of the user's fork, rebased, and a draft pull request shows the intention "
        "early.",
    ),
    Code(
        "CHK172",
        "repository's style checks",
        "`make fixup` formats the changes and runs the repository's own checks.",
    ),
    Code(
        "CHK173",
        "slow tests run locally",
        "The slow tests need real checkpoints, so only a person with the network can run them.",
    ),
    Code(
        "CHK174",
        "reviews and CI",
        "The pull request is approved by at least three reviewers and continuous integration passes.",
    ),
    Code(
        "CHK175",
        "weights on the Hub",
        "Converted weights are published by a pull request on the checkpoint's Hub repository, after comparing "
        "outputs.",
    ),
    Code(
        "CHK176",
        "shared with the community",
        "What is merged is worth showing: a demo, a notebook, the community page.",
    ),
)

CODES: dict[str, Code] = _catalogue(_CLI, _LOC, _ENV, _GIT, _PRB, _TFP, _RND, _REG, _VER, _CHK)
