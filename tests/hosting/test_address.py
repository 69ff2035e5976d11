"""Where the token goes: to its own host and nowhere else."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host, Token
from scaffold.hosting.address import check_address, repository_path
from scaffold.hosting.github import GitHub

TOKEN = Token("ghp_" + "a" * 36, "a test")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    "web",
    [
        "https://github.com",
        "https://git.example.com:8443",
        "http://127.0.0.1:8000",
        "http://127.9.9.9",
        "http://localhost:8000",
        "http://[::1]:8000",
    ],
)
def test_safe_addresses(web: str) -> None:
    check_address(Host(web=web))


@pytest.mark.parametrize(
    "web",
    [
        "http://git.example.com",
        "http://github.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://0.0.0.0",
        "ftp://git.example.com",
        "https://user:secret@git.example.com",
        "https://name@git.example.com",
        "git.example.com",
        "",
    ],
)
def test_unsafe_addresses(web: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        GitHub(Host(web=web), TOKEN)
    assert (caught.value.code, caught.value.exit_code) == ("HUB112", ExitCode.USAGE)


def test_a_proxy_would_see_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example.com:3128")
    with pytest.raises(ScaffoldError, match="proxy") as caught:
        check_address(Host(web="http://127.0.0.1:8000"))
    assert "NO_PROXY" in caught.value.help
    check_address(Host(web="https://git.example.com"))  # it sees only the name
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    check_address(Host(web="http://127.0.0.1:8000"))


def test_paths_are_quoted() -> None:
    assert repository_path("o/r.x-1", "branches", "a/b?c#d") == "/repos/o/r.x-1/branches/a%2Fb%3Fc%23d"


class Elsewhere(BaseHTTPRequestHandler):
    """Notes the Authorization headers it gets, and answers as its server's `answer` says."""

    server: Site

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(self.headers.get("Authorization", ""))
        status, location = self.server.answer
        self.send_response(status)
        if location:
            self.send_header("Location", location)
            self.send_header("Link", f'<{location}>; rel="next"')
        body = self.server.body
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class Site(ThreadingHTTPServer):
    """A web server of which nothing is known but what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Elsewhere)
        self.seen: list[str] = []
        self.answer = (200, "")
        self.body = b"{}"
        self.web = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


@pytest.fixture
def sites() -> Iterator[tuple[Site, Site]]:
    own, other = Site(), Site()
    yield own, other
    own.end()
    other.end()


@pytest.fixture
def github(sites: tuple[Site, Site]) -> Iterator[GitHub]:
    client = GitHub(Host(web=sites[0].web), TOKEN, sleep=lambda seconds: None)
    yield client
    client.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_to_elsewhere_are_not_followed(sites: tuple[Site, Site], github: GitHub, status: int) -> None:
    own, other = sites
    there = other.web.replace("127.0.0.1", "localhost")
    own.answer = (status, f"{there}/api/v3/user")
    with pytest.raises(ScaffoldError) as caught:
        github.login()
    assert caught.value.code == ("HUB112" if status == 301 else "HUB113")
    assert own.seen == [f"token {TOKEN.value}"]
    assert other.seen == []


def test_redirects_to_another_port_or_scheme_stay_here(sites: tuple[Site, Site], github: GitHub) -> None:
    own, other = sites
    for location in (f"{other.web}/api/v3/user", own.web.replace("http", "https") + "/api/v3/user2"):
        own.answer = (301, location)
        with pytest.raises(ScaffoldError):
            github.login()
    assert other.seen == []


def test_addresses_in_answers_are_not_followed(sites: tuple[Site, Site], github: GitHub) -> None:
    own, other = sites
    own.answer = (200, f"{other.web}/api/v3/next")
    run = {"name": "a", "status": "completed", "conclusion": "success", "url": other.web}
    own.body = json.dumps({"url": other.web, "statuses": [], "check_runs": [run] * 100}).encode()
    assert len(github.checks("o/r", "0" * 40)) == 1000
    assert len(own.seen) == 11
    assert other.seen == []


@pytest.mark.parametrize("arguments", [["-O"], ["-OO"]])
def test_python_without_assertions_is_refused(arguments: list[str]) -> None:
    code = (
        "from scaffold.core.hosting import Host\nfrom scaffold.core.errors import ScaffoldError\n"
        "from scaffold.hosting.github import GitHub\n"
        "try:\n    GitHub(Host(), None)\nexcept ScaffoldError as error:\n    print(error.code, int(error.exit_code))\n"
    )
    done = subprocess.run(
        [sys.executable, *arguments, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["HUB111", "2"]


def test_the_library_does_not_write_to_standard_error() -> None:
    code = (
        "import logging\nfrom scaffold.core.hosting import Host\nfrom scaffold.hosting.github import GitHub\n"
        "GitHub(Host(web='http://127.0.0.1:9'), None).close()\n"
        "logging.getLogger('github.Requester').error('noise')\n"
        "print([type(h).__name__ for h in logging.getLogger('github').handlers])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.strip() == "['NullHandler']"


def test_nothing_is_logged_that_holds_the_token(
    sites: tuple[Site, Site], github: GitHub, caplog: pytest.LogCaptureFixture
) -> None:
    sites[0].body = b'{"login": "porter"}'
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("github").setLevel(logging.DEBUG)
        assert github.login() == "porter"
    logging.getLogger("github").setLevel(logging.INFO)
    assert "GET" in caplog.text
    assert TOKEN.value not in caplog.text


def test_a_host_that_is_not_there() -> None:
    site = Site()
    site.end()
    slept: list[float] = []
    client = GitHub(Host(web=site.web), TOKEN, sleep=slept.append)
    with pytest.raises(ScaffoldError) as caught:
        client.login()
    client.close()
    assert (caught.value.code, caught.value.exit_code) == ("HUB107", ExitCode.NETWORK)
    assert sum(slept) <= 60
