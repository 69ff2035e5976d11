"""The guide's command lines, run in their order by somebody who has an account on the stand-in for GitHub and no frameworks.

A line gets the options that spare the frameworks, agree, and name the stand-in; the model is the miniature's. What needs
PyTorch, TensorFlow, the Hub, the package index or a clone that the guide only imagines is left out: those commands have tests of
their own.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from scaffold import pipeline
from scaffold.cli.main import main
from scaffold.core.checkout import Located
from scaffold.core.progress import Progress
from scaffold.core.reports import MODES, VerificationReport
from tests.github.server import GitHubServer
from tests.layouts import git, miniature
from tests.test_guide import _FENCE, GUIDE, commands_in

TOKEN = "ghp_" + "p" * 36
UPSTREAM = "huggingface/transformers"

#: Command → what is added to each of its lines.
ADDED = {
    "new-tf-model": ("--no-probe", "--no-verify", "--yes"),
    "translate": ("--no-probe",),
    "update": ("--no-verify",),
    "open-draft-pr": ("--yes", "--allow-failing"),
    "ready": ("--yes", "--skip-checks", "--skip-tests"),
    "finalize": ("--yes", "--skip-tests"),
}
#: Words that only make sense on a machine with frameworks or a network, or stand for something of the reader's.
ELSEWHERE = ("env", "test", "compare", "reduce", "fuzz", "convert-weights", "demo", "sweep", "undo", "--run")
IMAGINED = ("pypi:", "path/to/", "transformers-4.22")
#: Command → exit statuses that are no failure: an item may be open, the environment may lack something.
FINE = {"checklist": (0, 3), "doctor": (0, 1)}


def lines_of_the_guide() -> list[list[str]]:
    pages = sorted(GUIDE.glob("[0-9]*.md"), key=lambda page: int(page.name.split("-")[0]))
    blocks = [block for page in pages for block in _FENCE.findall(page.read_text(encoding="utf-8"))]
    found = [words for block in blocks for words in commands_in(f"```\n{block}```\n")]
    return [w for w in found if not set(w) & set(ELSEWHERE) and not any(i in word for word in w for i in IMAGINED)]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHubServer:
    source = miniature(tmp_path / "source", git=True)
    git(source, "tag", "v4.47.1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A Porter")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "porter@example.com")

    def verify_existing(
        located: Located, python: str, progress: Progress, modes: tuple[str, ...] = MODES
    ) -> VerificationReport:
        return VerificationReport(heads=(), not_run="no frameworks here")

    monkeypatch.setattr(pipeline, "verify_existing", verify_existing)
    server = GitHubServer(tmp_path / "hub")
    server.add_user("porter", token=TOKEN)
    server.add_repository(UPSTREAM, source=source)
    return server


def as_run(words: list[str], web: str) -> list[str]:
    """The line for the miniature and the stand-in."""
    named = [re.sub(r"^bert$", "elder", word).replace("roc_bert", "brand_new") for word in words]
    asks = "--fork" in words or "--online" in words or words[0] in ("doctor", "open-draft-pr", "status", "ready")
    return [*named, *ADDED.get(words[0], ()), *(["--github-url", web] if asks or words[0] == "finalize" else [])]


def test_every_line_works_as_it_is_written(
    hub: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "reader"
    work.mkdir()
    monkeypatch.chdir(work)
    ran, wrong = [], []
    with hub:
        address = f"{hub.web}/{UPSTREAM}"
        clone = ["git", "clone", "-q", "--depth", "1", "--branch", "v4.47.1", address, "work/transformers"]
        subprocess.run(clone, check=True, capture_output=True)
        for words in lines_of_the_guide():
            inside = words[0] in ("resume", "update") and "--repo" not in words  # the page says: in the clone
            monkeypatch.chdir(work / "work/transformers" if inside else work)
            status = main(as_run(words, hub.web))
            said = capsys.readouterr().err
            refused = words[:2] == ["new-tf-model", "bert"]  # the guide shows what is said then
            ran.append(words[0])
            if status not in ((1,) if refused else FINE.get(words[0], (0,))) or "Traceback" in said:
                wrong.append(f"scaffold {' '.join(words)}: exit {status}: {said[-300:]}")
        assert not wrong, "\n".join(wrong)
        assert {"candidates", "brief", "checklist", "translate", "status", "finalize", "resume", "explain"} <= set(ran)
        (pull,) = hub.pulls
        assert (pull.repository, pull.base, pull.draft) == ("porter/transformers", "tf-v4.47.1", False)
