"""The closed catalogue of error and diagnostic codes: what `scaffold explain CODE` prints and docs/reference/codes.md lists.

A code names a kind of problem; the message of the single error names the instance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scaffold.core.backport_codes import BACKPORT
from scaffold.core.checklist_codes import CHECKLIST
from scaffold.core.publishing_codes import PUBLISHING
from scaffold.core.sharing_codes import SHARING
from scaffold.core.translation_codes import TRANSLATION


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
    Code(
        "CLI107",
        "an answer to no question",
        "`--data` and `--answers` take the command's long options as keys, without the dashes: `contributor`, "
        "`no-verify`. `scaffold COMMAND --help` lists them.",
    ),
    Code(
        "CLI108",
        "an answer that cannot be used",
        "The answers' file is missing, is no YAML or JSON, or holds something else than `option: value` lines; or a value "
        "is of another kind than the option takes. The message says which.",
    ),
    Code(
        "CLI109",
        "no cluster to sweep on",
        "`scaffold sweep --scheduler` needs Dask here (`pip install 'scaffold-tf[cluster]'`) and a scheduler that answers at the "
        "address; its workers need scaffold, the frameworks and the same paths, on a shared file system.",
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
        "still has it as its base; the newest release line that does is 4.57, and 4.49 is the newest one whose test suite "
        "still compares TensorFlow with PyTorch. `--pytorch-from` brings a model along that only 5.x has.",
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
    Code(
        "LOC110",
        "no TensorFlow test file",
        "The work tree has no `tests/models/…/test_modeling_tf_….py` for the model. A port's branch has one; switch to it, or "
        "make the port.",
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
    Code(
        "ENV104",
        "this Python is too new for the release",
        "The clone's dependency_versions_table.py allows only versions that were never published for this Python. Give "
        "`scaffold env` an older one with `--python`; everything that needs no frameworks works without.",
    ),
    Code(
        "ENV105",
        "the environment could not be made",
        "A call of pip or venv failed; the message is its own first error.",
    ),
    Code("ENV106", ".env is in the way", "`scaffold env` makes its environment there and found something else."),
)

# --- PRB: the probe --------------------------------------------------------------------------------------------------
_PRB = (
    Code(
        "PRB101",
        "the target Python cannot be started",
        "The interpreter that should run the PyTorch model does not exist or is not executable. Name one with `--python`; it "
        "needs torch and what Transformers depends on.",
    ),
    Code(
        "PRB102",
        "the PyTorch file cannot be imported",
        "Importing the modelling file from the checkout failed, usually because a package it needs is missing in the target "
        "Python. Install it there, or use `--no-probe`: then types come from static analysis alone and the port cannot be "
        "verified.",
    ),
    Code(
        "PRB103",
        "the probe took too long",
        "The PyTorch model was run on tiny configurations and did not finish within a quarter of an hour, so it was stopped. "
        "Nothing was written to the checkout. Run the command again on an idle machine, or with `--no-probe`.",
    ),
    Code(
        "PRB104",
        "the probe failed",
        "The child process that runs the PyTorch model crashed or could not write its results; the message has its last "
        "words. Check that torch works in the target Python and that the disk is not full.",
    ),
    Code(
        "PRB105",
        "no public class could be run",
        "For no public class of the file were a tiny configuration and inputs found that run, neither from the checkout's "
        "tests nor from the configuration class. The message names the first failure. With `--no-probe` the file is "
        "translated anyway, but cannot be verified.",
    ),
)

# --- TFP: translation ------------------------------------------------------------------------------------------------
_TFP = tuple(Code(*row) for row in TRANSLATION)

# --- RND: rendering --------------------------------------------------------------------------------------------------
_RND: tuple[Code, ...] = (
    Code(
        "RND101",
        "a name that cannot be a module's",
        "File names are made from the model's name. Only lower-case letters, digits and underscores may be in it.",
    ),
)

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
_VER = (
    Code(
        "VER101",
        "the models cannot be run",
        "The child process that should hold both models ended before it could answer, usually because one of the two "
        "modelling files cannot be imported; the message has the last line of its error.",
    ),
)

# --- CMP: comparing the inside of both models --------------------------------------------------------------------------
_CMP = (
    Code(
        "CMP103",
        "a case that could not be reduced",
        "The child process that cuts a differing case down failed or could not import the port; the message has its last "
        "words. `scaffold compare` reports what differs, also in a port that is half done.",
    ),
    Code(
        "CMP101",
        "no such checkpoint",
        "`--checkpoint` takes a folder with `config.json` and weights, as `save_pretrained()` writes it, or the name of a "
        "repository on the Hub that can be reached from here.",
    ),
    Code(
        "CMP102",
        "the checkpoint does not run",
        "PyTorch could not load the checkpoint into the classes that are compared, or could not run them on inputs made from "
        "its configuration. The message has the first reason.",
    ),
)

# --- CHK: the checklist ----------------------------------------------------------------------------------------------
_CHK = tuple(Code(*row) for row in CHECKLIST)

# --- GIT and HUB: git and GitHub --------------------------------------------------------------------------------------
_GIT = tuple(Code(*row) for row in PUBLISHING)

# --- WGT and BKP: weights, and models of a 5.x tree -----------------------------------------------------------------------
_WGT = tuple(Code(*row) for row in (*SHARING, *BACKPORT))

CODES: dict[str, Code] = _catalogue(_CLI, _LOC, _ENV, _GIT, _PRB, _TFP, _RND, _REG, _VER, _CMP, _CHK, _WGT)
