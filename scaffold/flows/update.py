"""Generate a port anew, because its PyTorch file or scaffold has changed, and merge that with what was edited since.

Each file is merged by itself, the untouched earlier render being the common ancestor (refs/scaffold/<stem>/base). The new render
replaces it only when the merge is committed: here if it is clean, by the user if there were conflicts.
Source of truth: docs/architecture.md ("Update and undo"); publishing.md sections 5 and 6.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold import pipeline
from scaffold.core.edits import Edit, Tree, digest
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.port import Contributor
from scaffold.core.progress import Progress
from scaffold.core.reports import VerificationReport
from scaffold.publish.merge import Merged, content, merge
from scaffold.publish.pristine import base_ref, commit_of, next_ref

if TYPE_CHECKING:
    from scaffold.core.checkout import Located
    from scaffold.publish.git import Clone

MESSAGE = "Generate the TensorFlow port anew"
_NOTE = "update.json"
_MARKER = b"\n<<<<<<< "


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to update. `model` None: that of the branch that is checked out; `probe` None: as when the port was made.

    A contributor or new Auto classes are put into a port that was made without.
    """

    root: Path
    model: str | None
    python: str = sys.executable
    probe: bool | None = None
    verify: bool = True
    dry_run: bool = False
    contributor: Contributor | None = None
    new_auto_classes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`outcome` is unchanged, updated, planned (a dry run), conflicts, or finished (conflicts resolved by the user)."""

    stem: str
    branch: str
    outcome: str
    edits: tuple[Edit, ...] = ()
    conflicts: tuple[str, ...] = ()
    commit: str | None = None
    report: VerificationReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Port:
    """The port as it stands: `before` is the commit of the earlier render, `made` what that was made with."""

    clone: Clone
    located: Located
    folder: Path
    tip: str
    before: str
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        return self.located.names.stem

    @property
    def branch(self) -> str:
        return self.located.names.branch


def run(request: Request, progress: Progress) -> Result:
    """Update one port. Raises GIT102, GIT140, HUB131, GIT142 (all exit status 5) with nothing changed."""
    with progress.step("look"):
        port = _open(request)
        noted = _read_note(port.folder)
        if noted is not None:
            settled = _settle(port, noted, request)
            if settled is not None:
                return settled
        asked = _asked(port, request)
        if port.made == {**pipeline.made_by(asked), "source": digest(_text(port))}:
            progress.note("nothing that decides the port's text has changed")
            return Result(stem=port.stem, branch=port.branch, outcome="unchanged")
    made, following = _render(port, asked, progress)
    merged = _merge(port, following)
    return _carry_out(port, asked, made, following, merged, progress)


def _open(request: Request) -> _Port:
    from scaffold.flows.ported import model_of, on_branch
    from scaffold.locate import locate
    from scaffold.publish.commit import resume
    from scaffold.publish.git import check_clean, open_clone

    clone = open_clone(request.root)
    located = locate(request.root, request.model or model_of(clone), ported_ok=True)
    folder = pipeline.state_folder(clone, located.names.stem)
    if not request.dry_run:
        resume(clone, folder)
    tip = on_branch(clone, located)
    before = commit_of(clone, base_ref(located.names.stem))
    if before is None:
        raise ScaffoldError(
            "GIT140",
            f"the branch {located.names.branch} was not made by `scaffold new-tf-model` in this clone",
            "port the model anew on another branch and merge by hand",
            exit_code=ExitCode.CONFLICT,
        )
    if _made(folder).get("brought"):
        raise ScaffoldError(
            "BKP105",
            f"the PyTorch model of {located.names.branch} was brought along from a 5.x tree",
            "make the port again: `scaffold undo`, then `scaffold new-tf-model` with --pytorch-from",
            exit_code=ExitCode.CONFLICT,
        )
    if unmerged := unresolved(clone, folder, tip):
        raise ScaffoldError(
            "GIT142",
            f"the conflicts of the last update are not committed yet: {', '.join(unmerged)}",
            "resolve the places between <<<<<<< and >>>>>>>, commit, and run `scaffold update` again "
            "(or give that update up: `git restore .`)",
            exit_code=ExitCode.CONFLICT,
        )
    if (_read_note(folder) or {}).get("phase") != "writing":
        check_clean(clone)
    return _Port(clone=clone, located=located, folder=folder, tip=tip, before=before, made=_made(folder))


def unresolved(clone: Clone, folder: Path, tip: str) -> tuple[str, ...]:
    """The files that an update left with conflicts and that still differ from the branch."""
    note = _read_note(folder) or {}
    if note.get("phase") != "waiting" or note.get("tip") != tip:
        return ()
    changed = clone.git("diff", "--name-only", "-z", "--no-renames", tip).split("\0")
    return tuple(path for path in note.get("conflicts", ()) if path in changed)


def _made(folder: Path) -> dict[str, Any]:
    """What the port was made with; nothing where that is not known, which makes every update worth a look."""
    try:
        return dict(json.loads((folder / pipeline.PORT).read_text(encoding="utf-8"))["made"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _asked(port: _Port, request: Request) -> pipeline.Request:
    someone = port.made.get("contributor")
    noted = Contributor(name=someone[0], url=someone[1]) if someone else None
    return pipeline.Request(
        root=port.clone.root,
        model=port.stem,
        python=request.python,
        contributor=request.contributor or noted,
        probe=bool(port.made.get("probe", True)) if request.probe is None else request.probe,
        verify=request.verify,
        dry_run=request.dry_run,
        new_auto_classes=request.new_auto_classes or bool(port.made.get("new_auto_classes", False)),
        regenerate=bool(port.made.get("regenerate", False)),
    )


def _text(port: _Port) -> str:
    """The PyTorch file as the branch has it."""
    return port.located.source


def _render(port: _Port, asked: pipeline.Request, progress: Progress) -> tuple[pipeline.Result, str]:
    """The port as it is generated now, on the tree that it was generated on before; its commit."""
    from scaffold.locate import locate
    from scaffold.publish.renders import checked_out, commit_render

    clone, base = port.clone, port.clone.git("rev-parse", f"{port.before}^")
    source = port.located.names.pt_path
    replaced = [(source, _text(port).encode("utf-8"))]
    with pipeline.workspace(asked, clone, port.stem) as space, checked_out(clone, base, replaced, port.folder) as root:
        request = replace(asked, root=root)
        pipeline.check_python(request, progress)
        made = pipeline.Result(located=locate(root, port.stem, ported_ok=asked.regenerate), branch=port.branch)
        pipeline.plan(request, made, space, progress)
        following = commit_render(clone, base, made.edits, port.folder)
    return made, following


def _merge(port: _Port, following: str) -> list[Merged]:
    """Every file that either render touches, merged with the branch's."""
    clone = port.clone
    base = clone.git("rev-parse", f"{port.before}^")
    listed = [
        clone.git("diff", "--name-only", "-z", "--no-renames", base, commit) for commit in (port.before, following)
    ]
    paths = sorted({path for names in listed for path in names.split("\0") if path})
    merged = [
        merge(path, *(content(clone, commit, path) for commit in (port.before, port.tip, following))) for path in paths
    ]
    return [each for each in merged if each.text != content(clone, port.tip, each.path)]


