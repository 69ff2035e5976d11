"""Upstreams: a folder, a repository, a release; crash-safe and without touching what was given."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish import upstream
from scaffold.publish.index import download_sdist
from scaffold.publish.upstream import fetch, unpack
from tests.layouts import git, miniature


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def sdist(tmp_path: Path, version: str = "4.47.1") -> Path:
    root = miniature(tmp_path / "made", tests="absent", repo_checks="absent", doc_page="absent")
    path = tmp_path / f"transformers-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(root, arcname=f"transformers-{version}")
    return path


def serve(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch, *, sha256: str | None = None) -> None:
    """A package index made of files."""
    page = tmp_path / "index" / "transformers"
    page.mkdir(parents=True)
    digest = sha256 or hashlib.sha256(archive.read_bytes()).hexdigest()
    link = f'<a href="{archive.as_uri()}#sha256={digest}">{archive.name}</a>'
    (page / "index.html").write_text(link)
    monkeypatch.setattr("scaffold.publish.index.index_url", lambda: (tmp_path / "index").as_uri())
    # `file:` addresses have no index documents
    real = upstream.download_sdist.__globals__["_get"]

    def get(url: str, accept: str = "*/*") -> tuple[bytes, str]:
        data: tuple[bytes, str] = real(f"{url}index.html" if url.endswith("/") else url, accept)
        return data

    monkeypatch.setattr("scaffold.publish.index._get", get)


def test_a_release_is_unpacked_once_and_cloned(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = sdist(tmp_path)
    serve(tmp_path, archive, monkeypatch)
    root = fetch("pypi:transformers==4.47.1", tmp_path / "a")
    assert root == tmp_path / "a" / "transformers"
    assert git(root, "rev-list", "--count", "HEAD") == "1"
    assert git(root, "remote") == ""
    assert git(root, "status", "--porcelain") == ""
    archive.unlink()  # from now on only the cache can answer
    again = fetch("pypi:transformers==4.47.1", tmp_path / "b")
    assert git(again, "rev-parse", "HEAD") == git(root, "rev-parse", "HEAD")
    assert fetch("pypi:transformers==4.47.1", tmp_path / "b") == again
    assert [path.name for path in (cache / "scaffold/releases").iterdir()] == ["transformers-4.47.1"]


def test_a_wrong_checksum_is_refused(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(tmp_path, sdist(tmp_path), monkeypatch, sha256="0" * 64)

    def no_pip(*_: object) -> Path:
        raise LookupError("no pip in this test")

    monkeypatch.setattr("scaffold.publish.index._with_pip", no_pip)
    with pytest.raises(ScaffoldError, match="checksum") as caught:
        fetch("pypi:transformers==4.47.1", tmp_path / "a")
    assert (caught.value.code, caught.value.exit_code) == ("GIT106", ExitCode.NETWORK)
    assert not (tmp_path / "a" / "transformers").exists()
    assert list((cache / "scaffold/releases").iterdir()) == []


def test_the_json_form_of_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"an sdist"
    entry = {
        "filename": "transformers-1.0.tar.gz",
        "url": "../files/x",
        "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
    }
    answers = {
        "https://index.example/simple/transformers/": (
            json.dumps({"files": [entry]}).encode(),
            "application/vnd.pypi.simple.v1+json",
        ),
        "https://index.example/simple/files/x": (data, ""),
    }
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple/")
    monkeypatch.setattr("scaffold.publish.index._get", lambda url, accept="": answers[url])
    assert download_sdist("transformers", "1.0", tmp_path).read_bytes() == data


def test_a_repository_is_cloned_and_left_alone(tmp_path: Path) -> None:
    given = miniature(tmp_path / "given", git=True)
    before = sorted(path.stat().st_mtime_ns for path in given.rglob("*") if path.is_file())
    root = fetch(str(given), tmp_path / "into")
    (root / "setup.py").write_text("changed\n")
    assert (given / "setup.py").read_text() != "changed\n"
    assert sorted(path.stat().st_mtime_ns for path in given.rglob("*") if path.is_file()) == before
    url = fetch(given.as_uri(), tmp_path / "other")
    assert git(url, "rev-parse", "HEAD") == git(given, "rev-parse", "HEAD")


def test_a_folder_without_history_becomes_a_repository(tmp_path: Path) -> None:
    root = fetch(str(miniature(tmp_path / "given")), tmp_path / "into")
    assert git(root, "rev-list", "--count", "HEAD") == "1"


@pytest.mark.parametrize(
    ("given", "code", "status"),
    [
        ("pypi:transformers", "CLI103", ExitCode.USAGE),
        ("pypi:torch==2.1", "CLI103", ExitCode.USAGE),
        ("nowhere", "GIT106", ExitCode.USAGE),
        ("--upload-pack=touch /tmp/x", "GIT106", ExitCode.USAGE),
        ("file:///nowhere/at/all", "GIT106", ExitCode.NETWORK),
    ],
)
def test_what_is_no_upstream(tmp_path: Path, given: str, code: str, status: ExitCode) -> None:
    with pytest.raises(ScaffoldError) as caught:
        fetch(given, tmp_path / "into")
    assert (caught.value.code, caught.value.exit_code) == (code, status)
    assert not (tmp_path / "into/transformers").exists()
    assert not list((tmp_path / "into").glob(".*")) if (tmp_path / "into").exists() else True


def test_a_target_that_is_something_else_is_kept(tmp_path: Path) -> None:
    given = miniature(tmp_path / "given", git=True)
    target = tmp_path / "into" / "transformers"
    target.mkdir(parents=True)
    (target / "mine").touch()
    with pytest.raises(ScaffoldError) as caught:
        fetch(str(given), tmp_path / "into")
    assert (caught.value.code, caught.value.exit_code) == ("GIT107", ExitCode.CONFLICT)
    assert (target / "mine").exists()


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "top/../../evil", "link"], ids=["parent", "absolute", "inner parent", "link"]
)
def test_hostile_archives(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "x.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        info = tarfile.TarInfo(name)
        if name == "link":
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(info)
        else:
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ScaffoldError) as caught:
        unpack(archive, out)
    assert caught.value.code == "GIT106"
    assert not list(out.iterdir())
    assert not (tmp_path / "evil").exists()
