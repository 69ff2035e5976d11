"""Generate hand-written ports anew and run the repository's own, unchanged tests before and after.

Usage: `python benchmarks/regenerate.py --repo path/to/transformers --out DIR [--no-tests] [model …]`. Needs a full checkout with
its tests and the packages of `.[verify,checks]`. The generated file takes the hand-written one's place in a temporary tree; the
checkout is not written to. The tests run on the generated file; those that fail, or are skipped by a decision of their own, run
on the hand-written one, too.
Every model leaves a line in DIR/rows.jsonl (`lost`: tests that pass with the hand-written file and fail or are skipped with the
generated one); models that have one are left out, so the same command goes on after an interruption.
"""

from __future__ import annotations

import argparse
import ast
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from scaffold.core.checkout import Located
from scaffold.core.edits import Edit
from scaffold.core.errors import ScaffoldError
from scaffold.core.typedb import TypeDB
from scaffold.locate import locate
from scaffold.overlay import overlay
from scaffold.pipeline import make_port, without_port
from scaffold.probe import probe
from scaffold.register import register
from scaffold.render import render
from scaffold.testing import SuiteRun, run_suite
from scaffold.translate import translate

#: Where the reasons of skips stand that hold for every model.
_DECORATORS = (
    "src/transformers/testing_utils.py",
    "tests/generation/test_tf_utils.py",
    "tests/test_modeling_tf_common.py",
    "tests/test_pipeline_mixin.py",
    "tests/utils/test_modeling_tf_core.py",
)

#: The reason of a pipeline's test that the model's own, unchanged test file does not ask for.
_UNMAPPED = "is not in `self.pipeline_model_mapping`"

#: The hand-written file's run where there is nothing to ask of it.
_NOTHING: dict[str, Any] = {"seconds": 0, "counts": {}, "failures": {}, "skipped": {}, "error": None}

#: What pytest needs beside `src` and `tests`.
_BESIDE = ("conftest.py", "pyproject.toml", "setup.cfg", "utils")


def ported(root: Path, models: Sequence[str]) -> list[tuple[str, str]]:
    """(folder, stem) of the hand-written ports."""
    found = []
    for path in sorted(root.glob("src/transformers/models/*/modeling_tf_*.py")):
        folder, stem = path.parent.name, path.stem.removeprefix("modeling_tf_")
        if folder not in ("auto", "deprecated") and (not models or stem in models):
            found.append((folder, stem))
    return found


def size(text: str) -> int:
    """Lines that are not blank."""
    return sum(bool(line.strip()) for line in text.splitlines())


def suite(located: Located, edits: Sequence[Edit], out: Path, python: str, select: str | None = None) -> dict[str, Any]:
    """What the model's own TensorFlow tests, or those of them that are selected, say of the checkout with the edits."""
    with overlay(located.root, edits, within=out) as folder:
        for name in _BESIDE:
            place = located.root / name
            if place.is_dir():
                (folder / name).symlink_to(place)
            elif place.is_file():  # a copy: conftest.py puts the `src` beside itself on the path
                shutil.copy2(place, folder / name)
        there = locate(folder, located.names.folder, stem=located.names.stem, ported_ok=True)
        run = run_suite(there, python=python, select=select)
    return plain(run)


def plain(run: SuiteRun) -> dict[str, Any]:
    """The run as data."""
    data = asdict(run)
    data["failures"] = {failure.test: failure.message for failure in run.failures}
    data["skipped"] = dict(run.skipped)
    return {key: data[key] for key in ("seconds", "counts", "failures", "skipped", "error")}


def decorated(located: Located) -> frozenset[str]:
    """Reasons that skip a test before it starts: those given to `skip`, `skipIf` and `skipUnless`, which no port can change."""
    found: set[str] = set()
    for name in (*_DECORATORS, located.names.tf_test_path):
        path = located.root / name
        for node in ast.walk(ast.parse(path.read_bytes())) if path.is_file() else ():
            called = ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and called in ("skip", "skipIf", "skipUnless"):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                found |= {str(value.value) for value in given if isinstance(value, ast.Constant)}
    return frozenset(found)


def doubtful(located: Located, after: dict[str, Any]) -> list[str]:
    """The tests of a run that the hand-written file may do better: failures, and skips that a test decided on itself."""
    known = decorated(located)
    skipped = [n for n, why in after["skipped"].items() if why not in known and _UNMAPPED not in why]
    return [*after["failures"], *skipped]


def lost(before: dict[str, Any], after: dict[str, Any], asked: Sequence[str]) -> dict[str, str]:
    """Test → why, for what the generated file does worse; `before` ran the tests that were asked for."""
    if after["error"]:
        return {"*": after["error"]}
    found = {name: why for name, why in after["failures"].items() if name not in before["failures"]}
    skipped = {name: why for name, why in after["skipped"].items() if name in asked and name not in before["skipped"]}
    return found | {name: f"skipped: {why}" for name, why in skipped.items()}


