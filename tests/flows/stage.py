"""A port of a miniature clone on its branch, the clone connected to a fork on the stand-in for GitHub. No framework runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from scaffold import pipeline
from scaffold.core.checkout import Located
from scaffold.core.edits import Tree
from scaffold.core.hosting import Host, Token
from scaffold.core.progress import Progress
from scaffold.core.reports import CaseReport, Comparison, HeadReport, VerificationReport
from scaffold.hosting.github import GitHub
from scaffold.locate import locate
from scaffold.publish.commit import commit_edits
from scaffold.publish.git import Clone, open_clone
from scaffold.publish.journal import write_json
from scaffold.publish.origin import Origin, save_origin, state_of
from tests.github.server import GitHubServer
from tests.layouts import git, make_repository, miniature

TOKEN = "ghp_" + "x" * 36
UPSTREAM = "huggingface/transformers"
FORK = "porter/transformers"
BRANCH = "add_tf_brand_new"
BASE = "v4-release"

TEMPLATE = """# What does this PR do?

<!--
Replace this. Tag @ArthurZucker.
-->

<!-- Remove if not applicable -->

Fixes # (issue)


## Before submitting
- [ ] Did you read the guideline?
- [ ] Did you write any new necessary tests?
"""

MAKEFILE = """check_dirs := src tests utils

modified_only_fixup:
\t$(eval modified_py_files := $(shell python utils/get_modified_files.py $(check_dirs)))
\t@if test -n "$(modified_py_files)"; then \\
\t\truff format $(modified_py_files); \\
\telse \\
\t\techo "No library .py files were modified"; \\
\tfi

repo-consistency:
\tpython utils/check_port.py

fixup: modified_only_fixup repo-consistency
"""

#: Fails when the port says so; otherwise leaves a trace in a file that the port does not touch.
CHECK = """import subprocess
import sys
from pathlib import Path

subprocess.run(["ruff", "--version"], check=True, stdout=subprocess.DEVNULL)

text = Path("src/transformers/models/brand_new/modeling_tf_brand_new.py").read_text()
if Path("utils/needy.txt").exists():
    import surely_not_installed
if "BROKEN" in text:
    sys.exit("the port is broken")
listed = Path("utils/ported.txt")
if "brand_new" not in listed.read_text():
    listed.write_text(listed.read_text() + "brand_new\\n")
"""

MODEL = '''"""TF 2.0 BrandNew model."""

import tensorflow as tf

from ...modeling_tf_utils import TFPreTrainedModel


# TODO(port) TFP101 torch.foo: no rule
class TFBrandNewModel(TFPreTrainedModel):
    """Use it.

    >>> model = TFBrandNewModel.from_pretrained("a/b", from_pt=True)
    """


class TFBrandNewForMaskedLM(TFPreTrainedModel):
    pass
'''

TEST = """import os

import pytest


def test_as_the_guide_says():
    assert os.environ["RUN_PT_TF_CROSS_TESTS"] == "1"
    assert os.environ["NVIDIA_TF32_OVERRIDE"] == "0"
    assert os.environ["TRANSFORMERS_VERBOSITY"] == "warning"
    assert not any("ghp_" in value for value in os.environ.values())
    assert not os.path.exists("fail")


@pytest.mark.skipif("RUN_SLOW" not in os.environ, reason="slow")
def test_slow():
    assert TFBrandNewModel.from_pretrained("a/b", from_pt=True)
"""


def report(*, ok: bool = True) -> VerificationReport:
    off = 2e-7 if ok else 0.5
    figure = Comparison(tensor="logits", shape=(2,), max_abs=off, max_scaled=off, tolerance=1e-5, ok=ok)
    heads = []
    for name in ("TFBrandNewModel", "TFBrandNewForMaskedLM"):
        case = CaseReport(case="base/default", mode="eager", comparisons=(figure,))
        heads.append(HeadReport(tf_class=name, pt_class=name.removeprefix("TF"), cases=(case,)))
    return VerificationReport(heads=tuple(heads), seconds=3.0, environment="Python 3.11, tensorflow 2.18.1")


class Quiet:
    """Progress that only remembers."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def step(self, title: str) -> Quiet:
        return self

    def note(self, text: str) -> None:
        self.notes.append(text)

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


