"""What GitHub's refusals and a broken network mean for the user, and what to do about them.

Source of truth: GitHub's REST documentation (troubleshooting, scopes, rate limits) and its response headers: `X-OAuth-Scopes` and
`X-Accepted-OAuth-Scopes` (classic tokens), `X-Accepted-GitHub-Permissions` (fine-grained ones), `X-GitHub-SSO`, `Retry-After`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host, Token
from scaffold.core.secrets import redact

_RESUME = "run `scaffold resume` to go on from here"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried when it failed. `what` follows "GitHub refused to …", as in "open the pull request in o/r"."""

    what: str
    write: bool
    host: Host
    token: Token | None


class Refused(ScaffoldError):
    """A request that failed. `status` is GitHub's, None when there was no answer to understand; `limited` a rate limit's."""

    def __init__(
        self, code: str, message: str, help: str, exit_code: ExitCode, *, status: int | None, limited: bool = False
    ) -> None:
        super().__init__(code, redact(message), help, exit_code=exit_code)
        self.status = status
        self.limited = limited

    @property
    def is_definite(self) -> bool:
        """True when GitHub looked at the request and said no; False when it may have been carried out after all."""
        return self.status is not None and self.status < 500


def unreachable(error: Exception, attempt: Attempt) -> Refused:
    """The network's part: no connection, a dropped one, no answer in time."""
    name = type(error).__name__
    message = f"{attempt.host.name} gave no answer on trying to {attempt.what} ({_network(name)})"
    help = f"check the network and `{attempt.host.web}`, then {_RESUME}"
    if "SSL" in name:
        help = f"make Python trust the certificate (REQUESTS_CA_BUNDLE names a file of roots), then {_RESUME}"
    elif "Proxy" in name:
        help = f"check HTTPS_PROXY and NO_PROXY, then {_RESUME}"
    return Refused("HUB107", message, help, ExitCode.NETWORK, status=None)


def _network(name: str) -> str:
    if "SSL" in name:
        return "its certificate is not trusted, or TLS broke"
    if "Proxy" in name:
        return "the proxy refused"
    if "ConnectTimeout" in name or "ReadTimeout" in name or name == "Timeout":
        return "timed out"
    return "connection failed or dropped"


def not_understood(attempt: Attempt, detail: str) -> Refused:
    """An answer that is not GitHub's: a login page, a proxy's, or cut short."""
    return Refused(
        "HUB113",
        f"{attempt.host.name} answered something unexpected on trying to {attempt.what}: {detail}",
        f"check that {attempt.host.web} is a GitHub and that no proxy or login page is in between, then {_RESUME}",
        ExitCode.NETWORK,
        status=None,
    )


def redirected(attempt: Attempt) -> Refused:
    """An answer that sends elsewhere, where the token does not belong."""
    return Refused(
        "HUB112",
        f"{attempt.host.name} redirects to another address on trying to {attempt.what}; the token was not sent there",
        "give the address it has now with --github-url, if you trust it",
        ExitCode.FAILURE,
        status=301,
    )


def refused(status: int, data: Any, headers: Mapping[str, Any] | None, attempt: Attempt) -> Refused:
    """What an answer with an error status means."""
    lowered = {str(key).lower(): str(value) for key, value in (headers or {}).items()}
    said = _said(data)
    kinds = {error.get("type") for error in _errors(data)}
    if _is_rate_limit(status, said, lowered) or "RATE_LIMITED" in kinds:
        return _rate_limit(status, lowered, attempt)
    if status == 401:
        return unauthenticated(attempt, said)
    if status == 403 and "x-github-sso" in lowered:
        return _single_sign_on(attempt)
    if _is_permission(status, said, attempt) or kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        return _permission(status, said, lowered, attempt)
    if status == 404:
        return Refused(
            "HUB108",
            f"{attempt.host.name} found nothing on trying to {attempt.what}",
            "check the name; what is private shows only to a token that may read it",
            ExitCode.FAILURE,
            status=status,
        )
    if status >= 500:
        return Refused(
            "HUB107",
            f"{attempt.host.name} failed with {status} on trying to {attempt.what}",
            f"wait a little (https://www.githubstatus.com), then {_RESUME}",
            ExitCode.NETWORK,
            status=status,
        )
    return _rejected(status, said, attempt)


def unauthenticated(attempt: Attempt, said: str = "") -> Refused:
    """No token, or one that GitHub does not know (any more)."""
    host, token = attempt.host, attempt.token
    what = f"does not accept the {token}" if token else "needs a token"
    return Refused(
        "HUB103",
        f"{host.name} {what} to {attempt.what}" + (f": {said}" if said else ""),
        f"run `gh auth login --hostname {host.name}`, or make a classic token with the scopes `repo` and `workflow` at "
        f"{host.web}/settings/tokens and put it into {'GH_TOKEN' if host.is_public else 'GH_ENTERPRISE_TOKEN'}",
        ExitCode.AUTHENTICATION,
        status=401,
    )


