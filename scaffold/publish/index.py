"""Download a release's sdist from the package index that pip is set up to use.

Source of truth: the simple repository API (PEP 503, PEP 691). It is asked directly because `pip download` runs the package's
own build script to read its metadata, which takes a quarter of a minute; pip is the fall-back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from html import unescape
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError

#: pip's own default; it has no public name, and where it moves away pip itself downloads.
_DEFAULT = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT = 60
_LIMIT = 200_000_000


def _pip(*arguments: str) -> str:
    """What Python answers to a question about pip, empty when it has no answer."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.strip() if done.returncode == 0 else ""


def index_url() -> str:
    """The index pip would use: its environment variable, its configuration, else its default."""
    url = os.environ.get("PIP_INDEX_URL") or _pip("-m", "pip", "config", "get", "global.index-url")
    url = url or _pip("-c", _DEFAULT)
    if not url:
        raise LookupError("pip names no index")
    return url.rstrip("/")


def _get(url: str, accept: str = "*/*") -> tuple[bytes, str]:
    if urllib.parse.urlsplit(url).scheme not in ("https", "http", "file"):
        raise ValueError(f"refusing to open {url}")
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "scaffold"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        data: bytes = answer.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise ValueError("the answer is too large")
        return data, answer.headers.get("Content-Type", "")


def _listed(page: bytes, kind: str, base: str) -> list[tuple[str, str, str]]:
    """(file name, address, SHA-256 or empty) of every file on a project's page."""
    if "json" in kind:
        files = json.loads(page)["files"]
        return [(f["filename"], urllib.parse.urljoin(base, f["url"]), f["hashes"].get("sha256", "")) for f in files]
    found = []
    for href, text in re.findall(r'<a[^>]*\bhref="([^"]+)"[^>]*>([^<]+)</a>', page.decode("utf-8", "replace")):
        address, _, fragment = urllib.parse.urljoin(base, unescape(href)).partition("#")
        found.append((text.strip(), address, fragment.removeprefix("sha256=") if "sha256=" in fragment else ""))
    return found


def _from_index(name: str, version: str, folder: Path) -> Path:
    base = f"{index_url()}/{name}/"
    page, kind = _get(base, f"{_JSON}, text/html;q=0.5")
    wanted = f"{name}-{version}.tar.gz"
    for filename, address, sha256 in _listed(page, kind, base):
        if filename == wanted:
            data, _ = _get(address)
            if sha256 and hashlib.sha256(data).hexdigest() != sha256:
                raise ValueError(f"{wanted} does not have the checksum that the index gives")
            path = folder / wanted
            path.write_bytes(data)
            return path
    raise LookupError(f"the index has no {wanted}")


def _with_pip(name: str, version: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    command += ["--dest", str(folder), f"{name}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    found = sorted(folder.glob(f"{name}-*.tar.gz"))
    if done.returncode != 0 or not found:
        raise LookupError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip found no sdist")
    return found[0]


def download_sdist(name: str, version: str, folder: Path) -> Path:
    """The release's sdist, downloaded into the folder; GIT106 when it cannot be had."""
    reasons = []
    for way in (_from_index, _with_pip):
        try:
            return way(name, version, folder)
        except (OSError, ValueError, LookupError, subprocess.SubprocessError) as error:
            reasons.append(str(error))
            if isinstance(error, urllib.error.HTTPError):
                error.close()
    raise ScaffoldError(
        "GIT106",
        f"{name} {version} could not be downloaded: {'; '.join(dict.fromkeys(reasons))}",
        "check the version and the network, or give a folder or a git address as --upstream",
        exit_code=ExitCode.NETWORK,
    )
