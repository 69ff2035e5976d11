"""Time `scaffold --help` from a cold process, beside the bare interpreter, and name heavy libraries it imports.

python benchmarks/cli_start.py [--runs 20] [--limit 0.3]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "torch",
    "tensorflow",
    "transformers",
    "copier",
    "libcst",
    "git",
    "github",
    "numpy",
    "jinja2",
    "questionary",
    "rich",
)
_WATCH = (
    "import contextlib, io, sys\nfrom scaffold.cli.main import main\n"
    "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    main(['--help'])\n"
    f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
)


def timed(command: list[str], runs: int) -> list[float]:
    """Seconds of each run, the first left out: it warms the file system and writes byte code."""
    seconds = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def main() -> int:
    """Print the figures; exit status 1 when the median is over the limit or a heavy library was imported."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--limit", type=float, default=0.3, help="seconds the median may take")
    arguments = parser.parse_args()
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "scaffold --help": [sys.executable, "-m", "scaffold", "--help"],
    }
    print("| command | median, s | fastest, s | slowest, s |\n|---|---:|---:|---:|")
    medians = []
    for name, command in commands.items():
        seconds = timed(command, arguments.runs)
        medians.append(median(seconds))
        print(f"| `{name}` | {medians[-1]:.3f} | {min(seconds):.3f} | {max(seconds):.3f} |")
    watch = subprocess.run([sys.executable, "-c", _WATCH], cwd=ROOT, check=True, capture_output=True, text=True)
    imported = watch.stdout.strip()
    print(f"heavy libraries imported: {imported or 'none'}")
    return int(medians[-1] > arguments.limit or bool(imported))


if __name__ == "__main__":
    sys.exit(main())
