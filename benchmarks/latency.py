"""Forward latency in graph mode: the generated file against the hand-written one, on medium configurations, in one process.

Usage: `python benchmarks/latency.py --repo path/to/transformers --out DIR [model …]`, where DIR is that of
`benchmarks/regenerate.py --no-tests`, which writes the generated files. Both classes get the same weights and inputs; their calls
alternate, and processor time of one thread is counted, so that a busy machine slows both alike. Prints a Markdown table: the
median milliseconds of a call, their ratio, and the largest difference of the outputs.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from scaffold.core.child import worker_environment


def _body(width: int, layers: int, heads: int) -> dict[str, Any]:
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    return dict(zip(names, (width, layers, heads, 4 * width), strict=True))


#: stem → base class, configuration values, main input and its shape; sizes that take tens of milliseconds a call.
_TEXT = ("input_ids", (4, 128))
_IMAGE = ("pixel_values", (2, 3, 224, 224))
MEDIUM: dict[str, tuple[str, dict[str, Any], tuple[str, tuple[int, ...]]]] = {
    "bert": ("TFBertModel", _body(512, 4, 8), _TEXT),
    "gpt2": ("TFGPT2Model", {"n_embd": 512, "n_layer": 4, "n_head": 8}, _TEXT),
    "t5": ("TFT5Model", {"d_model": 512, "num_layers": 3, "num_heads": 8, "d_ff": 2048}, _TEXT),
    "vit": ("TFViTModel", _body(384, 6, 6), _IMAGE),
    "swin": ("TFSwinModel", {"embed_dim": 48, "depths": [2, 2, 2, 2]}, _IMAGE),
    "resnet": (
        "TFResNetModel",
        {"depths": [2, 2, 2, 2], "layer_type": "basic", "hidden_sizes": [64, 128, 256, 512]},
        _IMAGE,
    ),
    "convnext": ("TFConvNextModel", {"depths": [2, 2, 4, 2], "hidden_sizes": [64, 128, 256, 512]}, _IMAGE),
    "segformer": ("TFSegformerModel", {}, _IMAGE),
    "wav2vec2": ("TFWav2Vec2Model", _body(384, 4, 6), ("input_values", (1, 16000))),
}
ROUNDS, WARM = 15, 3


def compare(stem: str, generated: Path) -> list[str]:
    """One row of the table: both classes timed in this process."""
    import numpy as np
    import tensorflow as tf

    name, values, (key, shape) = MEDIUM[stem]
    package = f"transformers.models.{stem}"
    hand = importlib.import_module(f"{package}.modeling_tf_{stem}")
    spec = importlib.util.spec_from_file_location(f"{package}.generated_tf_{stem}", generated)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    config = getattr(hand, name).config_class(**values)
    random = np.random.default_rng(0)
    if key == "input_ids":
        inputs = {key: tf.constant(random.integers(0, config.vocab_size, shape), tf.int32)}
    else:
        inputs = {key: tf.constant(random.standard_normal(shape), tf.float32)}
    if stem == "t5":
        inputs["decoder_input_ids"] = inputs[key]
    models = [getattr(m, name)(config) for m in (hand, module)]
    for model in models:
        model(**inputs)
    _same_weights(*models)
    functions = [tf.function(lambda given, model=model: model(**given, training=False)[0]) for model in models]
    for function in functions * WARM:
        function(inputs)
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for function, times in zip(functions, spent, strict=True):
            started = time.process_time()
            function(inputs)
            times.append(time.process_time() - started)
    difference = float(np.abs(functions[0](inputs).numpy() - functions[1](inputs).numpy()).max())
    before, after = (1000 * median(times) for times in spent)
    return [stem, f"{before:.0f}", f"{after:.0f}", f"{after / before:.2f}", f"{difference:.0e}"]


def _same_weights(hand: Any, generated: Any) -> None:
    """Give the generated model the hand-written one's weights, by the name they have in a checkpoint."""
    values = {_name(w): w for w in hand.weights}
    for weight in generated.weights:
        parts = _name(weight).split(".")  # t5's shared embeddings stand at another level
        name = next(
            known for i in range(len(parts)) for known in values if f".{known}".endswith("." + ".".join(parts[i:]))
        )
        value = values[name].numpy()
        weight.assign(value if value.shape == tuple(weight.shape) else value.T)  # of a normalised convolution


def _name(weight: Any) -> str:
    from transformers.modeling_tf_pytorch_utils import convert_tf_weight_name_to_pt_weight_name

    return str(convert_tf_weight_name_to_pt_weight_name(weight.name, tf_weight_shape=weight.shape)[0])


def main() -> None:
    """Print the table; each model in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("models", nargs="*", help=f"of {', '.join(MEDIUM)} (default: all that DIR has)")
    options = parser.parse_args()
    if options.one:
        import tensorflow as tf

        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.threading.set_intra_op_parallelism_threads(1)
        print("| " + " | ".join(compare(options.one, _file(options.out, options.one))) + " |")
        return
    rows = []
    for stem in options.models or [stem for stem in MEDIUM if _file(options.out, stem).is_file()]:
        rows.append(_in_a_process(stem, options))
        print(f"{stem}: {rows[-1] or 'failed'}", file=sys.stderr, flush=True)
    print("| model | hand-written, ms | generated, ms | ratio | difference |\n| --- | ---: | ---: | ---: | ---: |")
    print("\n".join(filter(None, rows)))
    ratios = [float(row.split("|")[4]) for row in rows if row]
    if ratios:
        print(f"\nMedian ratio {median(ratios):.2f}, largest {max(ratios):.2f}.")


def _file(out: Path, stem: str) -> Path:
    return out / stem / f"modeling_tf_{stem}.py"


def _in_a_process(stem: str, options: argparse.Namespace) -> str:
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        here = Path(__file__).resolve()
        environment = worker_environment(options.repo.resolve() / "src", home)
        environment["TF_ENABLE_ONEDNN_OPTS"] = "1"  # as users run it
        environment["PYTHONPATH"] += os.pathsep + str(here.parents[1])
        command = [sys.executable, here, "--repo", options.repo, "--out", options.out, "--one", stem]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        print(result.stderr[-1500:], file=sys.stderr)
    return next((line for line in result.stdout.splitlines() if line.startswith("| ")), "")


if __name__ == "__main__":
    main()
