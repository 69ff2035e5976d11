"""Diffs are what `git apply` reads, awkward files included."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.diffs import diff, line_counts
from scaffold.core.edits import Tree
from tests.layouts import git


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\n", "a\nc\n"),
        ("a\nb", "a\nb\nc"),
        ("a\nb", "a\nb\n"),
        ("a\x0cb\u2028c\n", "a\x0cb\u2028d\n"),
        ("", "x\n"),
        (None, "x\ny\n"),
        (None, "no newline"),
        ("x\n", None),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
    ],
)
def test_git_can_apply_it(tmp_path: Path, before: str | None, after: str | None) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q")
    path = root / "file.txt"
    if before is not None:
        path.write_bytes(before.encode())
    tree = Tree(root)
    tree.plan("file.txt", after, by="t", why="w")
    patch = tmp_path / "x.patch"
    patch.write_bytes(diff(root, tree.edits()).encode())
    git(root, "apply", "--whitespace=nowarn", str(patch))
    assert (path.read_bytes().decode() if path.exists() else None) == after


def test_lines_are_counted(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a\nb\nc\n")
    tree = Tree(tmp_path)
    tree.plan("f", "a\nx\ny\nc\n", by="t", why="w")
    assert line_counts(tmp_path, tree.edits()[0]) == (2, 1)
