"""Ask the target Python whether it has what a port needs, before minutes are spent on finding out.

Source of truth: the clone's own dependency_versions_table.py, and Transformers' need for Keras 2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.core.child import run_worker
from scaffold.core.errors import ScaffoldError

TABLE = "src/transformers/dependency_versions_table.py"
_INSTALL = "install them there with `{python} -m pip install {what}`, or choose another interpreter with --python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the target Python has. `versions` holds None for what is not installed."""

    python: str
    executable: str
    versions: Mapping[str, str | None] = field(default_factory=dict)
    mismatches: tuple[tuple[str, str | None], ...] = ()

    @property
    def summary(self) -> str:
        """One line for the report."""
        parts = [f"{name} {version}" for name, version in self.versions.items() if version]
        return ", ".join([f"Python {self.python}", *parts])


def read_environment(python: str, root: Path) -> Environment:
    """Start the interpreter once and read its versions; ENV103 when it does not run."""
    try:
        result = run_worker("environment.py", [str(root / TABLE)], python=python, src=None, timeout=60)
    except OSError as error:
        raise ScaffoldError("ENV103", f"{python} could not be started: {error.strerror}", "check --python") from error
    if not result.ok:
        raise ScaffoldError("ENV103", f"{python} failed: {result.last_error()}", "check --python")
    data = json.loads(result.stdout)
    return Environment(
        python=data["python"],
        executable=data["executable"],
        versions=data["versions"],
        mismatches=tuple((name, version) for name, version in data["mismatches"]),
    )


def _minor(version: str) -> tuple[int, int]:
    numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
    return numbers[0], numbers[1] if len(numbers) > 1 else 0


def keras_variable(environment: Environment) -> dict[str, str]:
    """For programs that no worker starts: TensorFlow 2.15 fails where the separate Keras is asked for and not there."""
    tensorflow, keras = environment.versions.get("tensorflow"), environment.versions.get("tf_keras")
    wanted = keras is not None and (tensorflow is None or _minor(tensorflow) >= (2, 16))
    return {"TF_USE_LEGACY_KERAS": "1" if wanted else "0"}


def check_environment(environment: Environment, *, tensorflow: bool) -> None:
    """Refuse an environment in which the probe (torch) or the verification (TensorFlow, Keras 2) cannot run."""
    needed = ["torch", "numpy", "safetensors", *(["tensorflow"] if tensorflow else [])]
    versions = environment.versions
    missing = [name for name in needed if not versions.get(name)]
    installed = versions.get("tensorflow")
    # since TensorFlow 2.16 `tf.keras` is Keras 3, which Transformers refuses
    if tensorflow and installed and _minor(installed) >= (2, 16) and not versions.get("tf_keras"):
        missing.append(f"tf_keras (TensorFlow {installed} ships Keras 3)")
    if missing:
        names = " ".join(name.split()[0].replace("_", "-") for name in missing)
        raise ScaffoldError(
            "ENV101",
            f"{environment.executable} lacks {', '.join(missing)}",
            _INSTALL.format(python=environment.executable, what=names),
        )
    if tensorflow and installed:
        _check_keras(environment, installed)
    if environment.mismatches:
        wanted = "; ".join(f"{name} (found {version or 'none'})" for name, version in environment.mismatches)
        names = " ".join(f"'{name}'" for name, _ in environment.mismatches)
        raise ScaffoldError(
            "ENV102",
            f"the checkout refuses versions that {environment.executable} has: {wanted}",
            _INSTALL.format(python=environment.executable, what=names),
        )


def _check_keras(environment: Environment, tensorflow: str) -> None:
    keras = environment.versions.get("tf_keras")
    if keras and _minor(tensorflow) >= (2, 16) and _minor(keras) != _minor(tensorflow):
        major, minor = _minor(tensorflow)
        raise ScaffoldError(
            "ENV102",
            f"tf-keras {keras} does not belong to TensorFlow {tensorflow}",
            _INSTALL.format(python=environment.executable, what=f"'tf-keras=={major}.{minor}.*'"),
        )
