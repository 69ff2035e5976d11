"""Which GitHub a command talks to, and with whose token."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from scaffold.cli.console import Console
from scaffold.cli.hub import add_hub, connect, host_of
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host


def parse(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_hub(parser)
    return parser.parse_args(argv)


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("https://GitHub.example.com/", "https://github.example.com"),
        ("https://github.example.com:8443", "https://github.example.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://github.com", "https://github.com"),
    ],
)
def test_hosts(url: str, web: str) -> None:
    assert host_of(parse("--github-url", url)) == Host(web=web)


@pytest.mark.parametrize(
    "url",
    ["http://github.example.com", "https://me:secretsecret@github.example.com", "https://github.com/x", "ftp://a", "github.com",
     "https://a:b", "https://[a", "https://a?b", "https://"],
)  # fmt: skip
def test_what_is_no_host(url: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        host_of(parse("--github-url", url))
    assert (caught.value.code, caught.value.exit_code) == ("CLI103", ExitCode.USAGE)
    assert "secretsecret" not in str(caught.value)


def test_the_clones_own_host() -> None:
    assert host_of(parse()) == Host()
    assert host_of(parse(), known="https://a.example").web == "https://a.example"
    assert host_of(parse("--github-url", "https://a.example/"), known="https://a.example").web == "https://a.example"
    with pytest.raises(ScaffoldError, match="not where this clone's fork is"):
        host_of(parse("--github-url", "https://b.example"), known="https://a.example")


def test_no_token_names_every_way_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffold.cli.hub.find", lambda arguments, host: None)
    with pytest.raises(ScaffoldError) as caught:
        connect(parse(), Console())
    assert (caught.value.code, caught.value.exit_code) == ("HUB130", ExitCode.AUTHENTICATION)
    for way in ("gh auth login --hostname github.com", "GH_TOKEN", "--token-file"):
        assert way in caught.value.help
    connect(parse(), Console(), anonymous=True).close()


def test_token_files_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse("--token-file", "token").token_file == str(tmp_path / "token")
    assert parse("--token-file", "-").token_file == "-"
