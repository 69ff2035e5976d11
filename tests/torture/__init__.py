"""Longer trials of what the program promises to survive; `python -m tests.torture` prints promised against measured.

Not part of the test run: `tests/test_torture.py` runs each part with small counts.
"""

from tests.torture import waiting as waiting
