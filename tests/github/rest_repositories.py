"""Repositories, forks, branches, checks, and the user who asks."""

from __future__ import annotations

import time
from typing import Any

from tests.github.rest import Answer, Call, Refused, handles
from tests.github.state import Repository


@handles("users/get-authenticated")
def me(call: Call) -> Answer:
    return Answer(200, call.bodies.me(call.writer()))


@handles("rate-limit/get")
def rate_limit(call: Call) -> Answer:
    body = call.bodies.example("rate-limit-overview")
    reset = int(time.time()) + 3600
    for name, remaining in call.hub.limits.items():
        limit = body["resources"][name]["limit"]
        body["resources"][name] |= {"remaining": remaining, "used": max(0, limit - remaining), "reset": reset}
    body["rate"] = dict(body["resources"]["core"])
    return Answer(200, body)


@handles("repos/get")
def repository(call: Call) -> Answer:
    return Answer(200, call.bodies.repository(call.repository()))


@handles("repos/check-collaborator")
def collaborator(call: Call) -> Answer:
    call.writer()
    repo, login = call.repository("push"), call.params["username"]
    known = login == repo.owner or login in repo.collaborators or login in call.hub.members(repo.owner)
    if not known:
        raise Refused(404, "Not Found")
    return Answer(204)


@handles("repos/list-forks")
def forks(call: Call) -> Answer:
    repo = call.repository()
    all_forks = [fork for fork in call.hub.repositories.values() if fork.parent is repo]
    visible = [fork for fork in reversed(all_forks) if call.hub.allows(call.login, fork, "pull")]
    page, links = call.page(visible)
    return Answer(200, [call.bodies.repository(fork, kin=False) for fork in page], links)


@handles("repos/create-fork")
def create_fork(call: Call) -> Answer:
    """202 in every case: GitHub makes the fork later, and gives back the one that is there already."""
    login, repo = call.write()
    wanted: dict[str, Any] = call.body or {}
    owner = wanted.get("organization") or login
    if owner != login and login not in call.hub.members(owner):
        raise Refused(403, f"You don't have permission to fork into {owner}.")
    if owner == repo.owner:
        raise Refused(403, "A repository can't be forked into the account that owns it.")
    existing = [fork for fork in call.hub.network(repo) if fork.owner == owner and fork.parent]
    if existing:
        return Answer(202, call.bodies.repository(existing[0]))
    name = _free_name(call, owner, wanted.get("name") or repo.name)
    made = call.hub.fork(repo, owner, name, one_branch=bool(wanted.get("default_branch_only")))
    return Answer(202, call.bodies.repository(made))


def _free_name(call: Call, owner: str, name: str) -> str:
    number, free = 0, name
    while call.hub.find(f"{owner}/{free}"):
        number += 1
        free = f"{name}-{number}"
    return free


@handles("repos/merge-upstream")
def merge_upstream(call: Call) -> Answer:
    _, repo = call.write("push")
    branch = (call.body or {}).get("branch", "")
    parent = repo.parent
    if parent is None:
        raise Refused(422, "This repository is not a fork.", errors=[])
    old, new = repo.bare.sha(f"refs/heads/{branch}"), parent.bare.sha(f"refs/heads/{branch}")
    if old is None or new is None:
        raise Refused(422, f"The branch {branch} doesn't exist in both repositories.", errors=[])
    _refuse_workflows(call, repo, new)
    label = f"{parent.owner}:{branch}"
    if repo.bare.is_ancestor(new, old):
        text, kind = f"This branch is not behind the upstream {label}.", "none"
    elif repo.bare.is_ancestor(old, new):
        repo.bare.git("update-ref", f"refs/heads/{branch}", new, old)
        text, kind = f"Successfully fetched and fast-forwarded from upstream {label}.", "fast-forward"
    else:
        _merge(repo, branch, old, new, label)
        text, kind = f"Successfully fetched and merged from upstream {label}.", "merge"
    return Answer(200, {"message": text, "merge_type": kind, "base_branch": label})


