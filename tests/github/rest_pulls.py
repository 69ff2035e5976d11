"""Pull requests, and what hangs on them: comments, labels, reviewers, reviews, the search."""

from __future__ import annotations

import shlex
from typing import Any

from tests.github.rest import Answer, Call, Refused, handles, invalid
from tests.github.state import Pull, Repository, now


def _reason(message: str, **fields: str) -> dict[str, str]:
    return {"resource": "PullRequest", "code": "custom", "message": message} | fields


def _pull(call: Call, repo: Repository) -> Pull:
    number = call.params.get("pull_number") or call.params["issue_number"]
    pull = call.hub.pull(repo.full_name, int(number)) if number.isdigit() else None
    if pull is None:
        raise Refused(404, "Not Found")
    return pull


@handles("pulls/list")
def pulls(call: Call) -> Answer:
    """Newest first. A `head` without `user:` is ignored, as GitHub does."""
    repo, query = call.repository(), call.query
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base")
    found = [
        pull
        for pull in call.hub.pulls
        if pull.repository == repo.full_name
        and state in (pull.state, "all")
        and (":" not in head or pull.head.lower() == head.lower())
        and base in (None, pull.base)
    ]
    default = "asc" if query.get("sort", "created") != "created" else "desc"
    found.sort(key=lambda pull: pull.number, reverse=query.get("direction", default) == "desc")
    page, links = call.page(found)
    for pull in page:
        call.hub.refresh(pull)
    return Answer(200, [call.bodies.pull(pull, details=False) for pull in page], links)


@handles("pulls/get")
def pull(call: Call) -> Answer:
    return Answer(200, call.bodies.pull(_pull(call, call.repository())))


@handles("pulls/create")
def create(call: Call) -> Answer:
    login, repo = call.write()
    body: dict[str, Any] = call.body or {}
    if not body.get("title"):
        raise invalid({"resource": "PullRequest", "code": "missing_field", "field": "title"})
    head_repo, branch = _head(call, repo, body)
    sha = head_repo and head_repo.bare.sha(f"refs/heads/{branch}")
    base_sha = repo.bare.sha(f"refs/heads/{body['base']}")
    wrong = [field for field, value in (("head", sha), ("base", base_sha)) if not value]
    if wrong or head_repo is None or not sha or not base_sha:
        raise invalid(*({"resource": "PullRequest", "field": field, "code": "invalid"} for field in wrong))
    label = f"{head_repo.owner}:{branch}"
    _refuse(call, repo, body, head_repo, label)
    crossing = head_repo is not repo
    made = call.hub.add_pull(
        repo.full_name,
        head=label,
        head_repository=head_repo.full_name,
        base=body["base"],
        title=body["title"],
        body=body.get("body"),
        author=login,
        draft=bool(body.get("draft")),
        maintainer_can_modify=crossing and bool(body.get("maintainer_can_modify")),
    )
    answer = call.bodies.pull(made)
    return Answer(201, answer, {"Location": answer["url"]})


def _head(call: Call, repo: Repository, body: dict[str, Any]) -> tuple[Repository | None, str]:
    """Where the head branch is: `head_repo` names it, `owner:branch` finds it in the network, `branch` is the base's own."""
    owner, colon, branch = body["head"].rpartition(":")
    named = body.get("head_repo")
    if named:
        full_name = named if "/" in named else f"{owner or repo.owner}/{named}"
        found = call.hub.find(full_name)
        return (found if found in call.hub.network(repo) else None), branch
    head = call.hub.head_repository(repo, owner) if colon else repo
    visible = head if head and call.hub.allows(call.login, head, "pull") else None
    return visible, branch


def _refuse(call: Call, repo: Repository, body: dict[str, Any], head: Repository, label: str) -> None:
    base, branch = body["base"], label.partition(":")[2]
    same = (p for p in call.hub.pulls if p.repository == repo.full_name and p.state == "open" and p.base == base)
    if any((p.head_repository, p.head_ref) == (head.full_name, branch) for p in same):
        raise invalid(_reason(f"A pull request already exists for {label}."))
    known = head.bare.git("rev-list", "-1", f"refs/heads/{branch}", "--not", _sha(repo, base), check=False)
    if known.returncode == 0 and not known.stdout.strip():
        raise invalid(_reason(f"No commits between {repo.owner}:{base} and {label}"))
    if head.bare.git("merge-base", _sha(repo, base), f"refs/heads/{branch}", check=False).returncode == 1:
        raise invalid(_reason(f"The {label} branch has no history in common with {repo.owner}:{base}"))
    if body.get("draft") and not repo.drafts:
        raise Refused(422, "Draft pull requests are not supported in this repository.")
    if body.get("maintainer_can_modify") and head is not repo and not call.hub.allows(call.login, head, "push"):
        raise invalid(_reason("Fork collab can't be granted by someone without permission", field="fork_collab"))


def _sha(repo: Repository, branch: str) -> str:
    return repo.bare.sha(f"refs/heads/{branch}") or ""


