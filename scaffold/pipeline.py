"""The stages in order: locate → probe → translate → render → register → verify → commit.

Nothing writes into the clone before the commit. Source of truth for the order: docs/architecture.md.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold import __version__
from scaffold.brought import Brought, bring
from scaffold.core.diagnostics import Severity
from scaffold.core.edits import Edit, Outcome, Tree, digest
from scaffold.core.errors import ScaffoldError
from scaffold.core.names import counted
from scaffold.core.port import Contributor, Port
from scaffold.core.progress import Progress, Silent
from scaffold.core.reports import MODES, VerificationReport
from scaffold.core.typedb import TypeDB
from scaffold.environment import check_environment, read_environment
from scaffold.overlay import overlay

if TYPE_CHECKING:
    from scaffold.core.checkout import Located
    from scaffold.core.translation import SuiteTranslation, Translation
    from scaffold.publish.git import Clone


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for. `python` is the interpreter that has the frameworks.

    `new_auto_classes`: make the `TFAutoModelFor…` that a head lacks, instead of exempting the head in the repository's checks.
    `regenerate`: a TensorFlow port that the checkout has is treated as if it were not there. `pytorch_from`: the 5.x tree that
    has the PyTorch model, which the checkout lacks.
    """

    root: Path
    model: str
    python: str = sys.executable
    contributor: Contributor | None = None
    probe: bool = True
    verify: bool = True
    modes: tuple[str, ...] = MODES
    dry_run: bool = False
    new_auto_classes: bool = False
    regenerate: bool = False
    pytorch_from: Path | None = None


