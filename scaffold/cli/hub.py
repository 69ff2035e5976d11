"""The arguments that every command with GitHub in it shares, and the connection made from them.

A token is named by a file or found where the user keeps it; there is no argument that takes one (it would be seen in `ps`).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scaffold.cli.console import Console
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host, Token

if TYPE_CHECKING:
    from scaffold.hosting.github import GitHub

#: Plain http would show the token to the network; only this machine itself is safe.
_LOCAL = ("127.0.0.1", "localhost", "::1")


def add_hub(parser: argparse.ArgumentParser) -> None:
    """The arguments --token-file and --github-url."""
    parser.add_argument(
        "--token-file",
        type=_token_file,
        metavar="FILE",
        help="read the GitHub token from FILE, `-` for standard input (default: GH_TOKEN, GITHUB_TOKEN, "
        "`gh auth token`, the keyring, ~/.netrc)",
    )
    parser.add_argument(
        "--github-url",
        metavar="URL",
        help="the GitHub to work with, e.g. https://github.example.com (default: the clone's own, else github.com)",
    )


def _token_file(text: str) -> str:
    """Absolute, so that `scaffold resume` finds it from elsewhere; `-` stays what it is."""
    return text if text == "-" else str(Path(text).expanduser().absolute())


def _bad(url: str, why: str) -> ScaffoldError:
    return ScaffoldError("CLI103", f"{url!r} {why}", "check --github-url", exit_code=ExitCode.USAGE)


def host_of(arguments: argparse.Namespace, *, known: str | None = None) -> Host:
    """The host of --github-url, else `known` (the address noted in the clone), else github.com.

    CLI103 for what is no https address of a host alone, and for another host than the known one: the clone's remote is there.
    """
    if not arguments.github_url:
        return Host(web=known) if known else Host()
    host = _parsed(arguments.github_url)
    if known and host != Host(web=known):
        raise _bad(host.web, f"is not where this clone's fork is ({known})")
    return host


def _parsed(url: str) -> Host:
    try:
        parts = urlsplit(url)
        name, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _bad("--github-url", f"cannot be read: {error}") from error
    if parts.username is not None or parts.password is not None:
        raise _bad("--github-url", "holds a user name or password")
    if not name or parts.scheme not in ("https", "http") or parts.path.strip("/") or parts.query or parts.fragment:
        raise _bad(url, "is not the address of a host, such as https://github.example.com")
    if parts.scheme == "http" and name not in _LOCAL:
        raise _bad(url, "would send the token unencrypted")
    return Host(web=f"{parts.scheme}://{parts.netloc.lower()}")


def find(arguments: argparse.Namespace, host: Host) -> Token | None:
    """The user's token for the host, None when there is none anywhere. Reads standard input for `--token-file -`."""
    from scaffold.hosting.tokens import find_token

    given = arguments.token_file
    return find_token(host, token_file=Path(given) if given else None)


def connect(
    arguments: argparse.Namespace,
    console: Console,
    *,
    known: str | None = None,
    dry_run: bool = False,
    anonymous: bool = False,
) -> GitHub:
    """The API of the host, with the user's token.

    `known` is the address noted in the clone, `dry_run` makes every write a plan. HUB130 (exit status 4) without a token,
    unless `anonymous`: then what is public can be read.
    """
    from scaffold.hosting.github import GitHub

    host = host_of(arguments, known=known)
    token = find(arguments, host)
    if token is not None:
        console.note(f"{host.name}, {token}")
    elif not anonymous:
        raise ScaffoldError(
            "HUB130",
            f"no token for {host.name} was found",
            f"run `gh auth login --hostname {host.name}`, or set {_variable(host)}, or give --token-file FILE",
            exit_code=ExitCode.AUTHENTICATION,
        )
    return GitHub(host, token, dry_run=dry_run)


def _variable(host: Host) -> str:
    return "GH_TOKEN" if host.is_public else "GH_ENTERPRISE_TOKEN"
