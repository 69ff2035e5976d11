"""Port a model on a real release, run the repository's own checks on the port, take it back, and say what was seen.

Usage: `python benchmarks/releases.py --repo path/to/transformers --release 4.40 --work DIR --rows DIR/rows.jsonl
[--python PY] [--tools VENV …] [--no-probe] [--verify] [--only CHECK …] -- MODEL …`, once a release; then
`python benchmarks/releases.py --rows DIR/rows.jsonl` prints the tables. Of two rows on a port the later counts, check by check.

The repository needs its history; a clone of it is made below DIR, at the last commit of the release's development. PY has what
the release imports (with the frameworks, its TensorFlow classes are checked too), VENV the formatters that it pins. Which checks
there are is read from the release's Makefile (`quality`, `repo-consistency`). One that fails is run without the port too: it
*fails without the port too* when everything it says, it says there as well. Exit status 1 when a check fails because of the port,
another file than the expected ones is changed, or `scaffold undo` leaves something behind.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from scaffold.core.child import ChildResult, run_worker
from scaffold.flows.bench import missing_package
from scaffold.flows.makefile import Makefile, Step

#: Release → the last commit before the next one's development began.
RELEASES = {
    "4.22": "3774010161",
    "4.26": "fd5cdaeea6",
    "4.30": "c3572e6bfb",
    "4.31": "49eb357564",
    "4.36": "815ea8e8a2",
    "4.40": "5728b5ad00",
    "4.47": "a5bb528471",
    "4.49": "7ec35bc3bd",
    "4.51": "25b7f27234",
    "4.53": "0a8081b03d",
    "4.54": "97f8c71f52",
    "4.55": "c54203a32e",
    "4.56": "155fd926d2",
    "4.57": "5ac3c5171a",
}
LIMIT = 1800.0
PASSES, FAILS, BEFORE, NOT_RUN = "passes", "fails", "fails without the port too", "not run"
NOT_VERIFIED = "not verified"
#: As the tables write it; what the release has no check for is a dash.
MARKS = {PASSES: "✓", FAILS: "✗", BEFORE: "b", NOT_RUN: "n", "": "–"}

#: Checks that ask a server, with what they ask it for.
ONLINE = {"update_metadata.py": "asks the Hub"}

#: Program → the module that it is, where that has another name.
MODULES = {"doc-builder": "doc_builder.commands.doc_builder_cli"}


@dataclass(slots=True)
class Row:
    """What a port on a release came to. `undone`: nothing of it was left after `scaffold undo`."""

    release: str
    model: str
    python: str
    error: str = ""
    changed: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    markers: int = 0
    strict: str = ""
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    undone: bool = False

    @property
    def ok(self) -> bool:
        failed = any(check["verdict"] == FAILS for check in self.checks.values())
        return self.undone and not (self.error or self.unexpected or self.missing or failed)


def git(root: Path, *arguments: str) -> str:
    """What git prints; raises when it fails."""
    return subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True).stdout


def clone(repo: Path, release: str, work: Path) -> Path:
    """A clone at the release's commit as `main`, which some checks compare with; one that is there must be clean."""
    root = work / release
    if not root.is_dir():
        git(work, "clone", "--quiet", "--shared", "--no-checkout", str(repo), str(root))
        git(root, "checkout", "--quiet", "-B", "main", RELEASES[release])
    if git(root, "status", "--porcelain") or git(root, "branch", "--show-current").strip() != "main":
        raise SystemExit(f"{root} is not as it was made: remove it and start again")
    return root


