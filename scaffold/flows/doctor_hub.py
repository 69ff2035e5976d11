"""What `scaffold doctor` looks at on GitHub: whether it answers, the token and what it may do, the fork.

Only reads. Source of truth for the scopes: GitHub's documentation of scopes for OAuth apps; `workflow` is needed by the first
push to a fork that lags behind in `.github/workflows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host, Repository, Token
from scaffold.flows.doctor import Finding, State, note, ok, problem, refused, skipped

if TYPE_CHECKING:
    from scaffold.hosting.github import GitHub
    from scaffold.publish.origin import Origin

#: Seconds until a host that does not answer is given up.
PATIENCE = 3.0


def look_at_hub(host: Host, find: Callable[[], Token | None], origin: Origin | None) -> Iterator[Finding]:
    """Network, token and fork. `find` looks for the token; `origin` is what the clone is connected to."""
    reached = _network(host)
    yield reached
    try:
        token = find()
    except ScaffoldError as error:
        yield refused("token", error)
        return
    if token is None:
        fix = f"gh auth login --hostname {host.name} --scopes repo,workflow"
        yield problem("token", f"no token for {host.name} was found", fix, ExitCode.AUTHENTICATION)
        return
    if reached.state is State.PROBLEM:
        yield skipped("token", f"{token}; not tried, {host.name} was not reached")
        return
    from scaffold.hosting.github import GitHub

    try:
        with closing(GitHub(host, token)) as github:
            yield ok("token", f"{token}, account {github.login()}")
            yield _scopes(github, host, token)
            yield from _fork(github, origin)
    except ScaffoldError as error:
        yield refused("token", error)


def _network(host: Host) -> Finding:
    """Any answer will do; proxies of the environment are used, as they are by everything else."""
    import http.client
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{host.api}/user", timeout=PATIENCE):  # asked without a token, so 401 is as good
            pass
    except urllib.error.HTTPError as answer:
        answer.close()
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        fix = f"see what `curl {host.api}` says; behind a proxy, export HTTPS_PROXY=http://PROXY:PORT"
        return problem("network", f"{host.name} cannot be reached: {reason}", fix, ExitCode.NETWORK)
    return ok("network", f"{host.name} answers")


def _scopes(github: GitHub, host: Host, token: Token) -> Finding:
    scopes = github.scopes()
    new = f"{host.web}/settings/tokens/new?scopes=repo,workflow"
    fix = f"gh auth refresh --hostname {host.name} --scopes repo,workflow" if token.source.startswith("gh ") else new
    if scopes is None:
        text = "a fine-grained token: it usually cannot open pull requests in repositories of others"
        return note("scopes", text, f"for those, make a classic token: {new}")
    shown = ", ".join(scopes) or "none"
    if not {"repo", "public_repo"} & set(scopes):
        message = f"the token's scopes ({shown}) lack repo: it can neither fork nor push"
        return problem("scopes", message, fix, ExitCode.AUTHENTICATION)
    if "workflow" not in scopes:
        return note("scopes", f"{shown}; without workflow, the push to a fork that lags behind may be refused", fix)
    return ok("scopes", shown)


def _fork(github: GitHub, origin: Origin | None) -> Iterator[Finding]:
    if origin is None:
        yield skipped("fork", "the clone is not connected to one")
        return
    try:
        fork = github.repository(origin.fork)
        finding = _state_of(fork, origin)
        yield finding
        if finding.state is State.OK:
            yield from _in_sync(github, origin)
    except ScaffoldError as error:
        yield refused("fork", error)


def _state_of(fork: Repository | None, origin: Origin) -> Finding:
    """Whether a port can be pushed to the fork."""
    connect = "scaffold new-tf-model MODEL --fork"
    if fork is None:
        return problem("fork", f"{origin.fork} does not exist, or the token may not see it", connect)
    if (fork.parent or "").lower() != origin.upstream.lower():
        what = f"is a fork of {fork.parent}" if fork.parent else "is no fork"
        return problem("fork", f"{fork.full_name} {what}, not of {origin.upstream}", connect)
    if not fork.can_push:
        text = f"this account may not push to {fork.full_name}"
        return problem("fork", text, "log in as its owner: gh auth login", ExitCode.AUTHENTICATION)
    return ok("fork", f"{fork.full_name}, a fork of {fork.parent}, can be pushed to")


def _in_sync(github: GitHub, origin: Origin) -> Iterator[Finding]:
    """Whether the fork's copy of the base is upstream's; a tag needs none."""
    prefix = "refs/heads/"
    if not origin.base_ref.startswith(prefix):
        return
    name = origin.base_ref.removeprefix(prefix)
    theirs = github.branch_exists(origin.upstream, name)
    ours = github.branch_exists(origin.fork, origin.base_branch)
    if theirs is not None and ours is not None and theirs != ours:
        yield note(
            "sync",
            f"{origin.base_branch} of {origin.fork} is not where {name} of {origin.upstream} is",
            f"gh repo sync {origin.fork} --source {origin.upstream} --branch {origin.base_branch}",
        )
    elif ours is not None:
        yield ok("sync", f"{origin.base_branch} is where upstream's is")
