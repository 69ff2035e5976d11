"""Where tokens are found, in which order, and what is refused without being shown."""

from __future__ import annotations

import io
import os
import sys
import types
from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host
from scaffold.core.secrets import redact
from scaffold.hosting.tokens import find_token

PUBLIC = Host()
ENTERPRISE = Host(web="https://git.example.com:8443")

VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


def token(name: str) -> str:
    return f"ghp_{name.replace('_', ''):x<36}"


@pytest.fixture(autouse=True)
def nothing_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, no `gh`, no keyring and no netrc of the machine's."""
    for name in (*VARIABLES, "NETRC", "GH_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "keyring", None)


def install_gh(tmp_path: Path, script: str) -> None:
    program = tmp_path / "bin" / "gh"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def install_keyring(monkeypatch: pytest.MonkeyPatch, found: dict[tuple[str, str], str] | Exception) -> None:
    module = types.ModuleType("keyring")

    def get_password(service: str, name: str) -> str | None:
        if isinstance(found, Exception):
            raise found
        return found.get((service, name))

    module.get_password = get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)


def write_netrc(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".netrc"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def found(host: Host = PUBLIC, token_file: Path | None = None) -> tuple[str, str] | None:
    credential = find_token(host, token_file=token_file)
    return (credential.value, credential.source) if credential else None


def test_there_may_be_none() -> None:
    assert found() is None
    assert found(ENTERPRISE) is None


def test_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place is asked before the ones already filled."""
    write_netrc(tmp_path, f"machine github.com login x password {token('netrc')}\n")
    assert found() == (token("netrc"), "netrc")
    install_keyring(monkeypatch, {("scaffold", "github.com"): token("keyring")})
    assert found() == (token("keyring"), "the keyring")
    install_gh(tmp_path, f"test \"$*\" = 'auth token --hostname github.com' && echo {token('gh')}")
    assert found() == (token("gh"), "gh auth token")
    monkeypatch.setenv("GITHUB_TOKEN", token("GITHUB_TOKEN"))
    assert found() == (token("GITHUB_TOKEN"), "GITHUB_TOKEN")
    monkeypatch.setenv("GH_TOKEN", f"  {token('GH_TOKEN')}\n")
    assert found() == (token("GH_TOKEN"), "GH_TOKEN")
    file = tmp_path / "token"
    file.write_text(f"{token('file')}\n", encoding="utf-8")
    assert found(token_file=file) == (token("file"), str(file))
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{token('stdin')}\n"))
    assert found(token_file=Path("-")) == (token("stdin"), "standard input")


def test_the_order_of_an_enterprise_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_netrc(tmp_path, f"machine git.example.com login x password {token('netrc')}\n")
    assert found(ENTERPRISE) == (token("netrc"), "netrc")
    install_gh(tmp_path, f"test \"$4\" = git.example.com:8443 && echo {token('gh')}")
    assert found(ENTERPRISE) == (token("gh"), "gh auth token")
    monkeypatch.setenv("GITHUB_ENTERPRISE_TOKEN", token("GITHUB_ENTERPRISE_TOKEN"))
    assert found(ENTERPRISE) == (token("GITHUB_ENTERPRISE_TOKEN"), "GITHUB_ENTERPRISE_TOKEN")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", token("GH_ENTERPRISE_TOKEN"))
    assert found(ENTERPRISE) == (token("GH_ENTERPRISE_TOKEN"), "GH_ENTERPRISE_TOKEN")


def test_a_token_never_goes_to_another_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", token("GH_TOKEN"))
    monkeypatch.setenv("GITHUB_TOKEN", token("GITHUB_TOKEN"))
    install_keyring(monkeypatch, {("scaffold", "github.com"): token("keyring")})
    write_netrc(
        tmp_path,
        f"machine github.com login x password {token('netrc')}\ndefault login x password {token('default')}\n",
    )
    # gh itself answers with GH_TOKEN when it is set, whatever host is asked for.
    install_gh(tmp_path, 'test -n "$GH_TOKEN$GITHUB_TOKEN" && echo "$GH_TOKEN"')
    assert found(ENTERPRISE) is None


def test_enterprise_tokens_do_not_go_to_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", token("enterprise"))
    install_gh(tmp_path, 'test -n "$GH_ENTERPRISE_TOKEN" && echo "$GH_ENTERPRISE_TOKEN"')
    write_netrc(tmp_path, f"machine git.example.com login x password {token('netrc')}\n")
    assert found() is None


def test_what_is_empty_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "")
    monkeypatch.setenv("GITHUB_TOKEN", "  ")
    install_gh(tmp_path, "exit 0")
    install_keyring(monkeypatch, {("scaffold", "github.com"): ""})
    assert found() is None


@pytest.mark.parametrize("script", ["echo no login >&2; exit 1", f"echo {token('stale')}; exit 1", "kill -9 $$"])
def test_a_gh_that_fails(tmp_path: Path, script: str) -> None:
    install_gh(tmp_path, script)
    assert found() is None


def test_a_gh_that_cannot_be_started(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "gh"
    program.write_bytes(b"\x00not a program")
    program.chmod(0o755)
    assert found() is None


def test_a_gh_that_waits_for_somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffold.hosting.tokens._GH_TIMEOUT", 0.05)
    install_gh(tmp_path, "read answer < /dev/zero")
    assert found() is None


def test_a_keyring_that_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_keyring(monkeypatch, RuntimeError("locked"))
    write_netrc(tmp_path, f"machine api.github.com login x password {token('netrc')}\n")
    assert found() == (token("netrc"), "netrc")


@pytest.mark.parametrize("text", ["machine", "machine github.com password", "\x00", "machine github.com login x\n"])
def test_a_netrc_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    write_netrc(tmp_path, text)
    assert found() is None


def test_netrc_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "netrc"
    path.write_text(f"machine github.com login x password {token('elsewhere')}\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(path))
    assert found() == (token("elsewhere"), "netrc")


@pytest.mark.parametrize(
    "value",
    [
        "short",
        "x" * 19,
        f"{token('a')} {token('b')}",
        f"{token('a')}\n{token('b')}",
        f"token:\t{token('a')}",
        f"ghp_…{'x' * 30}",
        f"ghp_\x07{'x' * 30}",
        "x" * 5000,
    ],
)
def test_what_is_no_token_is_refused_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    file = tmp_path / "token"
    file.write_text(value, encoding="utf-8")
    with pytest.raises(ScaffoldError) as caught:
        find_token(PUBLIC, token_file=file)
    assert (caught.value.code, caught.value.exit_code) == ("HUB101", ExitCode.USAGE)
    assert str(file) in caught.value.message
    assert value[:12] not in str(caught.value).replace(str(file), "")
    monkeypatch.setenv("GH_TOKEN", value)
    with pytest.raises(ScaffoldError, match="from GH_TOKEN"):
        find_token(PUBLIC)


def test_files_that_hold_none(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe" * 20)
    for name in ("empty", "binary", "missing", "."):
        with pytest.raises(ScaffoldError) as caught:
            find_token(PUBLIC, token_file=tmp_path / name)
        assert (caught.value.code, caught.value.exit_code) == ("HUB102", ExitCode.USAGE)
        assert caught.value.help


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_not_read_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed there would be seen."""
    monkeypatch.setattr(sys, "stdin", Terminal(token("typed")))
    with pytest.raises(ScaffoldError, match="terminal") as caught:
        find_token(PUBLIC, token_file=Path("-"))
    assert caught.value.code == "HUB102"


def test_a_found_token_is_a_secret_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    value = "unusual-secret-of-a-strange-server-17"
    assert value in redact(f"before {value}")
    monkeypatch.setenv("GH_TOKEN", value)
    credential = find_token(PUBLIC)
    assert credential is not None
    assert value not in redact(f"after {value}")
    assert value not in f"{credential} {credential!r}"
    assert os.environ["GH_TOKEN"] == value
