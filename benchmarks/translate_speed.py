"""Compare the translator's speed with PaConvert's on the same PyTorch files, source lines a second, formatting included.

Both tools convert the same files in turn, in child processes that have everything imported before the clock starts. The probe
is not part of the translation and not timed. PaConvert lives in a virtual environment of its own and never runs in CI:

    python benchmarks/translate_speed.py --repo path/to/transformers --paconvert-python path/to/venv/bin/python
    python benchmarks/translate_speed.py --repo path/to/transformers --venv build/paconvert     # creates it
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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from scaffold.core.typedb import TypeDB

PACONVERT = "paconvert==3.3.1"
MODELS = [
    "ernie",
    "roc_bert",
    "megatron_bert",
    "nystromformer",
    "bert_generation",
    "lilt",
    "data2vec_text",
    "xlm_roberta_xl",
    "biogpt",
    "dinov2",
    "vit_msn",
    "audio_spectrogram_transformer",
]

#: Runs under PaConvert's Python: converts each file named on standard input with default formatting.
_PACONVERT_CHILD = """
import os, shutil, sys, tempfile, time
from paconvert.converter import Converter

clock = (lambda: sum(os.times()[:4])) if "--cpu" in sys.argv else time.perf_counter
folder = tempfile.mkdtemp()  # one for all files: PaConvert remembers the first output's path
print("ready", flush=True)
for line in sys.stdin:
    start = clock()
    Converter(log_dir=os.devnull).run(line.strip(), os.path.join(folder, "out.py"))
    print(clock() - start, flush=True)
shutil.rmtree(folder)
"""


@dataclass(slots=True)
class Sample:
    """One model's file and the seconds each tool took in each round."""

    model: str
    path: Path
    lines: int
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def speeds(self) -> tuple[float, float]:
        """Median lines a second, ours and theirs."""
        return self.lines / median(self.ours), self.lines / median(self.theirs)


class Child:
    """A converter waiting for names on its standard input and answering with seconds."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise SystemExit(f"{self.process.args!r} ended without an answer")
        return answer

    def seconds(self, name: str) -> float:
        """Convert one file."""
        assert self.process.stdin is not None
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def cpu_seconds() -> float:
    """Processor time of this process and of the formatters it started."""
    return sum(os.times()[:4])


def serve(repo: Path, probes: Path, clock: Callable[[], float]) -> None:
    """The child for our side: translate each model named on standard input."""
    import scaffold.translate.module  # noqa: F401  imports are not timed, PaConvert's neither
    from scaffold.locate import locate
    from scaffold.translate import translate

    print("ready", flush=True)
    for line in sys.stdin:
        located = locate(repo, line.strip(), ported_ok=True)
        types = _types(probes / line.strip())
        start = clock()
        translate(located, types)
        print(clock() - start, flush=True)


def _types(folder: Path) -> TypeDB:
    from scaffold.core.typedb import TypeDB

    file = folder / "probe.json"
    return TypeDB.from_json(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else TypeDB()


def samples(repo: Path, models: list[str]) -> list[Sample]:
    """The files to convert."""
    from scaffold.locate import locate

    found = []
    for model in models:
        path = repo / locate(repo, model, ported_ok=True).names.pt_path
        found.append(Sample(model, path, len(path.read_text(encoding="utf-8").splitlines())))
    return found


def probe_all(repo: Path, models: list[str], python: str, probes: Path) -> None:
    """Give the translator what it has in a real run."""
    from scaffold.locate import locate
    from scaffold.probe import probe

    for model in models:
        print(f"probing {model} …", file=sys.stderr)
        probe(locate(repo, model, ported_ok=True), python=python, out=probes / model)


def paconvert_python(given: str | None, folder: str | None) -> str:
    """The Python that has PaConvert, installing it into a fresh environment where none was given."""
    if given:
        return given
    target = Path(folder or tempfile.mkdtemp(prefix="paconvert-"))
    python = target / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.is_file():
        print(f"installing {PACONVERT} into {target} …", file=sys.stderr)
        venv.create(target, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PACONVERT], check=True)
    return str(python)


def measure(files: list[Sample], ours: list[str], theirs: list[str], rounds: int) -> None:
    """Convert every file with both tools in turn; new processes each round, so that no cache outlives one."""
    for _ in range(rounds):
        left, right = Child(ours), Child(theirs)
        for sample in files:
            sample.ours.append(left.seconds(sample.model))
            sample.theirs.append(right.seconds(str(sample.path)))
        left.close()
        right.close()


def table(files: list[Sample]) -> str:
    """Lines a second of both tools and the ratio, for each file and all together."""
    rows = [("file", "lines", "scaffold, lines/s", "PaConvert, lines/s", "ratio")]
    for sample in files:
        mine, other = sample.speeds()
        rows.append((sample.path.name, str(sample.lines), f"{mine:,.0f}", f"{other:,.0f}", f"{mine / other:.2f}"))
    lines = sum(s.lines for s in files)
    mine, other = lines / sum(median(s.ours) for s in files), lines / sum(median(s.theirs) for s in files)
    rows.append(("all", str(lines), f"{mine:,.0f}", f"{other:,.0f}", f"{mine / other:.2f}"))
    text = [f"| {' | '.join(row)} |" for row in rows]
    text.insert(1, "|---|---:|---:|---:|---:|")
    return "\n".join(text)


def main() -> int:
    """Print the table; exit status 1 when the translator is slower over all files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True, help="a Transformers checkout")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--paconvert-python", help="a Python that has PaConvert installed")
    parser.add_argument("--venv", help="where to create that environment (default: a temporary folder)")
    parser.add_argument("--python", default=sys.executable, help="the Python that has the frameworks, for the probe")
    parser.add_argument("--probes", type=Path, help="keep the probe's files here between runs")
    parser.add_argument("--no-probe", action="store_true", help="translate without the probe's types")
    parser.add_argument("--cpu", action="store_true", help="count processor time: steadier on a busy machine")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    repo, models = arguments.repo.resolve(), arguments.models
    with tempfile.TemporaryDirectory() as temporary:
        probes = (arguments.probes or Path(temporary)).resolve()
        if arguments.serve:
            serve(repo, probes, cpu_seconds if arguments.cpu else time.perf_counter)
            return 0
        if not arguments.no_probe:
            probe_all(repo, models, arguments.python, probes)
        files = samples(repo, models)
        ours = [sys.executable, __file__, "--serve", "--repo", str(repo), "--probes", str(probes)]
        theirs = [paconvert_python(arguments.paconvert_python, arguments.venv), "-c", _PACONVERT_CHILD]
        clock = ["--cpu"] if arguments.cpu else []
        measure(files, ours + clock, theirs + clock, arguments.rounds)
    print(table(files))
    return int(sum(median(s.ours) for s in files) > sum(median(s.theirs) for s in files))


if __name__ == "__main__":
    sys.exit(main())
