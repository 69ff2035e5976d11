"""Take the registrations of hand-written ports out of a checkout, plan them anew, and compare with what people wrote.

Usage: `python benchmarks/replay_registration.py --repo path/to/transformers [--diff PLACE] [model …]`. Nothing is written: the
stripped files exist only on a `Tree`. Source of truth: the checkout's own registrations.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections import Counter
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.edits import Tree
from scaffold.core.errors import ScaffoldError
from scaffold.locate import locate
from scaffold.ported import port_of
from scaffold.register import register, unregister
from scaffold.register.mappings import TF_MODELS


def verdict(before: str, after: str) -> str:
    """`identical`, `same lines` in another order or with other blank lines, or `differs`."""
    if before == after:
        return "identical"
    first, second = (sorted(line.strip() for line in text.split("\n") if line.strip()) for text in (before, after))
    return "same lines" if first == second else "differs"


def replay(located: Located, shown: str) -> dict[str, str]:
    """Place → verdict for one port; `error` holds the message of a registrar that refused."""
    tree = Tree(located.root)
    port = port_of(located)
    original: dict[str, str] = {}
    unregister(located, port, tree)
    stripped = [edit.path for edit in tree.edits()]
    try:
        outcomes = register(located, port, tree)
    except ScaffoldError as error:
        return {"error": str(error)}
    verdicts: dict[str, str] = {}
    for path in sorted({*stripped, *(outcome.path for outcome in outcomes)}):
        file = located.root / path
        original[path] = file.read_bytes().decode("utf-8") if file.is_file() else ""
        after = tree.read(path) or ""
        place = (
            "model page"
            if "model_doc" in path
            else "model __init__"
            if path.startswith("src/transformers/models/")
            else path
        )
        place = TF_MODELS if path == TF_MODELS else place
        verdicts[place] = verdict(original[path], after)
        if shown and shown in path and original[path] != after:
            lines = difflib.unified_diff(original[path].splitlines(True), after.splitlines(True), path, "planned", n=1)
            sys.stdout.writelines(lines)
    return verdicts


def main() -> None:
    """Print one line a place with counts, and the ports that differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--diff", default="", help="print the differences of paths that contain this text")
    parser.add_argument("models", nargs="*")
    arguments = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    different: dict[str, list[str]] = {}
    ports = 0
    for path in sorted(arguments.repo.glob("src/transformers/models/*/modeling_tf_*.py")):
        folder, stem = path.parent.name, path.stem.removeprefix("modeling_tf_")
        if folder in ("auto", "deprecated") or (arguments.models and folder not in arguments.models):
            continue
        try:
            located = locate(arguments.repo, folder, stem=stem, ported_ok=True)
        except ScaffoldError as error:
            print(f"{stem}: not located: {error}")
            continue
        ports += 1
        for place, found in replay(located, arguments.diff).items():
            counts.setdefault(place, Counter())[found if place != "error" else "refused"] += 1
            if found != "identical":
                different.setdefault(place, []).append(f"{stem}: {found}" if place == "error" else f"{stem} ({found})")
    print(f"{ports} hand-written ports")
    for place, counter in sorted(counts.items()):
        print(f"{place}: " + ", ".join(f"{n} {name}" for name, n in counter.most_common()))
        for line in different.get(place, []):
            print(f"    {line}")


if __name__ == "__main__":
    main()
