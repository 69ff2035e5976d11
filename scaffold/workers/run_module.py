"""Run a module as `python -m MODULE ARGUMENTS…` does, or a script as `python SCRIPT.py …`: the clone's own tools and tests.

The current folder is first on the path, or the script's. Standard library only. The exit status is the module's.
"""

from __future__ import annotations

import os
import runpy
import sys

from legacy_keras import settle as settle_keras


def main() -> None:
    """Give the module or script its own argv and run it."""
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    settle_keras()
    if module.endswith(".py"):
        sys.path[0] = os.path.dirname(os.path.abspath(module))
        runpy.run_path(module, run_name="__main__")
        return
    sys.path[0] = os.getcwd()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