@dataclass(slots=True, kw_only=True)
class Result:
    """What a run came to. `commit` is None for a dry run and for a port that was there already (`finished`).

    `unheard` are options that were given and that a port that was there already was made without. `brought` is what
    came along from a 5.x tree; while that is worked on, `located` is about a temporary copy of the checkout that has it.
    """

    located: Located
    branch: str
    finished: bool = False
    resumed: bool = False
    unheard: tuple[str, ...] = ()
    port: Port | None = None
    translation: Translation | None = None
    suite: SuiteTranslation | None = None
    types: TypeDB = field(default_factory=TypeDB)
    edits: tuple[Edit, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    report: VerificationReport | None = None
    commit: str | None = None
    seconds: float = 0.0
    brought: Brought | None = None

    @property
    def ok(self) -> bool:
        """False when something was verified and is not strict, or the verification could not run."""
        return self.report is None or self.report.ok


REPORT = "report.json"
PORT = "port.json"
VERIFIED = "verified.json"


def state_folder(clone: Clone, stem: str) -> Path:
    """Where a port's private files lie: inside `.git`, so that they can be neither committed nor pushed."""
    return clone.git_path("scaffold") / stem


def make_port(
    located: Located, translation: Translation, contributor: Contributor | None, *, new_auto_classes: bool = False
) -> Port:
    """What the registrars need to know of a translation."""
    aliases = tuple((tf, pt) for pt, tf in translation.classes.items() if tf != f"TF{pt}")
    return Port(
        names=located.names,
        public=translation.public,
        models=translation.models,
        withheld=translation.withheld,
        contributor=contributor,
        aliases=aliases,
        constants=translation.constants,
        new_auto_classes=new_auto_classes,
    )


def run(request: Request, progress: Progress | None = None) -> Result:
    """Port one model. Raises ScaffoldError before the commit with the clone as it was."""
    progress = progress or Silent()
    started = time.monotonic()
    with bring(request, progress) as brought:
        with progress.step("locate"):
            clone, result = _locate(request, progress, brought)
        if not result.finished:
            with workspace(request, clone, result.located.names.stem) as folder:
                plan(request, result, folder, progress)
                if not request.dry_run:
                    verify_planned(request, result, folder, progress)
                    _commit(request, clone, result, folder, progress)
    result.located = replace(result.located, root=request.root.resolve())
    result.seconds = time.monotonic() - started
    return result


def _locate(request: Request, progress: Progress, brought: Brought | None) -> tuple[Clone, Result]:
    from scaffold.locate import check_checkout, locate
    from scaffold.publish.commit import branch_exists, check_branch_is_free, resume
    from scaffold.publish.git import check_clean, check_identity, open_clone

    check_checkout(request.root)
    # the name first: one that is refused starts no process
    root, model = (brought.root, brought.model) if brought is not None else (request.root, request.model)
    located = locate(root, model, ported_ok=True)
    clone = open_clone(request.root)
    names = located.names
    result = Result(located=located, branch=names.branch, brought=brought)
    tip = clone.tip(names.branch)
    if tip is not None:
        if not clone.has_file(tip, names.tf_path):
            raise branch_exists(names.branch)
        result.resumed = not request.dry_run and resume(clone, state_folder(clone, names.stem))
        result.finished = True
        result.unheard = _unheard(request, state_folder(clone, names.stem))
        return clone, result
    result.located = located = locate(root, model, ported_ok=request.regenerate)
    check_branch_is_free(clone, names.branch)
    check_clean(clone)
    if not request.dry_run:
        check_identity(clone)
    check_python(request, progress)
    progress.note(f"{names.title}: {names.pt_path}, {len(located.source.splitlines()):,} lines")
    return clone, result


def _unheard(request: Request, folder: Path) -> tuple[str, ...]:
    """The options that only `scaffold update` can put into a port that is there."""
    try:
        made = dict(json.loads((folder / PORT).read_text(encoding="utf-8"))["made"])
    except (OSError, ValueError, KeyError, TypeError):  # not noted what it was made with
        return ()
    someone = request.contributor
    found = []
    if someone is not None and made.get("contributor") != [someone.name, someone.url]:
        found += ["--contributor", shlex.quote(someone.name), "--contributor-url", shlex.quote(someone.url)]
    if request.new_auto_classes and not made.get("new_auto_classes"):
        found.append("--new-auto-classes")
    return tuple(found)


def check_python(request: Request, progress: Progress) -> None:
    """Refuse an interpreter that lacks what the request needs (ENV101 to ENV103)."""
    if request.probe or request.verify:
        environment = read_environment(request.python, request.root)
        check_environment(environment, tensorflow=request.verify and not request.dry_run)
        progress.note(environment.summary)


@contextmanager
def workspace(request: Request, clone: Clone, stem: str) -> Iterator[Path]:
    """The folder for the probe's files and the report; a dry run gets one that disappears."""
    if request.dry_run:
        with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
            yield Path(name)
        return
    folder = state_folder(clone, stem)
    for leftover in folder.glob("overlay.*"):  # of a run that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


def plan(request: Request, result: Result, folder: Path, progress: Progress) -> None:
    """Everything up to the complete list of edits."""
    from scaffold.register import register
    from scaffold.render import render
    from scaffold.translate import translate, translate_tests

    located = result.located
    if request.probe:
        from scaffold.probe import probe

        with progress.step("probe"):
            result.types = probe(located, python=request.python, out=folder / "probe")
            reached, sites = result.types.coverage
            progress.note(f"{reached:,} of {sites:,} expressions seen at run time, {len(result.types.classes)} classes")
    with progress.step("translate"):
        translation = translate(located, result.types)
        result.translation = translation
        result.port = make_port(located, translation, request.contributor, new_auto_classes=request.new_auto_classes)
        progress.note(f"{len(translation.classes)} classes, {counted(len(translation.markers), 'marker')}")
        for warning in translation.diagnostics:
            if warning.severity is Severity.WARNING:
                progress.note(warning.render())
    tree = without_port(located) if request.regenerate else Tree(located.root)
    if result.brought is not None:
        tree = result.brought.tree
    with progress.step("render"):
        result.suite = translate_tests(located, translation)
        cases = folder / "probe" if request.probe else None
        rendered = render(located, translation, tree, suite=result.suite, cases=cases)
        if result.suite is not None:
            dropped = len(result.suite.dropped)
            progress.note(f"{len(result.suite.kept)} test functions from the PyTorch tests, {dropped} left out")
    with progress.step("register"):
        registered = register(located, result.port, tree)
    before = result.brought.outcomes if result.brought is not None else ()
    result.outcomes = (*before, *rendered, *registered)
    result.edits = tree.edits()


def without_port(located: Located) -> Tree:
    """The checkout with its TensorFlow port of the model taken away, where it has one."""
    from scaffold.ported import port_of
    from scaffold.register import remove

    tree = Tree(located.root)
    if tree.exists(located.names.tf_path):
        remove(located, port_of(located), tree)
    return tree


def verify_planned(request: Request, result: Result, folder: Path, progress: Progress) -> None:
    """Compare the checkout with the planned edits with PyTorch, unless the request says not to; `folder` holds the cases."""
    if not request.verify or result.port is None:
        return
    cases = folder / "probe" / "classes"
    if not cases.is_dir():
        result.report = VerificationReport(heads=(), not_run="no cases to compare with: the probe was switched off")
        return
    from scaffold.verify import verify

    with progress.step("verify"), overlay(result.located.root, result.edits, within=folder) as tree:
        result.report = verify(
            result.located, result.port, src=tree / "src", python=request.python, cases=cases, modes=request.modes
        )


def _commit(request: Request, clone: Clone, result: Result, folder: Path, progress: Progress) -> None:
    from scaffold.publish.commit import commit_edits

    if not result.edits:
        raise ScaffoldError("GIT108", "the port changes nothing", "is the model ported already?")
    with progress.step("commit"):
        save(request, result, folder)
        result.commit = commit_edits(clone, result.edits, branch=result.branch, folder=folder)
        progress.note(f"{result.commit[:12]} on {result.branch}")


def save(request: Request, result: Result, folder: Path) -> None:
    """The report, what was ported and how, for the checklist and later runs."""
    from scaffold.publish.journal import write_json

    if result.report is not None:
        planned = {edit.path: edit.after for edit in result.edits if edit.after is not None}
        save_report(folder, result.report, sources_of(result.located, planned))
    else:
        (folder / REPORT).unlink(missing_ok=True)
    if result.port is not None:
        data = {"public": result.port.public, "models": result.port.models, "withheld": result.port.withheld}
        made = {**made_by(request), "source": digest(result.located.source)}
        write_json(folder / PORT, {**data, "scaffold": __version__, "made": made})


def made_by(request: Request) -> dict[str, Any]:
    """What decides a port's text beside the checkout: `scaffold update` compares what was noted with its own."""
    from scaffold.generator import fingerprint

    someone = request.contributor
    return {
        "generator": fingerprint(),
        "probe": request.probe,
        "new_auto_classes": request.new_auto_classes,
        "regenerate": request.regenerate,
        "brought": request.pytorch_from is not None,
        "contributor": None if someone is None else [someone.name, someone.url],
    }


def sources_of(located: Located, planned: Mapping[str, str] | None = None) -> dict[str, str]:
    """SHA-256 of the PyTorch and the TensorFlow file, by path: what a report is about. `planned` goes before the disk."""
    found = {}
    for path in (located.names.pt_path, located.names.tf_path):
        text = (planned or {}).get(path)
        found[path] = digest((located.root / path).read_bytes().decode("utf-8") if text is None else text)
    return found


def save_report(folder: Path, report: VerificationReport, sources: Mapping[str, str]) -> None:
    """Keep the report, and then what it is about: after a kill in between it counts as out of date."""
    from scaffold.verify import to_json

    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT).write_text(to_json(report), encoding="utf-8")
    (folder / VERIFIED).write_text(json.dumps(dict(sources), indent=1), encoding="utf-8")


def fresh_report(located: Located, folder: Path) -> VerificationReport | None:
    """The stored report if both files still hold what it was made of, else None."""
    try:
        about = json.loads((folder / VERIFIED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return load_report(folder) if about == sources_of(located) else None


def load_report(folder: Path) -> VerificationReport | None:
    """The report of the run that made the port, None when there is none (a hand-written port)."""
    from scaffold.verify import from_json

    try:
        return from_json((folder / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError):
        return None


def verify_existing(
    located: Located, python: str, progress: Progress, modes: tuple[str, ...] = MODES
) -> VerificationReport:
    """Compare a port that is in the clone already with PyTorch; writes nothing to the clone."""
    from scaffold.ported import port_of
    from scaffold.probe import probe
    from scaffold.verify import verify

    check_environment(read_environment(python, located.root), tensorflow=True)
    with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
        with progress.step("probe"):
            probe(located, python=python, out=Path(name))
        with progress.step("verify"):
            port = port_of(located)
            cases = Path(name) / "classes"
            return verify(located, port, src=located.root / "src", python=python, cases=cases, modes=modes)
