"""A token that must never be seen: every command with it, failing and succeeding, and every place where it could show.

Target: publishing.md §7. Looked through: standard output and error, JSON, the log file, tracebacks, every byte below
the work folder
and the home (git's objects unpacked), what was sent as bodies, and the arguments of every process that ran meanwhile, taken from
a wrapper that stands before git and from /proc.
"""

from __future__ import annotations

import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.cli.main import COMMANDS, build_parser
from tests.torture.ground import MODEL
from tests.torture.rows import Row
from tests.torture.site import Site, site, warm
from tests.torture.zygote import Zygote

_WRAPPER = """#!{python}
import os, sys
with open({log!r}, "a") as log:
    print(*sys.argv[1:], file=log)
    names = [name for name, value in os.environ.items() if {canary!r} in value]
    print("ENV", *names, file=log)
os.execv({git!r}, ["git", *sys.argv[1:]])
"""


@dataclass(slots=True)
class Found:
    """Where it was looked, and where the token was."""

    hits: list[str] = field(default_factory=list)
    runs: int = 0
    looked: int = 0  # bytes
    processes: int = 0
    wrong: list[str] = field(default_factory=list)


class Watch:
    """Looks at the arguments of all processes, again and again."""

    def __init__(self, canary: bytes) -> None:
        self.canary = canary
        self.seen: set[str] = set()
        self.hits: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.01):
            for entry in os.scandir("/proc") if os.path.isdir("/proc") else ():
                if entry.name.isdigit() and entry.name not in self.seen:
                    self._one(entry.name)

    def _one(self, number: str) -> None:
        try:
            with open(f"/proc/{number}/cmdline", "rb") as file:
                text = file.read()
        except OSError:
            return
        if text:
            self.seen.add(number)
        if self.canary in text:
            self.hits.add(text.replace(b"\0", b" ").decode("utf-8", "replace")[:120])


def _tokens(dice: random.Random) -> dict[str, str]:
    """One as GitHub makes them, one that only the configuration knows to be a secret, one with characters of patterns."""
    letters = string.ascii_letters + string.digits
    return {
        "classic": "ghp_" + "".join(dice.choices(letters, k=36)),
        "plain": "canary" + "".join(dice.choices(letters, k=30)),
        "odd": "Cn=+/" + "".join(dice.choices(letters + "+/=.~-_\\$%{}'", k=40)),
    }


def _wrapped(world: Site, canary: str) -> Path:
    """git, behind a wrapper that notes its arguments and the names of the variables that hold the token."""
    log = world.work.parent / "git.log"
    folder = world.work.parent / "bin"
    folder.mkdir()
    real = shutil.which("git")
    (folder / "git").write_text(
        _WRAPPER.format(python=sys.executable, log=str(log), canary=canary, git=real), encoding="utf-8"
    )
    (folder / "git").chmod(0o755)
    world.env["PATH"] = f"{folder}:{world.env['PATH']}"
    return log


def _commands(world: Site) -> list[tuple[list[str], dict[str, Any] | None]]:
    """Every command, with the failure that is planned for it; those that succeed come last."""
    faults: list[dict[str, Any] | None] = [
        *({"operation": "repos/create-fork", "status": status} for status in (401, 403, 422, 500)),
        {"operation": "repos/create-fork", "drop": True},
        {"operation": "users/get-authenticated", "status": 401},
        {"operation": "git-upload-pack", "status": 403},
        {"operation": "git-receive-pack", "status": 403, "times": 9},
        {"operation": "git-receive-pack", "status": 500, "times": 9},
        {"operation": "git-receive-pack", "drop": True, "times": 9},
        None,
    ]
    found = [(world.port(), fault) for fault in faults]
    for status in (401, 404, 422, 502):
        found.append((world.draft(), {"operation": "pulls/create", "status": status}))
    found += [(world.draft(), None), (world.draft("--to-upstream", "--reviewer", "gante"), None)]
    for name in COMMANDS:
        if name not in ("new-tf-model", "open-draft-pr"):
            found.append((_plain(name, world), None))
            found.append((_plain(name, world), {"operation": "*", "status": 401, "times": 3}))
    return found


def _plain(name: str, world: Site) -> list[str]:
    """Any other command, with what it needs."""
    options = {action.option_strings[-1] for action in build_parser(name)._actions if action.option_strings}
    given = {
        "translate": str(world.clone / f"src/transformers/models/{MODEL}/modeling_{MODEL}.py"),
        "explain": "torch.cat",
    }
    swept = [f"--models={MODEL}", f"--out={world.work / 'sweep'}"]
    argument = {"completion": ["bash"], "rules": [], "doctor": [], "sweep": swept}.get(name, [given.get(name, MODEL)])
    wanted = [f"--repo={world.clone}"] if "--repo" in options else []
    wanted += [flag for flag in ("--yes", "--no-probe", "--no-run", "--skip-tests", "--skip-checks") if flag in options]
    wanted += ["--github-url", world.hub.web] if "--github-url" in options else []
    return [name, *argument, *wanted]


