"""Where a user's token is: a file, the environment, the GitHub CLI, the keyring or netrc, asked in this order.

Source of truth: `gh help environment` for the variables, the netrc format of curl's manual page. A token is never an argument of
a command (it would be seen in `ps`), and one that was stored for a host is only ever returned for this host.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host, Token
from scaffold.core.secrets import remember

_log = logging.getLogger(__name__)

_PUBLIC_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN")
_ENTERPRISE_VARIABLES = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")

#: Every token GitHub has ever issued is longer; what is shorter is a password or was cut while copying.
_SHORTEST = 20
_LONGEST = 4096

#: The name that `keyring set scaffold github.com` stores a token under.
_KEYRING_SERVICE = "scaffold"

#: `gh` answers from a file or a keyring. A locked keyring may wait for a person.
_GH_TIMEOUT = 15.0


def find_token(host: Host, *, token_file: Path | None = None) -> Token | None:
    """The user's token for `host`, None when there is none anywhere. Its value is remembered as a secret.

    `token_file` is asked first and alone; `-` is standard input. An Enterprise host never gets a token that was stored for
    github.com. Raises HUB101 for a value that cannot be a token and HUB102 for a file that cannot be read (exit status 2).
    """
    if token_file is not None:
        return _token(_from_file(token_file), "standard input" if str(token_file) == "-" else str(token_file))
    for source, value in _places(host):
        found = value()
        if found:
            return _token(found, source)
    return None


def _places(host: Host) -> list[tuple[str, Callable[[], str | None]]]:
    """What is asked, in order: a name for messages, and the question."""
    variables = _PUBLIC_VARIABLES if host.is_public else _ENTERPRISE_VARIABLES
    places: list[tuple[str, Callable[[], str | None]]] = [(name, lambda n=name: _variable(n)) for name in variables]  # type: ignore[misc]
    places.append(("gh auth token", lambda: _from_gh(host)))
    if host.is_public:
        places.append(("the keyring", lambda: _from_keyring(host)))
    places.append(("netrc", lambda: _from_netrc(host)))
    return places


def _token(value: str, source: str) -> Token:
    """Check the form before anything else sees the value; it is never part of the message."""
    value = value.strip()
    problem = None
    if re.search(r"\s", value):
        problem = "holds white space"
    elif not value.isascii() or not value.isprintable():
        problem = "holds characters that no token has"
    elif len(value) < _SHORTEST:
        problem = f"has {len(value)} characters, and tokens have at least {_SHORTEST}"
    elif len(value) > _LONGEST:
        problem = f"has {len(value)} characters"
    if problem:
        raise ScaffoldError(
            "HUB101",
            f"the token from {source} {problem}",
            f"put the token alone into {source}, as GitHub showed it when it was made",
            exit_code=ExitCode.USAGE,
        )
    remember(value)
    return Token(value, source)


def _variable(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _from_file(path: Path) -> str:
    """The file's content, standard input for `-`."""
    if str(path) == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise _unreadable("standard input is a terminal", "pipe the token in: `… --token-file - < FILE`")
        text = sys.stdin.read(_LONGEST + 1)
        name = "standard input"
    else:
        name = str(path)
        try:
            with path.expanduser().open(encoding="utf-8") as file:
                text = file.read(_LONGEST + 1)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise _unreadable(f"{name} cannot be read: {reason}", "check --token-file") from error
    if not text.strip():
        raise _unreadable(f"{name} is empty", "put the token into it, or leave --token-file out")
    return text


def _unreadable(message: str, help: str) -> ScaffoldError:
    return ScaffoldError("HUB102", message, help, exit_code=ExitCode.USAGE)


def _from_gh(host: Host) -> str | None:
    """What the GitHub CLI has stored for the host, None without the CLI or a login."""
    program = shutil.which("gh")
    if program is None:
        return None
    hidden = {
        *_PUBLIC_VARIABLES,
        *_ENTERPRISE_VARIABLES,
    }  # asked already; gh would answer with them for other hosts too
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    try:
        done = subprocess.run(
            [program, "auth", "token", "--hostname", host.name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**environment, "GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1"},
            timeout=_GH_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        _log.info("gh auth token: %s", type(error).__name__)
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _from_keyring(host: Host) -> str | None:
    """What `keyring set scaffold HOST` stored, None without the package or a working keyring."""
    try:
        import keyring  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    try:
        value = keyring.get_password(_KEYRING_SERVICE, host.name)
    except Exception as error:  # back ends raise whatever their desktop raises; none of it means more than "no token"
        _log.info("keyring: %s", type(error).__name__)
        return None
    return value if isinstance(value, str) else None


def _from_netrc(host: Host) -> str | None:
    """The password of the host's own entry; `default` entries are for any host and therefore for none."""
    import netrc

    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    try:
        hosts = netrc.netrc(str(path)).hosts
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError) as error:
        _log.info("%s: %s", path, type(error).__name__)
        return None
    name = host.name.partition(":")[0]
    for entry in (name, "api.github.com") if host.is_public else (name,):
        if entry in hosts:
            return hosts[entry][2] or None
    return None