def _errors(data: Any) -> list[dict[str, Any]]:
    """The list of single errors, where there is one (REST validation, GraphQL)."""
    errors = data.get("errors") if isinstance(data, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _said(data: Any) -> str:
    """GitHub's own words: the message, then what the single errors add to it."""
    if not isinstance(data, dict):
        return ""
    parts = [str(data["message"])] if data.get("message") else []
    for error in _errors(data):
        detail = error.get("message") or " ".join(str(error[key]) for key in ("field", "code") if error.get(key))
        if detail:
            parts.append(str(detail))
    return "; ".join(parts)[:500]


def _is_rate_limit(status: int, said: str, headers: Mapping[str, str]) -> bool:
    if status == 429:
        return True
    exhausted = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers or "rate limit" in said.lower()
    return status == 403 and exhausted


def _rate_limit(status: int, headers: Mapping[str, str], attempt: Attempt) -> Refused:
    seconds = headers.get("retry-after", "")
    if not seconds.isdigit() and headers.get("x-ratelimit-reset", "").isdigit():
        seconds = str(max(int(headers["x-ratelimit-reset"]) - int(time.time()), 0) + 1)
    when = f"in {seconds} s" if seconds.isdigit() else "in a few minutes"
    return Refused(
        "HUB106",
        f"{attempt.host.name} asks to slow down on trying to {attempt.what} (rate limit)",
        f"{_RESUME} {when}",
        ExitCode.NETWORK,
        status=status,
        limited=True,
    )


def _is_permission(status: int, said: str, attempt: Attempt) -> bool:
    """GitHub hides what a token may not write to: a write to a repository that was just read is answered with 404."""
    workflow = "workflow" in said and ("scope" in said or "permission" in said)
    return status == 403 or (status == 404 and attempt.write) or workflow


def _single_sign_on(attempt: Attempt) -> Refused:
    return Refused(
        "HUB105",
        f"the organisation wants the {attempt.token or 'token'} authorised for single sign-on to {attempt.what}",
        f"open {attempt.host.web}/settings/tokens, choose “Configure SSO” beside the token and authorise the organisation",
        ExitCode.AUTHENTICATION,
        status=403,
    )


def _permission(status: int, said: str, headers: Mapping[str, str], attempt: Attempt) -> Refused:
    if attempt.token is None:
        return unauthenticated(attempt)
    message = f"the {attempt.token} may not {attempt.what}" + (f": {said}" if said else "")
    return Refused("HUB104", message, _permission_help(said, headers, attempt), ExitCode.AUTHENTICATION, status=status)


def _permission_help(said: str, headers: Mapping[str, str], attempt: Attempt) -> str:
    where = f"at {attempt.host.web}/settings/tokens"
    has = _names(headers.get("x-oauth-scopes", ""))
    accepted = _names(headers.get("x-accepted-oauth-scopes", ""))
    if "workflow" in said:
        return f"give the token the scope `workflow` {where}, or `gh auth refresh --scopes workflow`"
    if "by integration" in said:
        return f"use a token of your own: make a classic one with the scopes `repo` and `workflow` {where}"
    if "x-accepted-github-permissions" in headers or "personal access token" in said or _is_fine_grained(attempt):
        wanted = headers.get("x-accepted-github-permissions", "")
        grant = f"grant it {wanted}" if wanted else "grant it the permission"
        return (
            f"{grant} on that repository, or, when the repository is not yours (its owner has to allow fine-grained "
            f"tokens), make a classic token with the scopes `repo` and `workflow` {where}"
        )
    if accepted and not accepted & has:
        shown = "`, `".join(sorted(has)) or "none"
        return f"give the token one of the scopes `{'`, `'.join(sorted(accepted))}` {where}; it has `{shown}`"
    return f"check that your account may do this, and that the token has the scopes `repo` and `workflow` {where}"


def _names(header: str) -> set[str]:
    return {name.strip() for name in header.split(",") if name.strip()}


def _is_fine_grained(attempt: Attempt) -> bool:
    return attempt.token is not None and attempt.token.value.startswith("github_pat_")


#: What GitHub says on 422, and what to do then.
_ADVICE = (
    ("already exists", "look at the one that exists; close it or go on there"),
    ("no commits between", "push the branch with the port first, or choose another base with --base"),
    ("draft pull requests are not supported", "open it in a public repository: this one's plan has no drafts"),
    ("no history in common", "choose the base that the port's branch was made from with --base"),
    ("fork collab", "open it from a fork that you may push to"),
    ("head invalid", "push the branch first"),
    ("base invalid", "choose a base branch that exists with --base"),
    ("archived", "ask the owner to unarchive the repository"),
)


def _rejected(status: int, said: str, attempt: Attempt) -> Refused:
    """409, 422 and what else is left below 500."""
    conflict = status == 409 or "already exists" in said.lower()
    advice = next((help for words, help in _ADVICE if words in said.lower()), "")
    return Refused(
        "HUB109",
        f"{attempt.host.name} refused to {attempt.what}: {said or 'no reason given'} ({status})",
        advice or ("look at its state on GitHub, then run the command again" if conflict else "correct what it names"),
        ExitCode.CONFLICT if conflict else ExitCode.FAILURE,
        status=status,
    )
