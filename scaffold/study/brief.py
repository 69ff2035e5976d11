"""A page to read before a port: links, structure, what to read beside the file, what will be hard, where to ask.

Source: guide.md G1, G3, G4 and G13. Everything comes from the checkout; what is known only online (ongoing pull requests) is
added by the command.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass

from scaffold.core.checkout import Located
from scaffold.core.typedb import TypeDB
from scaffold.study.challenges import Challenge, challenges
from scaffold.study.tasks import Source, located_source, sources
from scaffold.translate.classes import Analyser, Category, ClassInfo
from scaffold.translate.sources import Source as Text

_LINK = re.compile(r"\[([^\]\n]{1,120})\]\((https?://[^)\s]+)\)")
_PAPERS = ("arxiv.org", "doi.org", "aclanthology", "openreview", "papers", ".pdf")
_REFERENCES = 4

#: Where questions about a port are answered (guide.md G13).
ASK = (
    "the draft pull request itself: `scaffold open-draft-pr`",
    "https://discuss.huggingface.co/c/transformers/9",
    "https://github.com/huggingface/transformers/issues",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A TensorFlow file worth reading, relative to the checkout, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The page's contents. `structure` has one line a class: depth in the tree of sub-modules, name, what it is."""

    source: Source
    pt_path: str
    tf_path: str
    has_tensorflow: bool
    doc_page: str | None
    papers: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    structure: tuple[tuple[int, str, str], ...]
    references: tuple[Reference, ...]
    challenges: tuple[Challenge, ...]
    borrowed: tuple[tuple[str, str], ...]


def brief(located: Located) -> Brief:
    """Read the checkout and put the page together; no framework is started, so it takes seconds."""
    from scaffold.translate import translate

    names, source = located.names, located_source(located)
    package = names.package_path.removeprefix("src/").replace("/", ".")
    text = Text(located.source, names.pt_path, package)
    papers, links = _links(located)
    translation = translate(located, TypeDB())
    return Brief(
        source=source,
        pt_path=names.pt_path,
        tf_path=names.tf_path,
        has_tensorflow=(located.root / names.tf_path).is_file(),
        doc_page=located.doc_page,
        papers=papers,
        links=links,
        structure=tuple(_structure(Analyser(text, names.camel).run())),
        references=tuple(_references(located, source)),
        challenges=tuple(challenges(located.source, package)),
        borrowed=tuple(sorted(translation.borrowed.items())),
    )


def _links(located: Located) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """(papers, other links) of the model's page, in its order, each once."""
    if located.doc_page is None:
        return (), ()
    text = (located.root / located.doc_page).read_bytes().decode("utf-8", "replace")
    found = {url: title for title, url in reversed(_LINK.findall(text))}
    ordered = [(title, url) for url, title in reversed(found.items()) if "shields.io" not in url]
    papers = tuple(link for link in ordered if any(part in link[1] for part in _PAPERS))
    return papers, tuple(link for link in ordered if link not in papers)


def _structure(classes: dict[str, ClassInfo]) -> list[tuple[int, str, str]]:
    """The classes as a tree: each under the first that holds it, the public ones at the root, with its torch layers."""
    kept = {n: c for n, c in classes.items() if c.category not in (Category.OUTPUT, Category.BASE, Category.DROPPED)}
    held = {name: _held(info, kept) for name, info in kept.items()}
    below = {child for children in held.values() for child in children}
    shown: set[str] = set()
    lines: list[tuple[int, str, str]] = []

    def show(name: str, depth: int) -> None:
        if name in shown:
            return
        shown.add(name)
        lines.append((depth, name, _what(classes[name])))
        for child in held[name]:
            show(child, depth + 1)

    for name in sorted(kept, key=lambda name: name in below):
        show(name, 0)
    return lines


def _held(info: ClassInfo, classes: dict[str, ClassInfo]) -> list[str]:
    names = {node.id for node in ast.walk(info.node) if isinstance(node, ast.Name) and node.id in classes}
    return [name for name in classes if name in names and name != info.name and not _is_base(name, info)]


def _is_base(name: str, info: ClassInfo) -> bool:
    return any(isinstance(base, ast.Name) and base.id == name for base in info.node.bases)


def _what(info: ClassInfo) -> str:
    layers = Counter(
        child.qualname.rpartition(".")[2] for child in info.children.values() if child.qualname.startswith("torch.")
    )
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in layers.most_common(6))


def _references(located: Located, source: Source) -> list[Reference]:
    """TensorFlow files that its classes are copies of, most copied first; then those of the same family and size."""
    copied = Counter(re.findall(r"Copied from transformers\.models\.([\w.]+)\.modeling_(\w+)\.", located.source))
    found = [
        Reference(path=path, why=f"{count} classes or functions of the PyTorch file are copies of its twin's")
        for (folder, stem), count in copied.most_common()
        if (located.root / (path := _tf_path(folder, stem))).is_file() and path != located.names.tf_path
    ]
    if len(found) < _REFERENCES:
        have = {reference.path for reference in found}
        found += [r for r in _kindred(located, source) if r.path not in have]
    return found[:_REFERENCES]


def _tf_path(folder: str, stem: str) -> str:
    return f"src/transformers/models/{folder.replace('.', '/')}/modeling_tf_{stem}.py"


def _kindred(located: Located, source: Source) -> list[Reference]:
    """Ported models that share most tasks with this one, the nearest in length first among equals."""
    wanted = set(source.tasks)
    ported = [other for other in sources(located.root, ported=True) if other.stem != source.stem]
    ported.sort(key=lambda other: (-len(wanted & set(other.tasks)), abs(other.lines - source.lines)))
    return [
        Reference(
            path=_tf_path(other.folder, other.stem),
            why=f"{other.family}, {len(wanted & set(other.tasks))} tasks in common",
        )
        for other in ported[:_REFERENCES]
        if wanted & set(other.tasks)
    ]