def _carry_out(
    port: _Port,
    asked: pipeline.Request,
    made: pipeline.Result,
    following: str,
    merged: list[Merged],
    progress: Progress,
) -> Result:
    conflicts = tuple(each.path for each in merged if each.conflicts)
    tree = Tree(port.clone.root)
    for each in merged:
        text = None if each.text is None else each.text.decode("utf-8")
        tree.plan(each.path, text, by="update", why="generated anew")
    edits = tree.edits()
    result = Result(stem=port.stem, branch=port.branch, outcome="planned", edits=edits, conflicts=conflicts)
    if asked.dry_run:
        return result
    _write_note(port, following, merged, asked)
    if conflicts:
        _write_files(port, _read_note(port.folder) or {})
        return replace(result, outcome="conflicts")
    made.located, made.edits = port.located, edits
    if not edits:  # nothing changes, and what was seen of these very files still holds
        made.report = pipeline.fresh_report(port.located, port.folder)
    if made.report is None:
        pipeline.verify_planned(asked, made, port.folder, progress)
    commit = None
    if edits:
        with progress.step("commit"):
            from scaffold.publish.follow_up import commit_onto

            commit = commit_onto(port.clone, edits, branch=port.branch, folder=port.folder, message=MESSAGE)
            progress.note(f"{commit[:12]} on {port.branch}")
    pipeline.save(asked, made, port.folder)
    _finish(port, following)
    return replace(result, outcome="updated", commit=commit, report=made.report)