def probed(located: Located, python: str, out: Path) -> TypeDB:
    """The probe's types; none where no class could be run, as with `scaffold new-tf-model --no-probe`."""
    try:
        return probe(located, python=python, out=out)
    except ScaffoldError as error:
        if error.code != "PRB105":
            raise
        return TypeDB()


def regenerate(root: Path, folder: str, stem: str, out: Path, python: str, *, tests: bool) -> dict[str, Any]:
    """The row of one model."""
    started = time.monotonic()
    located = locate(root, folder, stem=stem, ported_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    for leftover in out.glob("overlay.*"):  # of a run that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    types = probed(located, python, out / "probe")
    translation = translate(located, types)
    tree = without_port(located)
    render(located, translation, tree, suite=None, cases=out / "probe")
    register(located, make_port(located, translation, None), tree)  # some releases want `__all__` in the file
    text = tree.read(located.names.tf_path) or ""
    (out / f"{located.names.tf_module}.py").write_text(text, encoding="utf-8")
    hand = (root / located.names.tf_path).read_text(encoding="utf-8")
    row: dict[str, Any] = {
        "model": stem,
        "markers": [f"{d.code} {d.subject}: {d.message}" for d in translation.markers],
        "withheld": [list(pair) for pair in translation.withheld],
        "lines": [size(hand), size(text)],
    }
    if tests:
        edits = [edit for edit in tree.edits() if edit.path == located.names.tf_path]
        after = suite(located, edits, out, python)
        (out / "after.json").write_text(json.dumps(after), encoding="utf-8")
        asked = doubtful(located, after)
        before = suite(located, (), out, python, " or ".join(asked) or None) if asked or after["error"] else _NOTHING
        (out / "before.json").write_text(json.dumps(before), encoding="utf-8")
        row |= {"after": after["counts"], "lost": lost(before, after, asked), "before": before["counts"]}
        row["failed_before"] = [name for name in before["failures"] if name in after["failures"]]
        row["seconds"] = [round(before["seconds"]), round(after["seconds"])]
    row["total"] = round(time.monotonic() - started)
    return row


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown, and what they come to."""
    head = ("model", "pass", "fail before, too", "lost", "size", "markers")
    lines = [f"| {' | '.join(head)} |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    ratios = []
    for row in rows:
        if row.get("error"):
            lines.append(f"| {row['model']} | | | {row['error'][:80]} | | |")
            continue
        ratios.append(row["lines"][1] / row["lines"][0])
        before, after = len(row.get("failed_before", ())), row.get("after", {}).get("passed", "")
        gone = len(row["lost"]) if "lost" in row else ""
        lines.append(f"| {row['model']} | {after} | {before} | {gone} | {ratios[-1]:.2f} | {len(row['markers'])} |")
    tested = [row for row in rows if "lost" in row]
    run = [row for row in tested if row["lost"] or row["after"]["passed"]]
    lines.append(f"\n{sum(not row['lost'] for row in run)} of {len(run)} lose no test.")
    if len(run) < len(tested):
        lines.append(f"Of {len(tested) - len(run)} more every test is skipped, with the hand-written file as well.")
    if ratios:
        lines.append(f"Median size: {median(ratios):.2f} of the hand-written file's non-blank lines.")
    return "\n".join(lines)


def main() -> None:
    """Print the table of all rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--no-tests", action="store_true", help="only generate and count lines and markers")
    parser.add_argument("--again", action="store_true", help="run models that have a row, too; the newest row counts")
    parser.add_argument("models", nargs="*", help="stems (default: all)")
    options = parser.parse_args()
    root, out = options.repo.resolve(), options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    journal = out / "rows.jsonl"
    rows = read(journal)
    for folder, stem in ported(root, options.models):
        if stem in rows and not options.again:
            continue
        try:
            row = regenerate(root, folder, stem, out / stem, options.python, tests=not options.no_tests)
        except ScaffoldError as error:
            row = {"model": stem, "error": f"{error.code} {error.message}"}
        except Exception as error:  # one model's crash is a row
            row = {"model": stem, "error": f"{type(error).__name__}: {error}"}
        with journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{stem}: {row.get('error') or row.get('lost') or 'nothing lost'}", file=sys.stderr, flush=True)
    print(table(list(read(journal).values())))


def read(journal: Path) -> dict[str, dict[str, Any]]:
    """Model → its newest row."""
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else []
    return {row["model"]: row for row in map(json.loads, lines)}


if __name__ == "__main__":
    main()
