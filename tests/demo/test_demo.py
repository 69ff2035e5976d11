"""Demos: which task a port gets, files that are valid and kept, and the app and notebook really run (e2e)."""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scaffold.cli.main import main
from scaffold.core.errors import ScaffoldError
from scaffold.demo import TASKS, choose, documented_checkpoint, make
from scaffold.locate import locate
from tests.layouts import miniature

#: Gradio and nbclient, laid over the environment of the tests (`make .venv/demo`): Gradio's pins clash with ours.
PYTHON = Path(__file__).parents[2] / ".venv" / "demo" / "bin" / "python"


@pytest.mark.parametrize(
    ("public", "task", "expected"),
    [
        (["TFAModel", "TFAForCausalLM", "TFAForMaskedLM"], None, "fill-mask"),
        (["TFAModel", "TFAForCausalLM"], None, "text-generation"),
        (["TFAModel", "TFAForQuestionAnswering"], "question-answering", "question-answering"),
        (["TFAModel"], None, "text-features"),
    ],
)
def test_the_task(public: list[str], task: str | None, expected: str) -> None:
    assert choose(public, task, pictures=False)[0].name == expected


def test_a_model_of_pictures_without_heads() -> None:
    assert choose(["TFAModel"], None, pictures=True)[0].name == "image-features"


def test_no_class_for_the_task() -> None:
    with pytest.raises(ScaffoldError, match="fill-mask") as caught:
        choose(["TFAForMaskedLM"], "question-answering", pictures=False)
    assert caught.value.code == "DEM101" and "fill-mask" in str(caught.value)


def test_checkpoints_in_a_file() -> None:
    assert documented_checkpoint('_CHECKPOINT_FOR_DOC = "some/one"\n') == "some/one"
    assert documented_checkpoint('>>> m = TFX.from_pretrained("some/two")\n') == "some/two"
    assert documented_checkpoint("x = 1\n") is None


@pytest.mark.parametrize("task", [task.name for task in TASKS])
def test_every_task_makes_valid_files(task: str, tmp_path: Path) -> None:
    located = locate(miniature(tmp_path), "elder", ported_ok=True)
    public = [f"TFElder{TASKS[[t.name for t in TASKS].index(task)].heads[0]}"]
    demo = make(located, public, None, task=task, checkpoint='some/"quoted"')
    ast.parse(demo.files["app.py"])
    notebook = json.loads(demo.files["notebook.ipynb"])
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) == 5
    for text in code:
        ast.parse(text)
    assert "ELDER in TensorFlow" in demo.files["sharing.md"]


def test_edited_files_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, into = miniature(tmp_path), tmp_path / "demo"
    command = ["demo", "elder", "--repo", str(root), "--into", str(into)]
    assert main(command) == 2 and "DEM102" in capsys.readouterr().err
    assert main([*command, "--checkpoint", "some/elder", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["class"], document["task"]) == ("TFElderForMaskedLM", "fill-mask")
    assert main([*command, "--checkpoint", "some/elder"]) == 0
    (into / "app.py").write_text("mine")
    assert main([*command, "--checkpoint", "some/elder"]) == 5
    assert (into / "app.py").read_text() == "mine"
    assert main(["demo", "brand_new", "--repo", str(root)]) == 2


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "paris", "is", "the", "capital", "of", "france", "."]

CHECKPOINT = f"""
import sys
from pathlib import Path
import transformers as t

folder = Path(sys.argv[1])
words = {WORDS!r}
folder.mkdir()
(folder / "vocab.txt").write_text("\\n".join(words) + "\\n")
t.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, vocab_size=len(words))
t.BertForMaskedLM(t.BertConfig(**sizes)).save_pretrained(folder)
"""


EXECUTE = """
import nbclient, nbformat
notebook = nbformat.read("notebook.ipynb", 4)
nbclient.NotebookClient(notebook, timeout=600).execute()
"""


@contextmanager
def running(command: list[str], cwd: Path, environment: dict[str, str], url: str) -> Iterator[None]:
    """The app until it answers, and stopped afterwards."""
    log = cwd / "log.txt"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            for _ in range(600):
                if process.poll() is not None:
                    pytest.fail(log.read_text()[-3000:])
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.5)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def answer_to(text: str, browser: Any) -> str:
    """Type a text, press Submit, and return the likeliest word."""
    from selenium.webdriver.support.ui import WebDriverWait

    def words(window: Any) -> list[str]:
        found = window.find_elements("css selector", "[data-testid='label-output-value']")
        return [element.text for element in found if element.text]

    wait = WebDriverWait(browser, 90)
    wait.until(lambda window: window.find_elements("css selector", "textarea"))[0].send_keys(text)
    next(b for b in browser.find_elements("css selector", "button") if b.text.strip() == "Submit").click()
    return str(wait.until(words)[0])


@pytest.mark.e2e
def test_the_app_and_the_notebook_run(tmp_path: Path, browser: Any, sdist: Path) -> None:
    if not PYTHON.is_file():
        pytest.skip(f"{PYTHON} is needed: make .venv/demo")
    into = tmp_path / "demo"
    assert main(["demo", "bert", "--repo", str(sdist), "--into", str(into)]) == 0
    subprocess.run([sys.executable, "-W", "ignore", "-c", CHECKPOINT, str(tmp_path / "tiny")], check=True)
    environment = {
        **os.environ, "CHECKPOINT": str(tmp_path / "tiny"), "PYTHONPATH": str(sdist / "src"), "HF_HUB_OFFLINE": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3", "GRADIO_ANALYTICS_ENABLED": "False", "HOME": str(tmp_path), "JUPYTER_PLATFORM_DIRS": "1",
    }  # fmt: skip
    done = subprocess.run(
        [PYTHON, "-c", EXECUTE], cwd=into, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with running([str(PYTHON), "app.py"], into, {**environment, "GRADIO_SERVER_PORT": str(port)}, url):
        browser.get(url)
        assert answer_to("paris is the [MASK] of france.", browser) in WORDS
