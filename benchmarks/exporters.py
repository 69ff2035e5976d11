"""Put the same models through this project and through converters that export graphs, and compare what comes out.

Usage: `python benchmarks/exporters.py --repo path/to/transformers --out DIR --envs DIR [--tools …] [model …]`

For every model the base class, with the small random configuration and the inputs that the probe records, goes through

- scaffold: probe, translation, registration; the file's base class with weights by `from_pt=True` (`scaffold sweep`'s task),
- litert-torch: a .tflite file,
- onnx2tf: PyTorch's ONNX exporter (TorchScript), then a SavedModel,
- nobuco: a Keras model,

each tool in a virtual environment of its own below `--envs` (made and filled when it is not there, several GB), each model in a
process of its own. *difference* is max(|tool − PyTorch| / max(1, |PyTorch|)) over the first output, for
scaffold over all outputs of all recorded cases; *seconds* is the wall time of the conversion, imports not counted, for scaffold
with the probe. Every answer is a line in DIR/rows.jsonl; pairs that have one are left out, so the same command goes on after an
interruption. Never runs in continuous integration.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT = 1e-5
SECONDS = 900  # wall time of one conversion

MODELS = (
    "bert distilbert roberta gpt2 t5 vit convnext resnet segformer wav2vec2 "
    "dinov2 nystromformer yolos gpt_neox bloom fnet poolformer mobilenet_v2 biogpt data2vec_text"
).split()

#: What each environment holds. nobuco needs Keras 2 as TensorFlow itself, which 2.15 is the last to be.
REQUIREMENTS = {
    "litert-torch": ("litert-torch==0.10.0", "transformers==4.47.1"),
    "onnx2tf": (
        *("onnx2tf==1.29.24", "tensorflow==2.19.*", "tf-keras==2.19.*", "torch==2.13.0", "transformers==4.47.1"),
        *("onnx", "onnxscript", "onnxsim", "onnx-graphsurgeon", "onnxruntime", "sng4onnx", "ai-edge-litert", "psutil"),
    ),
    "nobuco": ("nobuco==0.17.0", "tensorflow==2.15.1", "torch<2.6", "torchvision", "transformers==4.47.1", "numpy<2"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A recorded model: PyTorch class, folder with its configuration, weights and cases, and the case to run."""

    pt_class: str
    folder: Path
    case: str


# --- in the tool's environment -------------------------------------------------------------------------------------------


def _loaded(sample: Sample) -> tuple[Any, list[str], list[Any], Any]:
    """A module from tensors to its first output, the names and values of its inputs, and what PyTorch answers."""
    import numpy as np
    import torch
    import transformers

    with np.load(sample.folder / f"{sample.case}.npz") as data:
        inputs = {key[3:]: torch.from_numpy(data[key]) for key in data.files if key.startswith("in/")}
    cls = getattr(transformers, sample.pt_class)
    model = cls.from_pretrained(sample.folder, attn_implementation="eager").eval()
    options = {"return_dict": False} | ({"use_cache": False} if hasattr(model.config, "use_cache") else {})

    class First(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *values: Any) -> Any:
            return self.model(**dict(zip(inputs, values, strict=True)), **options)[0]

    module = First().eval()
    with torch.no_grad():
        expected = module(*inputs.values()).numpy()
    return module, list(inputs), list(inputs.values()), expected


def _litert(module: Any, names: list[str], values: list[Any]) -> Callable[[], Any]:
    import litert_torch

    edge = litert_torch.convert(module, tuple(values))
    given = [value.numpy() for value in values]
    given = [value.astype("int32") if value.dtype == "int64" else value for value in given]  # what the file takes
    return lambda: edge(*given)


def _onnx2tf(module: Any, names: list[str], values: list[Any]) -> Callable[[], Any]:
    import onnx2tf
    import tensorflow as tf
    import torch

    folder = tempfile.mkdtemp()
    file = os.path.join(folder, "model.onnx")
    torch.onnx.export(module, tuple(values), file, input_names=names, output_names=["first"], dynamo=False)
    onnx2tf.convert(
        input_onnx_file_path=file,
        output_folder_path=folder,
        output_signaturedefs=True,
        keep_shape_absolutely_input_names=names,
        non_verbose=True,
    )
    model = tf.saved_model.load(folder)  # its signatures are gone with it
    serving = model.signatures["serving_default"]
    given = {name: tf.constant(value.numpy()) for name, value in zip(names, values, strict=True)}
    return lambda: (model, next(iter(serving(**given).values())))[1].numpy()


def _nobuco(module: Any, names: list[str], values: list[Any]) -> Callable[[], Any]:
    import nobuco
    from nobuco import ChannelOrder

    order = ChannelOrder.PYTORCH
    keras = nobuco.pytorch_to_keras(module, args=values, inputs_channel_order=order, outputs_channel_order=order)
    return lambda: keras([value.numpy() for value in values]).numpy()


CONVERTERS = {"litert-torch": _litert, "onnx2tf": _onnx2tf, "nobuco": _nobuco}


def child(tool: str, sample: Sample) -> dict[str, Any]:
    """Convert and compare here; what went wrong is in `error`."""
    import numpy as np

    module, names, values, expected = _loaded(sample)
    __import__({"litert-torch": "litert_torch"}.get(tool, tool))
    started = time.monotonic()
    run = CONVERTERS[tool](module, names, values)
    seconds = time.monotonic() - started
    found = np.asarray(run())
    layouts = [found, *([found.transpose(0, 3, 1, 2)] if found.ndim == 4 else [])]  # onnx2tf leaves some channels last
    differences = [_difference(each, expected) for each in layouts if each.shape == expected.shape]
    if not differences:
        return {"error": f"shape {found.shape}, PyTorch has {expected.shape}", "seconds": round(seconds, 1)}
    difference = min(differences)
    return {"difference": difference, "seconds": round(seconds, 1)}


