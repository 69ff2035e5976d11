"""`scaffold compare` and `scaffold reduce`: cases for a port that is in a clone, then the work. Only `.git` is written to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.progress import Progress
from scaffold.environment import check_environment, read_environment

if TYPE_CHECKING:
    from scaffold.compare import Comparison, Reduced


@contextmanager
def _cases(located: Located, python: str, progress: Progress) -> Iterator[Path]:
    """The probe's cases, kept inside `.git` for the next time; in a tree without git they disappear."""
    from scaffold.pipeline import state_folder
    from scaffold.probe import probe
    from scaffold.publish.git import open_clone

    with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
        try:
            folder = state_folder(open_clone(located.root), located.names.stem)
        except ScaffoldError:
            folder = Path(name)
        with progress.step("probe"):
            probe(located, python=python, out=folder / "probe")
        yield folder / "probe" / "classes"


def compare_existing(
    located: Located,
    python: str,
    progress: Progress,
    *,
    classes: tuple[str, ...] = (),
    case: str | None = None,
    checkpoint: str | None = None,
) -> Comparison:
    """Compare the layers inside a port that is in the clone with PyTorch's; writes nothing to the work tree.

    `classes` are TensorFlow classes (all by default; CLI103 for one that the port lacks), `case` one recorded case.
    """
    from scaffold.compare import compare

    pairs = compared_classes(located, python, classes)
    with compared_cases(located, python, progress, pairs, checkpoint) as cases, progress.step("compare"):
        return compare(located, pairs, src=located.root / "src", python=python, cases=cases, case=case)


def reduce_existing(
    located: Located,
    python: str,
    progress: Progress,
    *,
    classes: tuple[str, ...] = (),
    case: str | None = None,
    checkpoint: str | None = None,
) -> Reduced:
    """A script with the smallest case found in which the port differs; arguments as `compare_existing`."""
    from scaffold.compare import reduce

    pairs = compared_classes(located, python, classes)
    with compared_cases(located, python, progress, pairs, checkpoint) as cases, progress.step("reduce"):
        return reduce(located, pairs, src=located.root / "src", python=python, cases=cases, case=case)


def compared_classes(located: Located, python: str, classes: tuple[str, ...]) -> dict[str, str]:
    """TF class → PyTorch class of what is compared; CLI103 for a class that the port lacks."""
    from scaffold.ported import port_of

    check_environment(read_environment(python, located.root), tensorflow=True)
    port = port_of(located)
    unknown = [name for name in classes if name not in port.models]
    if unknown:
        raise ScaffoldError(
            "CLI103",
            f"the port has no model class {unknown[0]}",
            f"its classes are {', '.join(port.models)}",
            exit_code=ExitCode.USAGE,
        )
    return {name: port.pt_name(name) for name in classes or port.models}


@contextmanager
def compared_cases(
    located: Located, python: str, progress: Progress, pairs: Mapping[str, str], checkpoint: str | None
) -> Iterator[Path]:
    """The folder of cases to compare on: the probe's, or one recorded with a checkpoint's weights."""
    if checkpoint is None:
        with _cases(located, python, progress) as folder:
            yield folder
        return
    from scaffold.compare import checkpoint_cases

    with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
        with progress.step("checkpoint"):
            problems = checkpoint_cases(located, pairs.values(), checkpoint, python=python, out=Path(name))
            for pt_class, reason in problems.items():
                progress.note(f"{pt_class}: {reason}")
        yield Path(name)
