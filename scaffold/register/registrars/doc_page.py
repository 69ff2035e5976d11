"""Document the TensorFlow classes on the model's page.

Source: `docs/source/en/model_doc/` of Transformers; `<frameworkcontent>` since 5964f820db (4.36). Every public class is
documented but the kinds that `utils/check_repo.py` leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import TextFile, doubled, exactly_one, missing
from scaffold.register.exports import methods as methods_of
from scaffold.register.pages import Entry, FrameworkBlock, entries, framework_blocks, is_internal, section
from scaffold.register.registrar import Registrar

NAME = "doc-page"


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """A section for each class that lacks one, in the order of the PyTorch classes."""
    path = located.doc_page
    file = TextFile.open(tree, path) if path else None
    if path is None or file is None:
        return (Absent(path=path or "docs/source/en/model_doc", by=NAME, why="the checkout has no page of the model"),)
    page = entries(file)
    _demand_single(path, page, port)
    documented = {entry.name for entry in page}
    wanted = [name for name in _in_page_order(page, port) if name not in documented]
    if wanted:
        sections = {name: section(name, _methods(name, page, port, tree)) for name in wanted}
        block = _block(file, page, port)
        if block is None:
            _after_sections(file, page, port, wanted, sections)
        elif block.tf_start is None or block.tf_end is None:
            _new_block(file, block, [sections[name] for name in wanted])
        else:
            _into_block(file, page, port, block, wanted, sections)
    after = file.edited()
    if wanted and not after.endswith("\n"):
        after += "\n"
    return (tree.plan(path, after, by=NAME, why="document the TensorFlow classes"),)


def _demand_single(path: str, page: Sequence[Entry], port: Port) -> None:
    """Only the TensorFlow entries: some pages of the library document a PyTorch class twice."""
    for name in sorted(port.public):
        lines = [entry.line + 1 for entry in page if entry.name == name]
        if len(lines) > 1:
            raise doubled(path, f"`[[autodoc]] {name}`", lines)


def _in_page_order(page: Sequence[Entry], port: Port) -> list[str]:
    """The classes to document, as their PyTorch twins stand on the page; those without one last."""
    position = {entry.name: entry.line for entry in reversed(page)}  # of a class documented twice, the first
    last = max(position.values(), default=0) + 1
    names = [n for n in port.public if not is_internal(n) or port.pt_name(n) in position]
    return sorted(names, key=lambda name: position.get(port.pt_name(name), last))


def _methods(name: str, page: Sequence[Entry], port: Port, tree: Tree) -> list[str]:
    """`call`, and the other methods that the page lists for the PyTorch class and the TensorFlow class has."""
    twin = next((entry for entry in page if entry.name == port.pt_name(name)), None)
    own = methods_of(tree, port.names.tf_path).get(name, frozenset())
    extra = [
        m for m in (twin.methods if twin else ()) if m not in ("forward", "all", "__call__") and m in own | {"generate"}
    ]
    return ["call", *extra]


def _twins(page: Sequence[Entry], port: Port) -> list[Entry]:
    """The PyTorch classes beside which the port belongs; on a page that documents none of them, all PyTorch classes."""
    names = {port.pt_name(name) for name in port.public}
    return [e for e in page if e.name in names] or [e for e in page if "forward" in e.methods]


def _block(file: TextFile, page: Sequence[Entry], port: Port) -> FrameworkBlock | None:
    """The framework block that holds the PyTorch classes; None on a page without."""
    twins = _twins(page, port)
    blocks = [b for b in framework_blocks(file) if any(b.start < entry.line < b.end for entry in twins)]
    if len(blocks) > 1:
        sought = "`<frameworkcontent>` that documents the PyTorch classes"
        raise doubled(file.path, sought, (block.start + 1 for block in blocks))
    return blocks[0] if blocks else None


def _new_block(file: TextFile, block: FrameworkBlock, sections: Sequence[Sequence[str]]) -> None:
    if block.pt_end is None:
        raise missing(file.path, "`</pt>` in the `<frameworkcontent>` that documents the PyTorch classes")
    file.insert(block.pt_end + 1, ["<tf>", "", *_joined(sections), "", "</tf>"])


def _into_block(
    file: TextFile,
    page: Sequence[Entry],
    port: Port,
    block: FrameworkBlock,
    wanted: Sequence[str],
    sections: dict[str, list[str]],
) -> None:
    """Keep the order of the PyTorch classes, whether the block's other sections belong to this port or to a sibling file."""
    assert block.tf_start is not None and block.tf_end is not None
    position = {entry.name: entry.line for entry in reversed(page)}  # of a class documented twice, the first
    inside = [entry for entry in page if block.tf_start < entry.line < block.tf_end]
    for name in wanted:
        mine = position.get(port.pt_name(name), len(file.lines))
        greater = [e for e in inside if position.get(e.name.removeprefix("TF"), -1) > mine]
        if greater:
            file.insert(greater[0].start, [*sections[name], ""])
        elif inside:
            file.insert(inside[-1].end, ["", *sections[name]])
        else:
            file.insert(block.tf_start + 1, ["", *sections[name]])


def _after_sections(
    file: TextFile, page: Sequence[Entry], port: Port, wanted: Sequence[str], sections: dict[str, list[str]]
) -> None:
    """A page without framework blocks: below the TensorFlow sections that are there, else below the PyTorch ones."""
    ours = [entry for entry in page if entry.name in port.public]
    anchors = ours or _twins(page, port)
    last = max(anchors, key=lambda entry: entry.line, default=None)
    anchor = exactly_one([last] if last else [], path=file.path, sought="documented PyTorch class of the model")
    file.insert(anchor.end, ["", *_joined([sections[name] for name in wanted])])


def _joined(sections: Sequence[Sequence[str]]) -> list[str]:
    lines: list[str] = []
    for part in sections:
        lines += ["", *part] if lines else part
    return lines


REGISTRAR = Registrar(
    name=NAME,
    place="doc-page",
    title="Model page",
    doc="Adds a section for each public TensorFlow class: into the `<tf>` block of the page's `<frameworkcontent>`, which is "
    "created after `</pt>` if need be, or after the last PyTorch section.",
    plan=plan,
)
