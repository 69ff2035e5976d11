"""What shows a port to others: a Gradio app, a notebook, the community page's row, an example run, a text (guide.md G44).

Everything is written from templates/demo into a folder outside of the clone's sources. Nothing is imported or run here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.reports import VerificationReport
from scaffold.core.resources import templates
from scaffold.locate.reading import read_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One kind of demo. `heads` are endings of class names that can do it, `processor` what turns the input into tensors.

    `medium` is what the model reads; `inputs` and `outputs` are Gradio components, `sample` Python expressions of one call's
    arguments; `example` is the script below examples/tensorflow that trains such a model.
    """

    name: str
    heads: tuple[str, ...]
    processor: str
    inputs: tuple[str, ...]
    outputs: str
    sample: tuple[str, ...]
    example: str | None = None
    medium: str = "text"


#: What the name of a model's main input says of the medium; all other models read text.
_MEDIA = {"pixel_values": "image", "input_values": "audio", "input_features": "audio"}

_PICTURE = 'PIL.Image.new("RGB", (320, 240), "orange")'
_TONE = "(16000, np.sin(np.arange(16000) / 16).astype(np.float32))"

#: The first task that one of the port's classes can do is the default one.
TASKS = (
    Task(
        name="fill-mask",
        heads=("ForMaskedLM", "ForPreTraining"),
        processor="AutoTokenizer",
        inputs=('gr.Textbox(label="Text with [MASK] where a word is missing")',),
        outputs='gr.Label(label="Words", num_top_classes=5)',
        sample=('"Paris is the [MASK] of France."',),
        example="language-modeling/run_mlm.py",
    ),
    Task(
        name="text-generation",
        heads=("ForCausalLM", "LMHeadModel"),
        processor="AutoTokenizer",
        inputs=('gr.Textbox(label="Beginning", lines=3)',),
        outputs='gr.Textbox(label="Continuation")',
        sample=('"The weather today is"',),
        example="language-modeling/run_clm.py",
    ),
    Task(
        name="text2text-generation",
        heads=("ForConditionalGeneration",),
        processor="AutoTokenizer",
        inputs=('gr.Textbox(label="Text", lines=3)',),
        outputs='gr.Textbox(label="Output")',
        sample=('"Studies have shown that owning a dog is good for you."',),
        example="summarization/run_summarization.py",
    ),
    Task(
        name="image-classification",
        heads=("ForImageClassification",),
        processor="AutoImageProcessor",
        inputs=('gr.Image(label="Picture", type="pil")',),
        outputs='gr.Label(label="Classes", num_top_classes=5)',
        sample=(_PICTURE,),
        example="image-classification/run_image_classification.py",
        medium="image",
    ),
    Task(
        name="automatic-speech-recognition",
        heads=("ForCTC",),
        processor="AutoProcessor",
        inputs=('gr.Audio(label="Recording", type="numpy")',),
        outputs='gr.Textbox(label="Text")',
        sample=(_TONE,),
        medium="audio",
    ),
    Task(
        name="audio-classification",
        heads=("ForAudioClassification", "ForSequenceClassification"),
        processor="AutoFeatureExtractor",
        inputs=('gr.Audio(label="Recording", type="numpy")',),
        outputs='gr.Label(label="Classes", num_top_classes=5)',
        sample=(_TONE,),
        medium="audio",
    ),
    Task(
        name="text-classification",
        heads=("ForSequenceClassification",),
        processor="AutoTokenizer",
        inputs=('gr.Textbox(label="Text", lines=3)',),
        outputs='gr.Label(label="Classes", num_top_classes=5)',
        sample=('"What a wonderful day!"',),
        example="text-classification/run_text_classification.py",
    ),
    Task(
        name="token-classification",
        heads=("ForTokenClassification",),
        processor="AutoTokenizer",
        inputs=('gr.Textbox(label="Text", lines=3)',),
        outputs='gr.HighlightedText(label="Tokens")',
        sample=('"My name is Clara and I live in Berkeley."',),
        example="token-classification/run_ner.py",
    ),
    Task(
        name="question-answering",
        heads=("ForQuestionAnswering",),
        processor="AutoTokenizer",
        inputs=('gr.Textbox(label="Question")', 'gr.Textbox(label="Text", lines=5)'),
        outputs='gr.Textbox(label="Answer")',
        sample=('"Where do I live?"', '"My name is Clara and I live in Berkeley."'),
        example="question-answering/run_qa.py",
    ),
    Task(
        name="text-features",
        heads=("Model",),
        processor="AutoTokenizer",
        inputs=('gr.Textbox(label="One text", lines=2)', 'gr.Textbox(label="Another", lines=2)'),
        outputs='gr.Number(label="Cosine of their mean vectors")',
        sample=('"A cat sat on the mat."', '"The mat had a cat on it."'),
    ),
    Task(
        name="image-features",
        heads=("Model",),
        processor="AutoImageProcessor",
        inputs=('gr.Image(label="One picture", type="pil")', 'gr.Image(label="Another", type="pil")'),
        outputs='gr.Number(label="Cosine of their mean vectors")',
        sample=(_PICTURE, 'PIL.Image.new("RGB", (320, 240), "purple")'),
        medium="image",
    ),
    Task(
        name="audio-features",
        heads=("Model",),
        processor="AutoFeatureExtractor",
        inputs=('gr.Audio(label="One recording", type="numpy")', 'gr.Audio(label="Another", type="numpy")'),
        outputs='gr.Number(label="Cosine of their mean vectors")',
        sample=(_TONE, _TONE),
        medium="audio",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What to write: file name → text, and what it is about."""

    task: Task
    tf_class: str
    checkpoint: str
    files: dict[str, str]


def choose(public: Sequence[str], task: str | None, *, medium: str) -> tuple[Task, str]:
    """The task and the class that does it. DEM101 when no class of the port can do the task that was asked for.

    `medium`: what the model reads (`text`, `image`, `audio`); without a task, the first one of that medium is meant.
    """
    for candidate in TASKS:
        if task not in (None, candidate.name) or (task is None and candidate.medium != medium):
            continue
        for head in candidate.heads:
            found = [name for name in public if name.endswith(head)]
            if found:
                return candidate, found[0]
    fitting = [t for t in TASKS if t.medium == medium]
    known = ", ".join(t.name for t in fitting if any(name.endswith(head) for name in public for head in t.heads))
    raise ScaffoldError(
        "DEM101",
        f"no class of the port does {task or 'anything that there is a demo for'}",
        f"its classes can do: {known}" if known else "write the demo by hand",
        exit_code=ExitCode.USAGE,
    )


def make(
    located: Located,
    public: Sequence[str],
    report: VerificationReport | None,
    *,
    task: str | None = None,
    checkpoint: str | None = None,
    author: str = "your name",
    url: str = "https://huggingface.co/your-name",
) -> Demo:
    """All files of the demo. DEM102 when no checkpoint was given and the file names none."""
    text = read_source(located.root, located.names.tf_path)
    main_input = re.search(r"main_input_name\s*=\s*[\"'](\w+)", text)
    chosen, tf_class = choose(public, task, medium=_MEDIA.get(main_input[1], "text") if main_input else "text")
    name = checkpoint or documented_checkpoint(text)
    if name is None:
        raise ScaffoldError(
            "DEM102",
            f"{located.names.tf_path} names no checkpoint",
            "give one with --checkpoint OWNER/NAME",
            exit_code=ExitCode.USAGE,
        )
    figures = [head for head in report.heads if head.max_scaled is not None] if report is not None else []
    script = f"examples/tensorflow/{chosen.example}" if chosen.example else None
    data: dict[str, Any] = {
        "title": located.names.title,
        "stem": located.names.stem,
        "model_type": located.names.model_type,
        "task": chosen,
        "tf_class": tf_class,
        "pt_class": tf_class.removeprefix("TF"),
        "checkpoint": name,
        "author": author,
        "url": url,
        "script": script if script and (located.root / script).is_file() else None,
        "worst": max((head.max_scaled for head in figures if head.max_scaled is not None), default=None),
        "classes": [head.tf_class for head in figures],
        "source": "",
    }
    data["source"] = _render(f"tasks/{chosen.name}.py.jinja", data)
    files = {path: _render(f"{path}.jinja", data) for path in ("app.py", "requirements.txt", "sharing.md")}
    files["notebook.ipynb"] = _notebook(_render("notebook.md.jinja", data))
    return Demo(task=chosen, tf_class=tf_class, checkpoint=name, files=files)


def documented_checkpoint(text: str) -> str | None:
    """The checkpoint that the file's own documentation uses."""
    named = re.search(r"^_(?:REAL_)?CHECKPOINT_FOR_DOC = [\"']([^\"']+)[\"']", text, re.MULTILINE)
    loaded = re.search(r"from_pretrained\([\"']([\w.-]+/[\w.-]+)[\"']", text)
    found = named or loaded
    return found[1] if found else None


def _render(path: str, data: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # the output is Python and Markdown, not a page
        loader=FileSystemLoader(templates("demo")), undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["python"] = json.dumps
    return environment.get_template(path).render(data)


def _notebook(text: str) -> str:
    """A notebook from Markdown: fenced `python` blocks become code cells."""
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(re.split(r"^```(?:python)?\n", text, flags=re.MULTILINE)):
        lines = part.strip("\n").splitlines(keepends=True)
        if not lines:
            continue
        cell: dict[str, Any] = {"cell_type": "markdown", "id": f"cell-{number}", "metadata": {}, "source": lines}
        if number % 2:
            cell.update(cell_type="code", execution_count=None, outputs=[])
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return (
        json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
        + "\n"
    )


def write(demo: Demo, into: Path) -> tuple[str, ...]:
    """Write the files that are not there; DEM103, with nothing written, when one is and holds something else."""
    for name, text in demo.files.items():
        path = into / name
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise ScaffoldError(
                "DEM103",
                f"{path} exists and differs",
                "choose another folder with --into, or remove the file",
                exit_code=ExitCode.CONFLICT,
            )
    into.mkdir(parents=True, exist_ok=True)
    for name, text in demo.files.items():
        (into / name).write_text(text, encoding="utf-8")
    return tuple(demo.files)