def _search(found: Found, where: str, data: bytes, canary: bytes) -> None:
    found.looked += len(data)
    if canary in data:
        at = data.index(canary)
        found.hits.append(f"{where}: …{data[max(0, at - 60) : at].decode('utf-8', 'replace')}•")


def _search_disk(found: Found, world: Site, canary: bytes) -> None:
    """Everything that the program wrote; the objects of git are compressed, so git unpacks them."""
    for top in (world.work, Path(world.env["HOME"]), Path(world.env["TMPDIR"]), world.work.parent / "hub"):
        for path in top.rglob("*"):
            if path.is_file() and not path.is_symlink():
                _search(found, f"file {path.relative_to(top.parent)}", path.read_bytes(), canary)
    for repository in (world.clone, *(world.work.parent / "hub").glob("**/*.git")):
        command = ["git", "-C", str(repository), "cat-file", "--batch-all-objects", "--batch", "--unordered"]
        done = subprocess.run(command, capture_output=True, check=False)
        _search(found, f"objects of {repository.name}", done.stdout, canary)


@contextmanager
def _planned(world: Site, fault: dict[str, Any] | None) -> Iterator[None]:
    if fault is not None:
        world.hub.fault(**fault)
    try:
        yield
    finally:
        world.hub.faults.clear()


def _one_world(zygote: Zygote, folder: Path, label: str, token: str, variant: int, found: Found) -> None:
    canary = token.encode()
    with site(folder, token=token, validate=False) as world, Watch(canary) as watch:
        log = _wrapped(world, token)
        if variant:
            world.env.update(GIT_TRACE="1", GIT_TRACE_CURL="1", GIT_CURL_VERBOSE="1", GIT_TRACE_SETUP="1")
        for number, (argv, fault) in enumerate(_commands(world)):
            more = ((), ("--json",), ("--traceback",), ("--color=always",))[(number + variant) % 4]
            with _planned(world, fault):
                done = zygote.run([*argv, *more, f"--log-file={world.work}/log.txt"], cwd=world.work, env=world.env)
            found.runs += 1
            where = f"{label}: {argv[0]} {' '.join(more)}{f' with {fault}' if fault else ''}"
            if done.answer is None:
                found.wrong.append(f"{where}: killed after {done.seconds:.0f} s")
                continue
            if done.answer.traceback and "--traceback" not in more:
                found.wrong.append(f"{where}: {done.answer.traceback}")
            _search(found, f"{where}: standard output", done.answer.out.encode(), canary)
            _search(found, f"{where}: standard error", done.answer.err.encode(), canary)
        _search_disk(found, world, canary)
        for exchange in world.hub.exchanges:
            _search(
                found,
                f"{label}: {exchange.method} {exchange.path}",
                f"{exchange.path} {exchange.body}".encode(),
                canary,
            )
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            if not line.startswith("ENV"):
                _search(found, f"{label}: arguments of git", line.encode(), canary)
    found.hits += [f"{label}: arguments of a process: {text}" for text in sorted(watch.hits)]
    found.processes += len(watch.seen) + len(lines) // 2


def run(count: int, seed: int) -> list[Row]:
    """The tokens, each quietly and with git's own tracing; `count` worlds at most."""
    found = Found()
    tokens = _tokens(random.Random(seed))
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name).resolve()
        warm(folder)
        with Zygote() as zygote:
            worlds = [(label, token, variant) for variant in (0, 1) for label, token in tokens.items()]
            for label, token, variant in worlds[:count]:
                told = f"{label} token{', git tracing' if variant else ''}"
                _one_world(zygote, folder / "site", told, token, variant, found)
    return [
        Row(
            what="canary token in output, logs, JSON, tracebacks, arguments, files, git objects, bodies",
            target="0 hits",
            measured=f"{found.runs} runs of {len(COMMANDS)} commands with {len(tokens)} tokens; {found.looked:,} bytes and "
            f"{found.processes:,} processes looked at: {len(found.hits)} hits, {len(found.wrong)} tracebacks",
            held=not found.hits and not found.wrong,
            details=tuple(dict.fromkeys([*found.hits, *found.wrong])),
        )
    ]