@handles("pulls/update")
def update(call: Call) -> Answer:
    login, repo = call.write()
    pull = _pull(call, repo)
    if login != pull.author and not call.hub.allows(login, repo, "push"):
        raise Refused(403, "Must be the author or have push rights.")
    changes: dict[str, Any] = call.body or {}
    base = changes.get("base")
    if base and not repo.bare.sha(f"refs/heads/{base}"):
        raise invalid({"resource": "PullRequest", "field": "base", "code": "invalid"})
    if changes.get("state") == "open" and pull.merged:
        raise invalid({"resource": "PullRequest", "field": "state", "code": "invalid"})
    for name in ("title", "body", "state", "base", "maintainer_can_modify"):
        if name in changes:
            setattr(pull, name, changes[name])
    pull.updated_at = now()
    return Answer(200, call.bodies.pull(pull))


@handles("pulls/list-requested-reviewers")
def reviewers(call: Call) -> Answer:
    pull = _pull(call, call.repository())
    return Answer(200, {"users": [call.bodies.user(login) for login in pull.reviewers], "teams": []})


@handles("pulls/request-reviewers")
def request_reviewers(call: Call) -> Answer:
    """Asking needs triage rights. One name that can't review fails the whole list."""
    _, repo = call.write("triage")
    pull = _pull(call, repo)
    asked = list((call.body or {}).get("reviewers", ()))
    if pull.author in asked:
        raise Refused(422, "Review cannot be requested from pull request author.")
    able = {repo.owner, *repo.collaborators, *call.hub.members(repo.owner)}
    if set(asked) - able:
        start = "Reviews may only be requested from collaborators. One or more of the users or teams you specified"
        raise Refused(422, f"{start} is not a collaborator of the {repo.full_name} repository.")
    pull.reviewers += [login for login in asked if login not in pull.reviewers]
    return Answer(201, call.bodies.pull(pull, details=False))


@handles("pulls/list-reviews")
def reviews(call: Call) -> Answer:
    pull = _pull(call, call.repository())
    found = [r for r in call.hub.reviews if (r.repository, r.number) == (pull.repository, pull.number)]
    page, links = call.page(found)
    return Answer(200, [call.bodies.review(review) for review in page], links)


@handles("issues/list-comments")
def comments(call: Call) -> Answer:
    page, links = call.page(call.hub.comments_of(_pull(call, call.repository())))
    return Answer(200, [call.bodies.comment(comment) for comment in page], links)


@handles("issues/create-comment")
def create_comment(call: Call) -> Answer:
    login, repo = call.write()
    pull = _pull(call, repo)
    text = (call.body or {}).get("body")
    if not text:
        raise invalid({"resource": "IssueComment", "code": "missing_field", "field": "body"})
    body = call.bodies.comment(call.hub.add_comment(pull, login, text))
    return Answer(201, body, {"Location": body["url"]})


@handles("issues/add-labels")
def add_labels(call: Call) -> Answer:
    _, repo = call.write("triage")
    pull = _pull(call, repo)
    given = call.body.get("labels", []) if isinstance(call.body, dict) else call.body or []
    names = [label["name"] if isinstance(label, dict) else label for label in given]
    pull.labels += [name for name in names if name not in pull.labels]
    return Answer(200, call.bodies.labels(pull))


@handles("search/issues-and-pull-requests")
def search(call: Call) -> Answer:
    words = shlex.split(call.query.get("q", "").replace("'", "\\'"))
    if not {"is:pr", "is:pull-request", "is:issue", "type:pr", "type:issue"} & set(words):
        message = "Query must include 'is:issue' or 'is:pull-request'"
        raise invalid({"resource": "Search", "field": "q", "code": "invalid", "message": message})
    if "is:issue" in words or "type:issue" in words:
        found = []
    else:
        found = [pull for pull in reversed(call.hub.pulls) if _matches(call, pull, words)]
    page, links = call.page(found)
    items = [call.bodies.found(pull) for pull in page]
    body = {"total_count": len(found), "incomplete_results": False, "search_type": "lexical", "items": items}
    return Answer(200, body, links)


def _matches(call: Call, pull: Pull, words: list[str]) -> bool:
    if not call.hub.allows(call.login, call.hub.repositories[pull.repository], "pull"):
        return False
    fields = {
        "repo": pull.repository,
        "author": pull.author,
        "head": pull.head_ref,
        "base": pull.base,
        "state": pull.state,
    }
    states = {
        "open": pull.state == "open",
        "closed": pull.state == "closed",
        "merged": pull.merged,
        "draft": pull.draft,
    }
    text = f"{pull.title} {'' if 'in:title' in words else pull.body or ''}".lower()
    for word in words:
        key, colon, value = word.partition(":")
        if not colon:
            fits = word.lower() in text
        elif key == "is":
            fits = states.get(value, True)
        else:
            fits = key not in fields or fields[key].lower() == value.lower()
        if not fits:
            return False
    return True
