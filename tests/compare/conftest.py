"""The workers import their siblings by bare name; so do the tests of those that need numpy only."""

from __future__ import annotations

import sys
from pathlib import Path

WORKERS = str(Path(__file__).parents[2] / "scaffold" / "workers")
if WORKERS not in sys.path:
    sys.path.append(WORKERS)
