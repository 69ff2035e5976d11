"""Credit the contributor of the TensorFlow version on the model's page.

Source: the pages of hand-written ports in Transformers; the sentence follows the one that credits the PyTorch version.
"""

from __future__ import annotations

import re

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import TextFile, doubled
from scaffold.register.registrar import Registrar

NAME = "doc-credit"

_CREDIT = re.compile(r"\b(?:was|were|is|are) contributed by\b")
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")

#: Where the sentence ends: a full stop, the paragraph's end, or a line that starts anew where the full stop was forgotten.
_END = re.compile(r"\.(?=\s|$)|(?<=\))(?=\r?\n[A-Z])|(?=\r?\n[ \t]*\r?\n)|(?=\s*$)")


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """The sentence behind the existing credit, or as a paragraph at the end of the overview."""
    path = located.doc_page
    file = TextFile.open(tree, path) if path else None
    if path is None or file is None:
        return (Absent(path=path or "docs/source/en/model_doc", by=NAME, why="the checkout has no page of the model"),)
    if port.contributor is None:
        return (Absent(path=path, by=NAME, why="no contributor is given (a name and a profile link)"),)
    sentence = _sentence(located, port, tree)
    if file.text.count(sentence) > 1:
        raise doubled(path, "credit of the TensorFlow version")
    if _credited(file.text, port.contributor.url):
        return (tree.plan(path, file.text, by=NAME, why="already credited"),)
    after = _appended(file.text, sentence)
    if after is None:
        return (Absent(path=path, by=NAME, why="the page credits nobody and has no overview"),)
    return (tree.plan(path, after, by=NAME, why="credit the contributor of the TensorFlow version"),)


def _sentence(located: Located, port: Port, tree: Tree) -> str:
    """One page may serve several modelling files; then the sentence says which one."""
    assert port.contributor is not None
    others = _siblings(located, tree)
    of = f" of {located.names.title}" if others else ""
    return f"The TensorFlow version{of} was contributed by [{port.contributor.name}]({port.contributor.url})."


def _siblings(located: Located, tree: Tree) -> bool:
    folder = tree.root / located.names.package_path
    files = [f for f in folder.glob("modeling_*.py") if not f.name.startswith(("modeling_tf_", "modeling_flax_"))]
    return len(files) > 1


def _credited(text: str, url: str) -> bool:
    """True when some sentence names TensorFlow and links the contributor."""
    return any(
        f"({url})" in paragraph and re.search(r"tensorflow|\bTF\b", paragraph.split(f"({url})")[0], re.IGNORECASE)
        for paragraph in re.split(r"\r?\n\s*\r?\n", text)
        if "contributed" in paragraph or "added by" in paragraph
    )


def _appended(text: str, sentence: str) -> str | None:
    masked = _LINK.sub(lambda link: "x" * (len(link.group()) - 1) + ")", text)  # addresses and names hold dots too
    credit = _CREDIT.search(masked)
    match = _END.search(masked, credit.end()) if credit else None
    if match:
        stop = "" if match.group() else "."
        return f"{text[: match.end()]}{stop} {sentence}{text[match.end() :]}"
    headings = [m.start() for m in re.finditer(r"^## ", text, re.MULTILINE)]
    overview = re.search(r"^## Overview\b", text, re.MULTILINE)
    if overview is None:
        return None
    following = [start for start in headings if start > overview.start()]
    end = following[0] if following else len(text)
    eol = "\r\n" if "\r\n" in text else "\n"
    tail = f"{eol}{eol}{text[end:]}" if following else eol
    return f"{text[:end].rstrip()}{eol}{eol}{sentence}{tail}"


REGISTRAR = Registrar(
    name=NAME,
    place="doc-credit",
    title="Contributor credit",
    doc="Appends a sentence with the contributor's link to the one that credits the PyTorch version; skipped when no "
    "contributor is given.",
    plan=plan,
    after=("doc-page",),
)