def _difference(found: Any, expected: Any) -> float:
    import numpy as np

    return float(np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected))))


# --- here ----------------------------------------------------------------------------------------------------------------


def ours(repo: Path, model: str, out: Path) -> dict[str, Any]:
    """What `scaffold sweep` says of the model's base class; an existing port counts as absent."""
    folder = next(repo.glob(f"src/transformers/models/*/modeling_{model}.py")).parent
    name, is_ported = f"{folder.name}/{model}", (folder / f"modeling_tf_{model}.py").is_file()
    command = [sys.executable, "-m", "scaffold.sweep.task", "--repo", str(repo), "--model", name, "--out", str(out)]
    command += ["--modes", "eager", *(["--regenerate"] if is_ported else [])]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
    row = json.loads((out / "row.json").read_text(encoding="utf-8"))
    head = base(row)
    if head is None:
        return {"error": row["error"] or "no base class"}
    seconds = sum(spent for step, spent in row["seconds"].items() if step != "verify")
    found = {"seconds": round(seconds, 1), "pt_class": head["pt_class"], "heads": len(row["heads"])}
    return found | ({"difference": head["worst"]} if head["worst"] is not None else {"error": head["error"]})


def base(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The head of the base model."""
    return next((head for head in row["heads"] if head["pt_class"].endswith("Model")), None)


def recorded(out: Path, pt_class: str) -> Sample:
    """The first case of the probe that has tensors only."""
    folder = out / "probe/classes" / pt_class / "base"
    cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    return Sample(pt_class, folder, min(cases, key=lambda case: len(case["inputs"]))["name"])


def theirs(tool: str, sample: Sample, repo: Path, envs: Path) -> dict[str, Any]:
    """The answer of a process in the tool's environment."""
    python = environment(tool, envs)
    command = [python, __file__, "--child", tool, sample.pt_class, str(sample.folder), sample.case]
    variables = os.environ | {"PYTHONPATH": str(repo / "src"), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    variables["PATH"] = f"{Path(python).parent}{os.pathsep}{variables['PATH']}"  # onnx2tf runs the onnxsim command
    variables |= {"TF_USE_LEGACY_KERAS": "1"} if tool == "onnx2tf" else {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS, cwd=folder, env=variables, check=False
            )
        except subprocess.TimeoutExpired:
            return {"error": f"more than {SECONDS} s"}
    answer = next((line for line in reversed(done.stdout.splitlines()) if line.startswith('{"')), None)
    if answer is None:
        tail = [line for line in done.stderr.splitlines() if line.strip()] or ["no answer"]
        return {"error": f"{tail[-1][:200]} (status {done.returncode})"}
    return dict(json.loads(answer))


def environment(tool: str, envs: Path) -> str:
    """The Python of the tool's environment, which is made first where there is none."""
    python = envs / tool / "bin/python"
    if not python.is_file():
        print(f"installing {tool} …", file=sys.stderr)
        venv.create(envs / tool, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS[tool]], check=True)
    return str(python)


def table(rows: Mapping[tuple[str, str], Mapping[str, Any]], tools: Sequence[str]) -> str:
    """Markdown: difference and seconds of each model and tool."""
    lines = [f"| model | {' | '.join(tools)} |", f"|---|{'---:|' * len(tools)}"]
    for model in dict.fromkeys(model for model, _ in rows):
        lines.append(f"| {model} | {' | '.join(_cell(rows.get((model, tool))) for tool in tools)} |")
    counts = []
    for tool in tools:
        found = [row for (_, name), row in rows.items() if name == tool]
        counts.append(f"{sum(row.get('difference', 1.0) <= LIMIT for row in found)} of {len(found)}")
    return "\n".join([*lines, f"| within {LIMIT:.0e} | {' | '.join(counts)} |"])


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    if "difference" not in row:
        return f"fails: {row['error'].partition(':')[0][:30].replace('|', ' ')}"
    return f"{row['difference']:.0e}, {row['seconds']:.0f} s"


def main() -> None:
    """Print the table of all rows."""
    if sys.argv[1:2] == ["--child"]:
        tool, pt_class, folder, case = sys.argv[2:]
        print(json.dumps(child(tool, Sample(pt_class, Path(folder), case))), flush=True)
        os._exit(0)  # some tools leave threads behind
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--envs", type=Path, required=True, help="where the tools' environments are, or are made")
    parser.add_argument("--tools", nargs="*", default=list(REQUIREMENTS), choices=list(REQUIREMENTS))
    parser.add_argument("models", nargs="*", default=MODELS)
    options = parser.parse_args()
    out, repo = options.out.resolve(), options.repo.resolve()
    out.mkdir(parents=True, exist_ok=True)
    journal = out / "rows.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else []
    rows = {(row["model"], row["tool"]): row for row in map(json.loads, lines)}

    def keep(model: str, tool: str, found: Mapping[str, Any]) -> None:
        rows[model, tool] = {"model": model, "tool": tool, **found}
        with journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(rows[model, tool]) + "\n")
        print(f"{model} {tool}: {_cell(found)}", file=sys.stderr, flush=True)

    for model in options.models:
        if (model, "scaffold") not in rows:
            keep(model, "scaffold", ours(repo, model, out / model))
        pt_class = rows[model, "scaffold"].get("pt_class")
        for tool in options.tools if pt_class else ():
            if (model, tool) not in rows:
                keep(model, tool, theirs(tool, recorded(out / model, pt_class), repo, options.envs.resolve()))
    print(table(rows, ["scaffold", *options.tools]))


if __name__ == "__main__":
    main()
