"""Compare the inside of both models of a port: which layer differs first, where in the source, and why.

Source of truth: guide.md G41 to G43. The work is done by `workers/compare_models.py`.
"""

from scaffold.compare.checkpoint import checkpoint_cases
from scaffold.compare.html import to_html
from scaffold.compare.reduce import Reduced, reduce
from scaffold.compare.result import ClassComparison, Comparison
from scaffold.compare.run import compare
from scaffold.compare.text import to_text

__all__ = ["ClassComparison", "Comparison", "Reduced", "checkpoint_cases", "compare", "reduce", "to_html", "to_text"]
