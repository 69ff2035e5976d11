"""Memory of `scaffold convert-weights` on a checkpoint of realistic size, as a multiple of its largest file.

    python benchmarks/convert_memory.py --repo path/to/transformers --layers 32 --work build/convert

writes a checkpoint of Mistral's shapes with random half-precision weights in files of 2 GB (7.2 billion parameters with 32
layers), converts it and prints sizes, times and the largest memory of the writing and of the comparison (issue: within twice the
largest file). The disk needs three times the checkpoint's size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

MAKE = """
import json, sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from transformers import MistralConfig, MistralForCausalLM

folder, layers, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
config = MistralConfig(num_hidden_layers=layers, architectures=["MistralForCausalLM"], torch_dtype="float16")
with torch.device("meta"):
    shapes = {name: tensor.shape for name, tensor in MistralForCausalLM(config).state_dict().items()}
config.save_pretrained(folder)
torch.manual_seed(0)
shards, used = [{}], 0
for name, shape in shapes.items():
    size = 2 * shape.numel()
    if shards[-1] and used + size > limit:
        shards.append({})
        used = 0
    shards[-1][name] = shape
    used += size
weight_map = {}
for number, names in enumerate(shards, 1):
    file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
    tensors = {n: (torch.randn(s) * 0.02 + (1.0 if len(s) == 1 else 0.0)).to(torch.float16) for n, s in names.items()}
    save_file(tensors, str(folder / file), metadata={"format": "pt"})
    weight_map.update({name: file for name in names})
total = sum(2 * shape.numel() for shape in shapes.values())
index = {"metadata": {"total_size": total}, "weight_map": weight_map}
(folder / "model.safetensors.index.json").write_text(json.dumps(index))
"""


def main() -> None:
    """Make, convert, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True, help="a Transformers clone")
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--work", type=Path, required=True, help="a folder for both checkpoints")
    parser.add_argument("--memory", default="6GB", help="what the comparison may use")
    arguments = parser.parse_args()
    source, out = arguments.work / "pytorch", arguments.work / "tensorflow"
    source.mkdir(parents=True, exist_ok=True)
    if not (source / "model.safetensors.index.json").is_file():
        command = [sys.executable, "-W", "ignore", "-c", MAKE, str(source), str(arguments.layers), str(2 * 10**9)]
        subprocess.run(command, check=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "scaffold", "convert-weights", str(source), "--repo", str(arguments.repo)]
    command += ["--into", str(out), "--memory", arguments.memory, "--max-shard-size", "4GB", "--json"]
    command += ["--max-error", "1e-4"]  # sums over 4,096 random numbers are rounded differently: 1.6e-5 was seen
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode:
        sys.exit(done.stderr)
    report = json.loads(done.stdout)
    largest = report["largest_shard"]
    print(f"parameters         {report['parameters'] / 1e9:.2f} billion")
    print(
        f"checkpoint         {sum(f.stat().st_size for f in source.iterdir()) / 1e9:.1f} GB, largest file {largest / 1e9:.2f} GB"
    )
    print(
        f"written            {sum(f.stat().st_size for f in out.iterdir()) / 1e9:.1f} GB in {len(report['files'])} files"
    )
    print(f"time               {seconds:.0f} s")
    print(
        f"memory, writing    {report['peak_writing'] / 1e9:.2f} GB = {report['peak_writing'] / largest:.2f} × the largest file"
    )
    print(f"memory, comparing  {report['peak'] / 1e9:.2f} GB")
    for check in report["checks"]:
        print(
            f"{check['inputs']}: outputs {check['outputs']}, hidden states {check['hidden_states']}, layers {check['depth']}"
        )


if __name__ == "__main__":
    main()