def scaffold(*arguments: str) -> subprocess.CompletedProcess[str]:
    """This project's own command."""
    command = [sys.executable, "-m", "scaffold", *arguments, "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# --- changed files ----------------------------------------------------------------------------------------------------


def expected(root: Path, model: str) -> tuple[set[str], set[str]]:
    """Files that a port has to change and files that it may change, from how the release treats a TensorFlow model it has."""
    package = f"src/transformers/models/{model}"
    needed = {f"{package}/modeling_tf_{model}.py", f"tests/models/{model}/test_modeling_tf_{model}.py"}
    needed |= {f"{package}/__init__.py", "src/transformers/models/auto/modeling_tf_auto.py"}
    for path in ("src/transformers/__init__.py", "src/transformers/utils/dummy_tf_objects.py"):
        needed |= {path} if "TFBertModel" in (root / path).read_text(encoding="utf-8") else set()
    pages = [path.relative_to(root).as_posix() for path in root.glob(f"docs/source/en/model_doc/{model}.md*")]
    index = [path for path in root.glob("docs/source/en/index.md*") if "| TensorFlow support |" in _squeezed(path)]
    needed |= {path.relative_to(root).as_posix() for path in index}
    allowed = {"utils/check_repo.py", "utils/check_docstrings.py", "utils/documentation_tests.txt", *pages}
    return needed, needed | allowed


def _squeezed(path: Path) -> str:
    return re.sub(r" +", " ", path.read_text(encoding="utf-8"))


# --- checks -----------------------------------------------------------------------------------------------------------


def steps(root: Path, changed: Sequence[str]) -> Iterator[Step]:
    """The checks of the release. Formatters get the changed files in place of whole folders."""
    makefile = Makefile((root / "Makefile").read_text(encoding="utf-8"))
    python = [path for path in changed if path.endswith(".py")]
    seen = set()
    for target in ("quality", "repo-consistency"):
        for step in makefile.steps(target, {}):
            if step.unread or step.title in seen:
                continue
            seen.add(step.title)
            if step.tool.startswith("python"):
                yield step
            elif step.tool == "doc-builder":
                options = step.arguments[step.arguments.index("--max_len") :]
                yield Step(step.tool, ("style", *(path for path in changed if _styled(path)), *options))
            else:
                options = tuple(word for word in step.arguments if word.startswith("-") or word in ("check", "format"))
                yield Step(step.tool, (*options, *python))


def _styled(path: str) -> bool:
    """Whether doc-builder looks at it: the library's code and the documentation."""
    return path.startswith(("src/", "docs/source/")) and path.endswith((".py", ".md", ".mdx"))


def run_step(root: Path, step: Step, python: str, tools: Sequence[Path]) -> ChildResult:
    """Run a check as the Makefile does, offline. Scripts that import a formatter find it in the first of the tools."""
    search = [*(str(folder / "bin") for folder in tools), str(Path(python).parent), "/usr/bin", "/bin"]
    modules = [root / "src", *(path for folder in tools[:1] for path in folder.glob("lib/python3*/site-packages"))]
    extra = {"PATH": ":".join(search), "OMP_NUM_THREADS": "1"}
    if step.tool.startswith("python"):
        extra["PYTHONPATH"] = ":".join(map(str, modules))
        arguments = [str(root / step.arguments[0]), *step.arguments[1:]]
    else:
        arguments = [MODULES.get(step.tool, step.tool), *step.arguments]
        python = next((str(folder / "bin/python") for folder in tools if (folder / "bin" / step.tool).exists()), python)
    return run_worker("run_module.py", arguments, python=python, src=None, timeout=LIMIT, cwd=root, env_extra=extra)


def said(result: ChildResult) -> set[str]:
    """What a check said, without numbers, addresses and the frameworks' own log."""
    lines = (result.stdout + "\n" + result.stderr).splitlines()
    kept = (re.sub(r"0x[0-9a-f]+|\d+", "", line).strip() for line in lines if not re.match(r"\d{4}-|[IWE]\d{4} ", line))
    return {line for line in kept if line}


def run_checks(root: Path, row: Row, only: Sequence[str], python: str, tools: Sequence[Path]) -> None:
    """Run every check on the port, and those that fail on the release as it was."""
    failed: dict[str, tuple[Step, ChildResult]] = {}
    for step in steps(root, row.changed):
        name = Path(step.title).name if step.tool.startswith("python") else step.title
        if name in ONLINE or (only and name not in only):
            row.checks[name] = {"verdict": NOT_RUN, "detail": ONLINE.get(name, "left out")}
            continue
        result = run_step(root, step, python, tools)
        detail = "" if result.ok else "\n".join((result.stdout + result.stderr).strip().splitlines()[-12:])
        lacking = missing_package(detail)
        verdict = PASSES if result.ok else NOT_RUN if lacking else FAILS
        row.checks[name] = {"verdict": verdict, "seconds": round(result.seconds, 1), "detail": detail}
        if lacking:
            row.checks[name]["detail"] = f"needs {lacking}"
        if verdict == FAILS:
            failed[name] = step, result
        print(f"  {name}: {verdict}, {result.seconds:.0f} s", flush=True)
    if not failed:
        return
    branch = git(root, "branch", "--show-current").strip()
    git(root, "checkout", "--quiet", "main")
    for name, (step, result) in failed.items():
        there = tuple(word for word in step.arguments if "/" not in word or (root / word).exists())
        before = run_step(root, Step(step.tool, there), python, tools)
        if not before.ok and said(result) <= said(before):
            row.checks[name]["verdict"] = BEFORE
        else:
            row.checks[name]["added"] = sorted(said(result) - said(before))[:20]
        print(f"  {name}: {row.checks[name]['verdict']}", flush=True)
    git(root, "checkout", "--quiet", branch)


# --- one port ---------------------------------------------------------------------------------------------------------


def walk(root: Path, arguments: argparse.Namespace, model: str) -> Row:
    """Port, look at the changed files, check, undo."""
    row = Row(arguments.release, model, arguments.python)
    options = ["--python", arguments.python, "--yes", "--defaults", "--no-fork"]
    options += ["--no-probe"] * arguments.no_probe + ["--no-verify"] * (not arguments.verify)
    needed, allowed = expected(root, model)
    before = state(root)
    done = scaffold("new-tf-model", model, "--repo", str(root), *options)
    try:
        document = json.loads(done.stdout)
    except ValueError:
        row.error = done.stderr.strip()[-500:]
        return row
    if "commit" not in document or not document["commit"]:
        row.error = json.dumps(document)[:500]
        return row
    row.markers = len(document.get("markers", []))
    row.strict = strict_classes(document.get("verification"))
    row.changed = git(root, "diff", "--name-only", "main", document["commit"]).split()
    row.unexpected = sorted(set(row.changed) - allowed)
    row.missing = sorted(needed - set(row.changed))
    print(f"{row.release} {model}: {len(row.changed)} files, {row.markers} markers, {row.strict}", flush=True)
    run_checks(root, row, arguments.only, arguments.python, arguments.tools)
    undone = scaffold("undo", model, "--repo", str(root), "--yes")
    row.undone = undone.returncode == 0 and state(root) == before
    return row


def strict_classes(verification: dict[str, Any] | None) -> str:
    """`6 of 6, worst 2.3e-06`; the reason where nothing was compared."""
    if verification is None:
        return NOT_VERIFIED
    if verification["not_run"]:
        return f"not verified: {verification['not_run']}"
    heads = verification["heads"].values()
    worst = max((head["max_scaled"] or 0.0 for head in heads), default=0.0)
    problems = [problem for head in heads for problem in head["problems"]]
    return f"{sum(head['ok'] for head in heads)} of {len(heads)}, worst {worst:.1e}" + "; ".join(["", *problems[:3]])


def state(root: Path) -> tuple[str, ...]:
    """HEAD, branches, every tracked file's content in the index, and what differs or lies beside it in the tree."""
    git(root, "update-index", "-q", "--refresh")
    branches = git(root, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
    return git(root, "symbolic-ref", "HEAD"), branches, git(root, "ls-files", "-s"), git(root, "status", "--porcelain")


def tables(rows: Sequence[Row]) -> None:
    """For each model a table of checks and releases, then what else was seen, then what failed or did not run."""
    last: dict[tuple[str, str], Row] = {}
    for row in rows:
        earlier = last.get((row.model, row.release), row)
        strict = earlier.strict if row.strict == NOT_VERIFIED else row.strict
        checks = dict(earlier.checks)
        checks |= {
            name: check for name, check in row.checks.items() if name not in checks or check["verdict"] != NOT_RUN
        }
        last[row.model, row.release] = replace(row, checks=checks, strict=strict)
    print(", ".join(f"{mark}: {verdict or 'not in the release'}" for verdict, mark in MARKS.items()))
    for model in dict.fromkeys(row.model for row in rows):
        mine = [last[model, release] for release in RELEASES if (model, release) in last]
        names = list(dict.fromkeys(name for row in mine for name in row.checks))
        print(f"\n| {model} | " + " | ".join(row.release for row in mine) + " |")
        print("| --- " * (len(mine) + 1) + "|")
        for name in names:
            print(
                f"| `{name}` | " + " | ".join(MARKS[row.checks.get(name, {}).get("verdict", "")] for row in mine) + " |"
            )
        print("| other files changed | " + " | ".join(", ".join(row.unexpected) or "none" for row in mine) + " |")
        print("| files not changed | " + " | ".join(", ".join(row.missing) or "none" for row in mine) + " |")
        print("| undone | " + " | ".join("whole" if row.undone else "NO" for row in mine) + " |")
        print("| classes strict | " + " | ".join(row.strict for row in mine) + " |")
        for row in mine:
            for name, check in row.checks.items():
                if check["verdict"] != PASSES:
                    lines = check.get("added") or check["detail"].splitlines()[-2:]
                    print(f"{row.release} {name}: {check['verdict']}: {' / '.join(lines)[:400]}")
            if row.error:
                print(f"{row.release}: {row.error}")


def main() -> int:
    """Walk the models, or print the tables of what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, required=True, help="a line is added for every port")
    parser.add_argument("--repo", type=Path)
    parser.add_argument("--release", choices=RELEASES)
    parser.add_argument("--work", type=Path, help="where the clone is made")
    parser.add_argument("--python", default=sys.executable, help="has what the release imports")
    parser.add_argument(
        "--tools", type=Path, nargs="*", default=[], help="virtual environments with the release's formatters"
    )
    parser.add_argument("--no-probe", action="store_true")
    parser.add_argument("--verify", action="store_true", help="compare the port with PyTorch")
    parser.add_argument("--only", nargs="*", default=[], metavar="CHECK", help="run these checks alone")
    parser.add_argument("models", nargs="*")
    arguments = parser.parse_args()
    if arguments.models:
        if not (arguments.repo and arguments.release and arguments.work):
            parser.error("a model needs --repo, --release and --work")
        root = clone(arguments.repo, arguments.release, arguments.work)
        rows = []
        for model in arguments.models:
            rows.append(walk(root, arguments, model))
            with arguments.rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(rows[-1])) + "\n")
        return 0 if all(row.ok for row in rows) else 1
    tables([Row(**json.loads(line)) for line in arguments.rows.read_text(encoding="utf-8").splitlines()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
