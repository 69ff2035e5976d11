"""G27, G30, G31, G32: the documentation page, its credit, the support table or badge, and the doctest list."""

from __future__ import annotations

import re

from scaffold.checklist.exports import expected_tf_classes
from scaffold.checklist.item import Item, Verdict, failed, manual, passed, skipped, verdict
from scaffold.checklist.repo_rules import listed
from scaffold.checklist.subject import Subject

DOCS = "docs/source/en"
DOCTESTS = "utils/documentation_tests.txt"
#: Names that the clone's check_repo.py lets go undocumented.
_UNDOCUMENTED = re.compile(r"(Pre[Tt]rainedModel|Encoder|Decoder|Layer|Embeddings|Attention)$")
_AUTODOC = re.compile(r"\[\[autodoc\]\]\s+(?:\w+\.)*(\w+)")
_CREDIT = re.compile(
    r"\bTensorFlow\s+(version|port|model|implementation)\b[^.]{0,60}?\b(contributed|added|ported)\s+by", re.IGNORECASE
)


def _no_docs(subject: Subject) -> str:
    if not (subject.root / "docs").is_dir():
        return "the checkout has no docs/ (an sdist leaves it out)"
    if subject.located.doc_page is None:
        return "no documentation page of the model was found"
    return ""


def _page(subject: Subject) -> Verdict:
    page = subject.located.doc_page
    text = subject.read(page) if page else None
    if page is None or text is None:
        return skipped(_no_docs(subject) or f"{page} cannot be read")
    lines = text.splitlines()
    documented = {m[1]: n for n, line in enumerate(lines, 1) if (m := _AUTODOC.match(line))}
    if subject.pt and not any(name in documented for name in subject.pt.classes):
        return skipped(f"{page} documents no PyTorch class of this file either")
    exempt = listed(subject, "UNDOCUMENTED_OBJECTS", "SHOULD_HAVE_THEIR_OWN_PAGE", "DEPRECATED_OBJECTS")
    wanted = [n for n in expected_tf_classes(subject) if not _UNDOCUMENTED.search(n) and n not in exempt]
    problems = [f"{page}: no `[[autodoc]] {name}`" for name in wanted if name not in documented]
    return verdict(
        problems,
        "Add a section `## TFX` with `[[autodoc]] TFX` and `    - call` for each class named.",
        *(f"{page}:{documented[name]} {name}" for name in wanted if name in documented),
    )


def _credit(subject: Subject) -> Verdict:
    page = subject.located.doc_page
    text = subject.read(page) if page else None
    if page is None or text is None:
        return skipped(_no_docs(subject) or f"{page} cannot be read")
    found = _CREDIT.search(text)
    if found:
        return passed(f"{page}:{text.count(chr(10), 0, found.start()) + 1} {' '.join(found[0].split())} …")
    return manual(
        [f"{page} names nobody for the TensorFlow version"],
        "Append `The TensorFlow version was contributed by [name](https://huggingface.co/name).` to the credits.",
    )


def _support(subject: Subject) -> Verdict:
    """The table of docs/source/en/index.md, or the page's badge in checkouts without that table."""
    index = next((p for p in (f"{DOCS}/index.md", f"{DOCS}/index.mdx") if subject.read(p)), None)
    if index is None:
        return skipped(f"the checkout has no {DOCS}/index.md")
    lines = (subject.read(index) or "").splitlines()
    head = next((i for i, line in enumerate(lines) if line.startswith("|") and "TensorFlow support" in line), None)
    if head is None:
        return _badge(subject)
    column = [cell.strip() for cell in lines[head].split("|")].index("TensorFlow support")
    for number, line in enumerate(lines[head + 1 :], head + 2):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > column and _is_row(cells[1], subject.names.title):
            if "✅" in cells[column]:
                return passed(f"{index}:{number} {cells[1]} ✅")
            return failed([f"{index}:{number} {cells[1]} has no tick"], "Set the TensorFlow cell of the row to ✅.")
    return skipped(f"{index} has no row {subject.names.title}")


def _is_row(cell: str, title: str) -> bool:
    return cell == title or cell.startswith(f"[{title}](")


def _badge(subject: Subject) -> Verdict:
    page = subject.located.doc_page
    text = subject.read(page) if page else None
    if page is None or text is None:
        return skipped("the checkout has neither a support table nor a page for the model")
    if 'alt="PyTorch"' not in text:
        return skipped(f"{page} has no framework badges")
    if 'alt="TensorFlow"' in text:
        return passed(f"{page}: TensorFlow badge")
    return failed([f"{page}: PyTorch badge without a TensorFlow one"], "Add the TensorFlow badge after PyTorch's.")


def _doctest(subject: Subject) -> Verdict:
    text, path = subject.read(DOCTESTS), subject.names.tf_path
    if text is None:
        return skipped(f"the checkout has no {DOCTESTS}: new files are doctested unless listed as exceptions")
    entries = text.split()
    if path in entries:
        return passed(f"{DOCTESTS}:{entries.index(path) + 1} {path}")
    if subject.names.pt_path not in entries:
        return skipped(f"{DOCTESTS} does not list the PyTorch file either")
    return manual(
        [f"{DOCTESTS} lists {subject.names.pt_path} and not {path}"],
        "Add the path in its sorted place once its docstring examples run with a TensorFlow checkpoint.",
    )


ITEMS = (
    Item(code="CHK135", title="documentation page", requirements=("G30",), judge=_page),
    Item(code="CHK136", title="contributor's credit", requirements=("G31",), judge=_credit),
    Item(code="CHK137", title="support table or badge", requirements=("G32",), judge=_support),
    Item(code="CHK138", title="doctest list", requirements=("G27",), judge=_doctest),
)
