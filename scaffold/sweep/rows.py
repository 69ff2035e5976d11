"""Read rows back: of `rows.jsonl`, of single `row.json` files, and of folders that hold either."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.sweep.task import judged

Row = dict[str, Any]

_KEYS = ("model", "error", "heads", "markers", "withheld")


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """The newest row of each model, by model; judged anew, so that all rows are judged alike.

    CLI103 for a path that is not there or holds no row. A line that a killed run cut short is left out.
    """
    newest: dict[str, Row] = {}
    for path in paths:
        count = 0
        for file in _files(path):
            for row in _rows_of(file):
                count += 1
                before = newest.get(row["model"])
                if before is None or row.get("date", "") >= before.get("date", ""):
                    newest[row["model"]] = judged(row)
        if not count:
            raise ScaffoldError(
                "CLI103",
                f"{path} holds no row of a sweep",
                "give rows.jsonl, row.json, or a folder with such files",
                exit_code=ExitCode.USAGE,
            )
    return [newest[model] for model in sorted(newest)]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.is_file() else []
    lists = sorted(path.glob("rows.jsonl"))
    return lists or sorted([*path.glob("row.json"), *path.glob("*/row.json")])


def _rows_of(file: Path) -> Iterator[Row]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and all(key in row for key in _KEYS):
            yield row
