"""From what the user typed to one PyTorch modelling file: folder, file, refusals with a suggestion."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import check_model_argument, is_model_name
from scaffold.locate.naming import MODELS, AutoTables, config_of, has_model
from scaffold.locate.reading import parse_source

_FILE = re.compile(r"modeling_(?!tf_|flax_)([a-z0-9_]+)\.py")
#: `RoCBert`, `Wav2Vec2`: no names, but near enough to one for a suggestion.
_NEARLY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_ONLY_WEIGHTS = (
    "if a checkpoint has only PyTorch weights, only weights are missing: load it with `from_pretrained(…, from_pt=True)`, "
    "compare the outputs, `save_pretrained` and propose the file on the Hub repository (`scaffold explain LOC103`)"
)


def folders(root: Path) -> list[str]:
    """The model folders of the checkout, deprecated ones left out."""
    found = (path for path in (root / MODELS).iterdir() if path.is_dir() and (path / "__init__.py").is_file())
    return sorted(path.name for path in found if path.name not in ("auto", "deprecated"))


def stems(root: Path, folder: str) -> list[str]:
    """What follows `modeling_` in the names of the folder's PyTorch files, the file named like the folder first."""
    found = [m[1] for path in (root / MODELS / folder).iterdir() if (m := _FILE.fullmatch(path.name))]
    return sorted(found, key=lambda stem: (stem != folder, stem))


def has_tensorflow(root: Path, folder: str, stem: str) -> bool:
    """True when the file has a TensorFlow twin."""
    return (root / MODELS / folder / f"modeling_tf_{stem}.py").is_file()


def lacking(root: Path, folder: str) -> list[str]:
    """The stems of the folder that have no TensorFlow twin."""
    return [stem for stem in stems(root, folder) if not has_tensorflow(root, folder, stem)]


def portable(root: Path) -> list[str]:
    """Every stem of the checkout without a TensorFlow twin: what a user may ask for."""
    return [stem for folder in folders(root) for stem in lacking(root, folder)]


def _by_type(root: Path, model: str, tables: AutoTables) -> tuple[str, str | None] | None:
    """Folder and stem of a model type: the file whose configuration class the auto mapping names."""
    types = {key.replace("-", "_"): key for key in tables.configs}
    model_type = types.get(model)
    if model_type is None:
        return None
    folder = tables.folders.get(model_type, model)
    if not (root / MODELS / folder).is_dir():
        return None
    config = tables.configs[model_type]
    for stem in stems(root, folder):
        found = config_of(parse_source(root, f"{MODELS}/{folder}/modeling_{stem}.py"))
        if found and found[0] == config:
            return folder, stem
    return folder, None


def _unknown(root: Path, model: str, tables: AutoTables) -> ScaffoldError:
    names = folders(root)
    known = sorted({*names, *(stem for name in names for stem in stems(root, name)), *tables.configs})
    squeezed = re.sub(r"[^a-z0-9]", "", model.lower())
    exact = [name for name in known if re.sub(r"[^a-z0-9]", "", name) == squeezed]
    close = exact or difflib.get_close_matches(model.lower().replace("-", "_"), known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(close)}?" if close else f"the folders below {MODELS} are the model names"
    return ScaffoldError("LOC102", f"there is no model {model!r}", hint, exit_code=ExitCode.USAGE)


def _deprecated(root: Path, model: str) -> None:
    if (root / MODELS / "deprecated" / model).is_dir():
        raise ScaffoldError(
            "LOC109",
            f"{model} lies under models/deprecated/, which is frozen",
            "choose a model that is still maintained",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )


def find(root: Path, model: str, tables: AutoTables) -> tuple[str, str | None]:
    """(folder, stem) of a folder name, a file's stem or a model type; stem None where the folder alone was named."""
    if not is_model_name(model):
        if _NEARLY.fullmatch(model):
            raise _unknown(root, model, tables)
        check_model_argument(model)
    name = model.replace("-", "_")
    known = folders(root)
    if name in known:
        return name, name if name in stems(root, name) else None
    for folder in known:
        if name in stems(root, folder):
            return folder, name
    by_type = _by_type(root, name, tables)
    if by_type is not None:
        return by_type
    _deprecated(root, name)
    raise _unknown(root, model, tables)


def _already(folder: str, stem: str, others: list[str]) -> ScaffoldError:
    also = f"; without TensorFlow in the same folder: {', '.join(others)}" if others else ""
    return ScaffoldError(
        "LOC103",
        f"{stem} already has TensorFlow ({MODELS}/{folder}/modeling_tf_{stem}.py){also}",
        _ONLY_WEIGHTS,
    )


def choose(root: Path, folder: str, stem: str | None, *, ported_ok: bool) -> str:
    """The stem to work on; refuses a folder without a PyTorch model, one with TensorFlow, and an ambiguous one."""
    stem = choose_name(root, folder, stem, ported_ok=ported_ok)
    if not has_model(parse_source(root, f"{MODELS}/{folder}/modeling_{stem}.py")):
        raise ScaffoldError(
            "LOC105",
            f"{MODELS}/{folder}/modeling_{stem}.py defines no PyTorch module",
            "choose another model",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )
    return stem


def choose_name(root: Path, folder: str, stem: str | None, *, ported_ok: bool) -> str:
    """`choose` by the names of the files alone; what is in them is not looked at."""
    available = stems(root, folder)
    if not available:
        raise ScaffoldError(
            "LOC105",
            f"{MODELS}/{folder} holds no PyTorch modelling file",
            "port the model whose classes it reuses",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )
    open_ones = lacking(root, folder)
    if stem is None:
        candidates = available if ported_ok else open_ones
        if not candidates:
            raise _already(folder, available[0], [])
        if len(candidates) > 1:
            raise ScaffoldError(
                "LOC106",
                f"{folder} holds several modelling files: {', '.join(candidates)}",
                f"name one of them, e.g. {candidates[0]}",
                exit_code=ExitCode.USAGE,
            )
        stem = candidates[0]
    if not ported_ok and stem not in open_ones:
        raise _already(folder, stem, open_ones)
    return stem
