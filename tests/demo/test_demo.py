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
    ("public", "medium", "expected"),
    [
        (["TFAModel", "TFAForCausalLM", "TFAForMaskedLM"], "text", "fill-mask"),
        (["TFAModel", "TFAForCausalLM"], "text", "text-generation"),
        (["TFAModel", "TFAForSequenceClassification"], "text", "text-classification"),
        (["TFAModel", "TFAForSequenceClassification"], "audio", "audio-classification"),
        (["TFAForSequenceClassification", "TFAForCTC"], "audio", "automatic-speech-recognition"),
        (["TFAModel", "TFAForImageClassification"], "image", "image-classification"),
        (["TFAModel"], "text", "text-features"),
        (["TFAModel"], "image", "image-features"),
        (["TFAModel"], "audio", "audio-features"),
    ],
)
def test_the_task(public: list[str], medium: str, expected: str) -> None:
    assert choose(public, None, medium=medium)[0].name == expected
    assert choose([*public, "TFAForQuestionAnswering"], "question-answering", medium=medium)[0].medium == "text"


def test_no_class_for_the_task() -> None:
    with pytest.raises(ScaffoldError, match="fill-mask") as caught:
        choose(["TFAForMaskedLM"], "question-answering", medium="text")
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
SIZES = "hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48"

#: A tiny checkpoint of a hand-written model for each medium, and what a user gives the app: a text, a picture, a recording.
CHECKPOINTS = {
    "bert": f"""
words = {WORDS!r}
(folder / "vocab.txt").write_text("\\n".join(words) + "\\n")
t.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
t.BertForMaskedLM(t.BertConfig({SIZES}, vocab_size=len(words))).save_pretrained(folder)
""",
    "vit": f"""
import PIL.Image
PIL.Image.new("RGB", (64, 48), "orange").save(folder / "given.png")
t.ViTImageProcessor(size=dict(height=32, width=32)).save_pretrained(folder)
classes = {{0: "cat", 1: "dog"}}
t.ViTForImageClassification(t.ViTConfig({SIZES}, image_size=32, patch_size=8, id2label=classes)).save_pretrained(folder)
""",
    "wav2vec2": f"""
import json, wave
with wave.open(str(folder / "given.wav"), "wb") as file:
    file.setnchannels(2), file.setsampwidth(2), file.setframerate(8000)
    file.writeframes(bytes(range(256)) * 64)
vocabulary = {{letter: number for number, letter in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *"abc"])}}
(folder / "vocab.json").write_text(json.dumps(vocabulary))
tokenizer = t.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
t.Wav2Vec2Processor(t.Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(folder)
filters = dict(conv_dim=[16, 16], conv_stride=[10, 8], conv_kernel=[10, 8], num_conv_pos_embeddings=8)
config = t.Wav2Vec2Config({SIZES}, vocab_size=len(vocabulary), num_conv_pos_embedding_groups=2, **filters)
model = t.Wav2Vec2ForCTC(config)
model.lm_head.bias.data[6] += 100  # it hears one "b"
model.save_pretrained(folder)
""",
}
PREAMBLE = """
import sys
from pathlib import Path
import transformers as t
folder = Path(sys.argv[1])
folder.mkdir()
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


def answer(browser: Any, given: str | Path) -> str:
    """Type a text or choose a file, press Submit until it is taken, and return the first thing that the app says."""
    from selenium.common.exceptions import TimeoutException
    from selenium.webdriver.support.ui import WebDriverWait

    field = "textarea" if isinstance(given, str) else "input[type='file']"
    result = "[data-testid='label-output-value'], label.disabled textarea, textarea[disabled]"

    def shown(window: Any) -> list[str]:
        found = [e.text or e.get_attribute("value") for e in window.find_elements("css selector", result)]
        return [text for text in found if text]

    WebDriverWait(browser, 90).until(lambda window: window.find_elements("css selector", field))[0].send_keys(
        str(given)
    )
    for _ in range(12):  # a file is uploaded first
        next(b for b in browser.find_elements("css selector", "button") if b.text.strip() == "Submit").click()
        try:
            return str(WebDriverWait(browser, 8).until(shown)[0])
        except TimeoutException:
            continue
    return ""


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("model", "given", "answers"),
    [
        ("bert", "paris is the [MASK] of france.", WORDS),
        ("vit", Path("given.png"), ["cat", "dog"]),
        ("wav2vec2", Path("given.wav"), ["b"]),
    ],
)
def test_the_app_and_the_notebook_run(
    tmp_path: Path, browser: Any, sdist: Path, model: str, given: str | Path, answers: list[str]
) -> None:
    if not PYTHON.is_file():
        pytest.skip(f"{PYTHON} is needed: make .venv/demo")
    into, tiny = tmp_path / "demo", tmp_path / "tiny"
    assert main(["demo", model, "--repo", str(sdist), "--into", str(into)]) == 0
    subprocess.run([sys.executable, "-W", "ignore", "-c", PREAMBLE + CHECKPOINTS[model], str(tiny)], check=True)
    environment = {
        **os.environ, "CHECKPOINT": str(tiny), "PYTHONPATH": str(sdist / "src"), "HF_HUB_OFFLINE": "1",
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
        assert answer(browser, given if isinstance(given, str) else tiny / given) in answers
