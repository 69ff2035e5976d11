"""Find a model's documentation page: by its usual names, then by what it documents."""

from __future__ import annotations

from pathlib import Path

from scaffold.core.names import ModelNames

#: Newest place first (eras.md: docs moved below `en/` in 4.18, .mdx became .md in 4.31).
FOLDERS = ("docs/source/en/model_doc", "docs/source/model_doc")
EXTENSIONS = (".md", ".mdx")


def _documents(path: Path, config_class: str) -> bool:
    return f"[[autodoc]] {config_class}" in path.read_text(encoding="utf-8", errors="replace").splitlines()


def find_page(root: Path, names: ModelNames, config_class: str) -> str | None:
    """The page relative to the checkout, None when the checkout has none (a release's sdist has no docs)."""
    folder = next((f for f in FOLDERS if (root / f).is_dir()), None)
    if folder is None:
        return None
    spellings = (names.model_type, names.folder, names.folder.replace("_", "-"), names.stem.replace("_", "-"))
    usual = [
        root / folder / f"{name}{extension}"
        for name in dict.fromkeys(spellings)
        for extension in EXTENSIONS
        if (root / folder / f"{name}{extension}").is_file()
    ]
    everything = [path for path in sorted((root / folder).iterdir()) if path.suffix in EXTENSIONS]
    page = next((path for path in (*usual, *everything) if _documents(path, config_class)), None)
    page = page or next(iter(usual), None)
    return page.relative_to(root).as_posix() if page else None