def _refuse_workflows(call: Call, repo: Repository, new: str) -> None:
    scopes = call.access.scopes if call.access else ()
    changed = repo.bare.workflows_changed(new) if scopes is not None and "workflow" not in scopes else None
    if changed:
        kind = "refusing to allow a Personal Access Token to create or update workflow"
        raise Refused(422, f"{kind} `{changed}` without `workflow` scope", errors=[])


def _merge(repo: Repository, branch: str, old: str, new: str, label: str) -> None:
    tree = repo.bare.merge(old, new)
    if tree is None:
        raise Refused(409, "There are merge conflicts")
    made = repo.bare.git("commit-tree", tree, "-p", old, "-p", new, "-m", f"Merge {label}").stdout.strip()
    repo.bare.git("update-ref", f"refs/heads/{branch}", made, old)


@handles("repos/get-branch")
def branch(call: Call) -> Answer:
    repo, name = call.repository(), call.params["branch"]
    sha = repo.bare.sha(f"refs/heads/{name}")
    if sha is None:
        raise Refused(404, "Branch not found")
    example = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
    body = call.bodies.example("branch-get", ("octocat/Hello-World", repo.full_name), (example, sha))
    body["_links"] = {key: value.replace("/main", f"/{name}") for key, value in body["_links"].items()}
    body |= {"name": name, "protection_url": f"{body['_links']['self']}/protection"}
    body["commit"] |= {"author": call.bodies.user(repo.owner), "committer": call.bodies.user(repo.owner)}
    return Answer(200, body)


@handles("git/get-ref")
def ref(call: Call) -> Answer:
    repo, name = call.repository(), f"refs/{call.params['ref']}"
    sha = repo.bare.sha(name)
    if sha is None:
        raise Refused(404, "Not Found")
    base = f"{call.hub.api}/repos/{repo.full_name}/git"
    target = {"type": "commit", "sha": sha, "url": f"{base}/commits/{sha}"}
    return Answer(200, {"ref": name, "node_id": f"REF_{sha[:8]}", "url": f"{base}/{name}", "object": target})


def _commit(call: Call, repo: Repository) -> str | None:
    name = call.params["ref"]
    return repo.bare.sha(f"refs/heads/{name}") or repo.bare.sha(name)


@handles("repos/get-combined-status-for-ref")
def combined_status(call: Call) -> Answer:
    repo = call.repository()
    sha = _commit(call, repo)
    if sha is None:
        raise Refused(404, "Not Found")
    latest = {s.context: s for s in call.hub.statuses if (s.repository, s.sha) == (repo.full_name, sha)}
    states = {status.state for status in latest.values()}
    bad = "failure" if states & {"failure", "error"} else None
    state = bad or ("success" if states == {"success"} else "pending")
    page, links = call.page(list(latest.values()))
    base = f"{call.hub.api}/repos/{repo.full_name}"
    body = {
        "state": state,
        "sha": sha,
        "total_count": len(latest),
        "statuses": [call.bodies.status(status) for status in page],
        "repository": call.bodies.repository(repo, kin=False),
        "commit_url": f"{base}/commits/{sha}",
        "url": f"{base}/commits/{sha}/status",
    }
    return Answer(200, body, links)


@handles("checks/list-for-ref")
def check_runs(call: Call) -> Answer:
    repo = call.repository()
    sha = _commit(call, repo)
    if sha is None:
        raise Refused(422, f"No commit found for SHA: {call.params['ref']}")
    runs = [run for run in call.hub.check_runs if (run.repository, run.sha) == (repo.full_name, sha)]
    if call.query.get("filter", "latest") == "latest":
        runs = list({run.name: run for run in runs}.values())
    page, links = call.page(runs)
    return Answer(200, {"total_count": len(runs), "check_runs": [call.bodies.check_run(run) for run in page]}, links)