class Stage:
    """The clone at `root`, the hub, and how often the port was verified anew (`verified`; `report` is what comes out)."""

    def __init__(self, folder: Path, template: Path, hub: GitHubServer, *, upstream: str = UPSTREAM) -> None:
        self.hub = hub
        self.upstream = upstream
        self.verified = 0
        self.report = report()
        self.root = folder / "transformers"
        shutil.copytree(template, self.root, symlinks=True)
        self.clone: Clone = open_clone(self.root)
        self.base = git(self.root, "rev-parse", "main")
        hub.add_user("porter", token=TOKEN)
        hub.add_repository(upstream, source=self.root)
        hub.repositories[upstream].bare.git("branch", "-q", "-D", BRANCH)
        hub.fork(hub.repositories[upstream], "porter", "transformers")
        git(self.root, "remote", "add", "origin", f"{hub.web}/{FORK}.git")
        self.connect(base_ref="refs/tags/v4.47.1", base_branch=BASE)
        self.folder = pipeline.state_folder(self.clone, "brand_new")

    def connect(self, *, base_ref: str, base_branch: str) -> None:
        """Note where the clone comes from."""
        origin = Origin(
            web=self.hub.web,
            upstream=self.upstream,
            fork=FORK,
            remote="origin",
            base_ref=base_ref,
            base_branch=base_branch,
            base_commit=self.base,
        )
        save_origin(state_of(self.clone), origin)

    @property
    def token(self) -> Token:
        return Token(TOKEN, "a test")

    def github(self, *, dry_run: bool = False) -> GitHub:
        """A connection that never waits."""
        return GitHub(Host(web=self.hub.web), self.token, dry_run=dry_run, sleep=lambda _: None)

    def verify_existing(self, located: Located, python: str, progress: Progress) -> VerificationReport:
        """Stands in for the pipeline's."""
        self.verified += 1
        return self.report

    def edit(self, path: str, old: str, new: str, message: str = "by hand") -> str:
        """A change that the user commits; returns the commit."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        git(self.root, "commit", "-q", "-a", "-m", message)
        return git(self.root, "rev-parse", "HEAD")

    def remote(self, branch: str = BRANCH, repository: str = FORK) -> str | None:
        """Where a branch is on the hub."""
        return self.hub.repositories[repository].bare.sha(f"refs/heads/{branch}")

    def writes(self, since: int = 0) -> list[str]:
        """The operations that changed something on the hub, pushes included, from an exchange on."""
        reading = ("GET", "HEAD")
        return [
            exchange.operation
            for exchange in self.hub.exchanges[since:]
            if exchange.method not in reading and exchange.operation != "git-upload-pack"
        ]


def make_template(folder: Path) -> Path:
    """A checkout with a port on its branch and in its private state: what `new-tf-model` leaves behind."""
    root = miniature(folder)
    files = {
        ".github/PULL_REQUEST_TEMPLATE.md": TEMPLATE,
        "Makefile": MAKEFILE,
        "utils/check_port.py": CHECK,
        "utils/ported.txt": "elder\n",
        "utils/get_modified_files.py": "",
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    make_repository(root)
    clone, located, tree = open_clone(root), locate(root, "brand_new"), Tree(root)
    state = pipeline.state_folder(clone, "brand_new")
    tree.plan(located.names.tf_path, MODEL, by="test", why="the model")
    tree.plan(located.names.tf_test_path, TEST, by="test", why="its tests")
    commit_edits(clone, tree.edits(), branch=BRANCH, folder=state)
    pipeline.save_report(state, report(), pipeline.sources_of(located))
    record = {"scaffold": "9.8.7", "withheld": [["BrandNewPreTrainedModel", "no twin, see @someone"]]}
    write_json(state / "port.json", record)
    return root


def snapshot(root: Path) -> dict[str, str]:
    """Every ref, HEAD, and every file's content outside `.git`."""
    files = {
        str(p.relative_to(root)): p.read_text("utf-8") for p in root.rglob("*") if p.is_file() and ".git/" not in str(p)
    }
    return {**files, "refs": git(root, "for-each-ref"), "HEAD": git(root, "symbolic-ref", "HEAD")}
