"""Report the versions this Python has of what a port needs, as JSON on standard output. Standard library only.

Usage: environment.py TABLE, where TABLE is the clone's src/transformers/dependency_versions_table.py. Nothing is imported
that takes time: the answers come from the installed distributions' metadata.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import sys
from typing import Any

#: What Transformers checks when it is imported (dependency_versions_check.py), where a wrong version ends the run.
CHECKED = (
    "tqdm",
    "regex",
    "requests",
    "packaging",
    "filelock",
    "numpy",
    "tokenizers",
    "huggingface-hub",
    "safetensors",
    "pyyaml",
)
MODULES = ("torch", "tensorflow", "tf_keras", "numpy", "safetensors")
TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-intel", "tf-nightly")


def version(*names: str) -> str | None:
    """The first distribution's version that is installed."""
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def table(path: str) -> dict[str, Any]:
    """The `deps` table of the clone: name -> requirement."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            return dict(ast.literal_eval(node.value))
    return {}


def mismatches(path: str) -> list[list[str | None]]:
    """[requirement, installed version or null] of what the clone would refuse."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return [["packaging", None]]
    try:
        wanted = table(path)
    except (OSError, SyntaxError, ValueError):
        return []
    found: list[list[str | None]] = []
    for name in CHECKED:
        if name in wanted:
            requirement = Requirement(wanted[name])
            installed = version(name)
            if installed is None or not requirement.specifier.contains(installed, prereleases=True):
                found.append([str(requirement), installed])
    return found


def main() -> None:
    """Print the report."""
    versions = {name: version(name) for name in MODULES if name != "tensorflow"}
    versions["tf_keras"] = version("tf-keras", "tf_keras")
    versions["tensorflow"] = version(*TENSORFLOW)
    present = {name: importlib.util.find_spec(name) is not None for name in MODULES}
    report = {
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "executable": sys.executable,
        "versions": {name: versions[name] if present[name] else None for name in MODULES},
        "present": present,
        "mismatches": mismatches(sys.argv[1]),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
