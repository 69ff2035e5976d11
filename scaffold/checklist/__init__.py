"""The checklist of the porting guide, judged on a port in a clone: PASS, FAIL, SKIP or MANUAL with evidence and help.

Parses only; nothing of the clone is imported. What needs the port to run is read from its verification report.
"""

from scaffold.checklist.item import Item
from scaffold.checklist.judge import all_items, checklist
from scaffold.checklist.render import failed, to_json, to_markdown, to_text

__all__ = ["Item", "all_items", "checklist", "failed", "to_json", "to_markdown", "to_text"]
