"""Which arguments go, and that nothing else does."""

from __future__ import annotations

import ast

import pytest

from scaffold.flows.from_pt import without_from_pt


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('A.from_pretrained("x", from_pt=True)\n', 'A.from_pretrained("x")\n'),
        ('A.from_pretrained("x", from_pt=True, a=1)\n', 'A.from_pretrained("x", a=1)\n'),
        ("A.from_pretrained(from_pt=True)\n", "A.from_pretrained()\n"),
        ("A.from_pretrained(from_pt=True,)\n", "A.from_pretrained()\n"),
        ("A.from_pretrained(from_pt=True, **k)\n", "A.from_pretrained(**k)\n"),
        (
            'A.from_pretrained(\n    "é",  # 1\n    from_pt=True,  # 2\n)\n',
            'A.from_pretrained(\n    "é",  # 1\n    # 2\n)\n',
        ),
        ('A.from_pretrained(\n    "é",\n    from_pt=True\n)\n', 'A.from_pretrained(\n    "é"\n)\n'),
        ('A.from_pretrained(\n    "é",  # c\n    from_pt=True\n)\n', 'A.from_pretrained(\n    "é",  # c\n)\n'),
        (
            'f("é,", A.from_pretrained(x, from_pt=True), A.from_pretrained(B.from_pretrained(y, from_pt=True), from_pt=True))\n',
            'f("é,", A.from_pretrained(x), A.from_pretrained(B.from_pretrained(y)))\n',
        ),
        ("A.from_pretrained(x, from_pt=True)\r\nb = 1\r\n", "A.from_pretrained(x)\r\nb = 1\r\n"),
        (
            'def f():\n    """\n    >>> m = A.from_pretrained(\n    ...     "x", from_pt=True\n    ... )\n    >>> m\n    """\n',
            'def f():\n    """\n    >>> m = A.from_pretrained(\n    ...     "x"\n    ... )\n    >>> m\n    """\n',
        ),
    ],
)
def test_code(before: str, after: str) -> None:
    done = without_from_pt("a.py", before)
    assert done.text == after
    assert done.count >= 1
    ast.parse(done.text)
    assert without_from_pt("a.py", after) == type(done)(after, 0)


@pytest.mark.parametrize(
    "text",
    [
        "A.load(x, from_pt=True)\n",
        "from_pretrained(x, from_pt=True)\n",
        "A.from_pretrained(x, from_pt=flag)\n",
        "A.from_pretrained(x, from_pt=False)\n",
        'note = "from_pretrained(x, from_pt=True)"\n',
        "# A.from_pretrained(x, from_pt=True)\n",
        "A.from_pretrained(x, from_pt=True\n",
        "a = 1\r# lone carriage return\rA.from_pretrained(x, from_pt=True)\n",
    ],
)
def test_left_alone(text: str) -> None:
    assert without_from_pt("a.py", text).text == text


def test_pages() -> None:
    page = (
        "Load with `from_pt=True`: A.from_pretrained(x, from_pt=True)\n\n```python\nA.from_pretrained(x, from_pt=True)\n```\n\n"
        "```py\n>>> A.from_pretrained(x, from_pt=True)\n1\n```\n\n```bash\nA.from_pretrained(x, from_pt=True)\n```\n"
    )
    done = without_from_pt("a.md", page)
    assert done.count == 2
    assert done.text == page.replace(
        "\nA.from_pretrained(x, from_pt=True)\n```\n\n```py", "\nA.from_pretrained(x)\n```\n\n```py"
    ).replace(">>> A.from_pretrained(x, from_pt=True)", ">>> A.from_pretrained(x)")
