"""What `make fixup` runs, read from Makefiles as Transformers has had them."""

from __future__ import annotations

import pytest

from scaffold.flows.makefile import Step, fixup

RUFF = """
check_dirs := examples tests src utils
exclude_folders :=  ""

# a comment: with a colon
modified_only_fixup:
	$(eval modified_py_files := $(shell python utils/get_modified_files.py $(check_dirs)))
	@if test -n "$(modified_py_files)"; then \\
		echo "Checking/fixing $(modified_py_files)"; \\
		ruff check $(modified_py_files) --fix --exclude $(exclude_folders); \\
		ruff format $(modified_py_files) --exclude $(exclude_folders);\\
	else \\
		echo "No library .py files were modified"; \\
	fi

deps_table_update:
	@python setup.py deps_table_update

deps_table_check_updated:
	@md5sum a > md5sum.saved

autogenerate_code: deps_table_update

repo-consistency:
	python utils/check_copies.py
	python utils/update_metadata.py --check-only

extra_style_checks:
	python utils/check_doc_toc.py --fix_and_overwrite

style:
	ruff check $(check_dirs)

fixup: modified_only_fixup extra_style_checks autogenerate_code repo-consistency
"""

BLACK = """
check_dirs := src
modified_only_fixup:
	@if test -n "$(modified_py_files)"; then \\
		black $(modified_py_files); \\
		isort $(modified_py_files); \\
	else \\
		echo "none"; \\
	fi
extra_style_checks:
	doc-builder style src/transformers --max_len 119
fixup: modified_only_fixup
	${MAKE} extra_style_checks
	${MAKE} extra_style_checks
"""


def test_the_present_form() -> None:
    assert fixup(RUFF, ["src/a.py", "src/b c.py", "docs/x.md", "docs/y.py"]) == [
        Step("ruff", ("check", "src/a.py", "src/b c.py", "--fix", "--exclude", "")),
        Step("ruff", ("format", "src/a.py", "src/b c.py", "--exclude", "")),
        Step("python", ("utils/check_doc_toc.py", "--fix_and_overwrite")),
        Step("python", ("setup.py", "deps_table_update")),
        Step("python", ("utils/check_copies.py",)),
        Step("python", ("utils/update_metadata.py", "--check-only")),
    ]


def test_the_older_form_each_target_once() -> None:
    steps = fixup(BLACK, ["src/a.py"])
    assert [step.title for step in steps] == ["black", "isort", "doc-builder style"]


def test_nothing_changed_nothing_formatted() -> None:
    assert fixup(RUFF, ["README.md"])[0].title == "check_doc_toc.py"


@pytest.mark.parametrize(
    "line",
    [
        "python a.py | tee log",
        "python -c 'x' && true",
        "for f in *.py; do x $$f; done",
        "curl http://x",
        "python $(shell ls)",
    ],
)
def test_what_needs_a_shell_is_named(line: str) -> None:
    steps = fixup(f"fixup:\n\t{line}\n", [])
    assert steps
    assert any(step.unread for step in steps)
    assert not any(step.tool == "python" and "|" in step.arguments for step in steps)


def test_no_such_target_and_circles() -> None:
    assert fixup("style:\n\truff\n", []) == []
    assert fixup("fixup: a\na: fixup\n\tpython x.py\n", []) == [Step("python", ("x.py",))]