def _write_note(port: _Port, following: str, merged: list[Merged], asked: pipeline.Request) -> None:
    """What is about to happen, with the merged files as objects: from here on a kill can be gone on from."""
    from scaffold.publish.journal import write_json

    clone = port.clone
    files = {
        each.path: None
        if each.text is None
        else clone.git("hash-object", "-w", "--no-filters", "--stdin", stdin=each.text)
        for each in merged
    }
    clone.git("update-ref", "-m", "scaffold: update", next_ref(port.stem), following)
    note = {
        "next": following,
        "tip": port.tip,
        "files": files,
        "conflicts": [each.path for each in merged if each.conflicts],
        "phase": "writing" if any(each.conflicts for each in merged) else "committing",
        "made": {**pipeline.made_by(asked), "source": digest(_text(port))},
    }
    write_json(port.folder / _NOTE, note)


def _read_note(folder: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads((folder / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write_files(port: _Port, note: dict[str, Any]) -> None:
    """The merged files with their conflict markers into the work tree; only over what the branch holds, or what is written."""
    import os

    from scaffold.publish.git import run_git
    from scaffold.publish.journal import write_json
    from scaffold.publish.switch import conflict

    for path, blob in note["files"].items():
        target = port.clone.root / path
        text = None if blob is None else run_git(port.clone.root, "cat-file", "blob", blob)
        present = target.read_bytes() if target.is_file() else None
        if present == text:
            continue
        if present != content(port.clone, port.tip, path):
            raise conflict(path)
        if text is None:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        beside.write_bytes(text)
        if target.exists():
            beside.chmod(target.stat().st_mode)
        os.replace(beside, target)
    write_json(port.folder / _NOTE, {**note, "phase": "waiting"})


def _settle(port: _Port, note: dict[str, Any], request: Request) -> Result | None:
    """Go on with an update that was interrupted or left conflicts; None when a new one has to be made."""
    from scaffold.publish.journal import write_json

    conflicts = tuple(note["conflicts"])
    if port.tip == note["tip"]:
        if note["phase"] == "writing" and not request.dry_run:
            _write_files(port, note)
            return Result(stem=port.stem, branch=port.branch, outcome="conflicts", conflicts=conflicts)
        if not request.dry_run:  # nothing came of it: the tree is clean and the branch where it was
            (port.folder / _NOTE).unlink(missing_ok=True)
        return None
    for path in conflicts:
        if _MARKER in b"\n" + (content(port.clone, port.tip, path) or b""):
            raise ScaffoldError(
                "GIT142",
                f"{path} still holds conflict markers",
                "resolve them, commit, and run `scaffold update` again",
                exit_code=ExitCode.CONFLICT,
            )
    if request.dry_run:
        return None
    record = port.folder / pipeline.PORT
    known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    write_json(record, {**known, "made": note["made"]})
    _finish(port, note["next"])
    return Result(stem=port.stem, branch=port.branch, outcome="finished", commit=port.tip)


def _finish(port: _Port, following: str) -> None:
    """The new render is the ancestor of the next merge; one transaction, then the note goes."""
    lines = f"update {base_ref(port.stem)} {following}\ndelete {next_ref(port.stem)}\n"
    port.clone.git("update-ref", "-m", "scaffold: update", "--stdin", stdin=lines.encode())
    (port.folder / _NOTE).unlink(missing_ok=True)
