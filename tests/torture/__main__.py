"""`python -m tests.torture [PART…] [--count N] [--seed N]`: run the trials and print the table."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time

from tests.torture.rows import Row, table

#: Part → how many trials a full run makes; each is a module with `run(count, seed) -> list[Row]`.
PARTS = {
    "names": 10_000,
    "sources": 1_000,
    "kills": 200,
    "later": 200,
    "disk": 40,
    "refusals": 100,
    "repeat": 12,
    "flow": 200,
    "canary": 6,
    "faults": 1_000,
}


def _run(part: str, count: int, seed: int) -> list[Row]:
    module = importlib.import_module(f"tests.torture.{part}")
    started = time.monotonic()
    rows: list[Row] = module.run(count, seed)
    print(f"{part}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


def main() -> int:
    """Run what was asked for; exit status 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--count", type=int, metavar="N", help="trials a part (default: the part's own number)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed makes the same trials")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    os.nice(10)
    rows = [
        row for part in arguments.parts or PARTS for row in _run(part, arguments.count or PARTS[part], arguments.seed)
    ]
    print(table(rows))
    return 1 if any(row.held is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
