"""Which generator made a port: a digest of everything in scaffold that decides what a port's text is.

`scaffold update` compares it with the one noted with the port; a version number would miss changes in a development tree.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from scaffold.core.resources import templates

#: The packages whose code decides the text; the rest of scaffold only moves it about.
_STAGES = ("core", "locate", "probe", "workers", "translate", "render", "register")
_TEMPLATES = ("model", "tests")
#: Catalogues of texts, reports and plain addresses, which no generated file holds.
_NOT_CODE = ("codes.py", "hosting.py", "secrets.py", "reports.py", "progress.py")


def fingerprint() -> str:
    """SHA-256 (hex, 16 digits) of the stages' sources and templates; the same wherever scaffold is installed."""
    package = Path(__file__).parent
    sources = {
        f"{stage}/{path.relative_to(package / stage).as_posix()}": path
        for stage in _STAGES
        for path in (package / stage).rglob("*.py")
        if not path.name.endswith(_NOT_CODE)
    }
    for name in _TEMPLATES:
        folder = templates(name)
        found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
        sources |= {f"templates/{name}/{path.relative_to(folder).as_posix()}": path for path in found}
    digest = sha256()
    for name in sorted(sources):
        digest.update(f"{name}\0".encode() + sha256(sources[name].read_bytes()).digest())
    return digest.hexdigest()[:16]
