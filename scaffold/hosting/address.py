"""Where a token may be sent: to its own host, encrypted, or unencrypted to this very machine.

PyGithub follows the addresses that it finds in answers and guards them with `assert` alone (read in 2.10: neither the scheme nor
sub-domains are refused). So `client.py` never gives it an address, only paths below the one that is checked here.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from urllib.parse import quote, urlsplit

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host

_FULL_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


def check_address(host: Host) -> None:
    """HUB112 unless a token may be sent to the host: https, or http to a loopback address and through no proxy."""
    parts = urlsplit(host.web)  # the API's address is made from it, and so are those that git gets the token for
    name = parts.hostname
    if not name or parts.username is not None or parts.password is not None:
        raise _unsafe(f"{host.web!r} is not the address of a host", "give one such as https://github.example.com")
    if parts.scheme == "https":
        return
    if parts.scheme != "http" or not _is_loopback(name):
        raise _unsafe(f"{host.web} would send the token unencrypted", "use its https address")
    from requests.utils import get_environ_proxies, select_proxy

    if select_proxy(host.api, get_environ_proxies(host.api)):
        raise _unsafe(
            f"a proxy is set for {host.web}: it would see the token",
            f"add {name} to NO_PROXY, or unset HTTP_PROXY",
        )


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_interpreter() -> None:
    """HUB111 under `python -O`: PyGithub's own checks of what it sends where are assertions, and -O removes them."""
    if sys.flags.optimize:
        raise ScaffoldError(
            "HUB111",
            "Python runs without assertions (-O or PYTHONOPTIMIZE), and those guard the token",
            "run it without -O and unset PYTHONOPTIMIZE",
            exit_code=ExitCode.USAGE,
        )


def repository_path(full_name: str, *rest: str) -> str:
    """`/repos/OWNER/NAME/REST…`, each further part quoted. HUB112 for what is not a repository's full name."""
    if not _FULL_NAME.fullmatch(full_name) or ".." in full_name.split("/"):
        raise _unsafe(f"{full_name!r} is not the name of a repository", "write it as OWNER/NAME")
    return "/".join(["/repos", full_name, *(quote(part, safe="") for part in rest)])


def same_name(one: str, other: str) -> bool:
    """GitHub's names of accounts and repositories do not distinguish case."""
    return one.lower() == other.lower()


def _unsafe(message: str, help: str) -> ScaffoldError:
    return ScaffoldError("HUB112", message, help, exit_code=ExitCode.USAGE)
