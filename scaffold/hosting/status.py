"""What continuous integration says of a commit: check runs and commit statuses, since projects use both at once.

Source of truth: GitHub's REST documentation of checks and statuses; publishing.md §2.
"""

from __future__ import annotations

from scaffold.core.hosting import Check
from scaffold.hosting import shapes
from scaffold.hosting.address import repository_path
from scaffold.hosting.client import Client


def checks(client: Client, full_name: str, sha: str) -> tuple[Check, ...]:
    """The latest run of each check and the latest status of each context. None at all does not mean that all is well."""
    what = f"list the checks of {sha[:12]} in {full_name}"
    commit = repository_path(full_name, "commits", sha)
    runs = client.pages(f"{commit}/check-runs", what, shapes.check_run, key="check_runs", filter="latest")
    statuses = client.pages(f"{commit}/status", what, shapes.status, key="statuses")
    return (*runs, *statuses)
