"""The stage: from a checkout and a model's name to everything later stages need to know about both."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from scaffold.core import longhand
from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.layout import Finding, Layout
from scaffold.core.longhand.splice import Source
from scaffold.core.names import ModelNames
from scaffold.core.registry import collect
from scaffold.locate.documents import find_page
from scaffold.locate.facet import Facet, Sight
from scaffold.locate.naming import MODELS, auto_tables, read_names
from scaffold.locate.parts import joined
from scaffold.locate.reading import parse_source, read_source
from scaffold.locate.resolve import choose, find

PROBES = "scaffold.locate.probes"


def facets() -> dict[str, Facet]:
    """All layout facets by name."""
    return collect(PROBES, "FACET", Facet, lambda facet: facet.name)


def read_layout(root: Path, names: ModelNames, doc_page: str | None) -> Layout:
    """Ask every facet; what a checkout lacks gets no finding (`Layout.value` answers `absent`)."""
    sight = Sight(root, names, doc_page)
    found: dict[str, Finding] = {}
    for name, facet in facets().items():
        finding = facet.detect(sight)
        if finding is not None:
            found[name] = finding
    return Layout(facets=found)


def is_checkout(root: Path) -> bool:
    """True for a folder that holds the sources of Transformers."""
    return (root / "src/transformers/__init__.py").is_file() and (root / MODELS).is_dir()


def check_checkout(root: Path) -> None:
    """Refuse what is no Transformers checkout, and one that TensorFlow was removed from."""
    if not is_checkout(root):
        raise ScaffoldError(
            "LOC101",
            f"{root} is not a Transformers checkout",
            "give the clone with --repo, or let --upstream pypi:transformers==4.47.1 --into DIR fetch a release",
            exit_code=ExitCode.USAGE,
        )
    if not (root / "src/transformers/modeling_tf_utils.py").is_file():
        raise ScaffoldError(
            "LOC104",
            "this tree has no TensorFlow (src/transformers/modeling_tf_utils.py is missing)",
            "Transformers dropped TensorFlow after the 4.57 releases: base the port on a v4 tag up to v4.57 "
            "(tested: 4.22 to 4.57), e.g. `git switch --detach v4.47.1`; a model that only this tree has: base the port on 4.57 "
            f"and give `--pytorch-from {root}`",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )


def locate(root: Path, model: str, *, stem: str | None = None, ported_ok: bool = False) -> Located:
    """Find `model` (a folder, a file's stem or a model type) in the checkout; `stem` chooses among several files.

    `ported_ok` accepts a model that already has TensorFlow (the checklist and `translate` look at such ones).
    """
    root = root.resolve()
    check_checkout(root)
    tables = auto_tables(root)
    folder, named = find(root, model, tables)
    chosen = choose(root, folder, stem or named, ported_ok=ported_ok)
    names, config_class, config_module = read_names(root, folder, chosen, tables)
    doc_page = find_page(root, names, config_class)
    pt_test = names.pt_test_path if (root / names.pt_test_path).is_file() else None
    config_path = f"{names.package_path}/{config_module}.py"
    tests = sorted(
        path.relative_to(root).as_posix() for path in (root / names.pt_test_path).parent.glob("test_model*.py")
    )
    naming = [path for path in (pt_test, *tests, config_path) if path is not None and (root / path).is_file()]
    return Located(
        root=root,
        names=names,
        layout=read_layout(root, names, doc_page),
        config_class=config_class,
        config_module=config_module,
        pt_test=pt_test,
        doc_page=doc_page,
        joined=_in_longhand(root, names.pt_path, joined(root, names.pt_path, tables, naming)),
    )


def _in_longhand(root: Path, path: str, text: str | None) -> str | None:
    """The text (None: the file's own) in the style of older releases; `text` where it is in it already."""
    own = read_source(root, path) if text is None else text
    parse_source(root, path)
    layers = None
    if "GenericFor" in own and (root / longhand.LAYERS).is_file():
        parse_source(root, longhand.LAYERS)
        layers = Source(longhand.LAYERS, read_source(root, longhand.LAYERS))
    utils = root / "src/transformers/modeling_utils.py"
    library = utils.read_text(encoding="utf-8", errors="replace") if utils.is_file() else ""
    source = Source(path, own)
    for rule in longhand.rules(layers, library):
        with suppress(longhand.Unclear, SyntaxError, RecursionError):  # the translator marks what is left
            source = rule(source)
    return text if source.text == own else source.text
