"""The two mutations that REST lacks, and who is asking. Errors come with HTTP 200, as GitHub's do."""

from __future__ import annotations

import re
from typing import Any

from tests.github.rest import Answer, Call, handles
from tests.github.state import Pull, now

_MUTATIONS = {"markPullRequestReadyForReview": False, "convertPullRequestToDraft": True}


@handles("graphql")
def graphql(call: Call) -> Answer:
    login = call.writer()
    query, variables = call.body.get("query", ""), call.body.get("variables") or {}
    for name, draft in _MUTATIONS.items():
        if re.search(rf"\b{name}\s*\(", query):
            return Answer(200, _mutate(call, name, draft, _input(query, variables)))
    if re.search(r"\bviewer\s*\{", query):
        return Answer(200, {"data": {"viewer": {"login": login}}})
    return Answer(200, {"errors": [{"message": "The stand-in knows only two mutations and `viewer`."}]})


def _input(query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The mutation's input, out of the variables or written into the query itself."""
    if isinstance(variables.get("input"), dict):
        return dict(variables["input"])
    literal = re.search(r'pullRequestId\s*:\s*(?:"([^"]+)"|\$(\w+))', query)
    if literal is None:
        return {}
    return {"pullRequestId": literal[1] or variables.get(literal[2])}


def _mutate(call: Call, name: str, draft: bool, given: dict[str, Any]) -> dict[str, Any]:
    wanted = given.get("pullRequestId")
    pull = next((pull for pull in call.hub.pulls if pull.node_id == wanted), None)
    if pull is None:
        return _error(name, "NOT_FOUND", f"Could not resolve to a node with the global id of '{wanted}'.")
    if not _may(call, pull):
        verb = name[0].upper() + name[1:]
        message = f"{call.login} does not have the correct permissions to execute `{verb}`"
        return _error(name, "FORBIDDEN", message)
    if pull.state != "open":
        return _error(name, "UNPROCESSABLE", "Pull request is closed.")
    if pull.draft != draft:
        pull.draft, pull.updated_at = draft, now()
    state = {"id": pull.node_id, "number": pull.number, "isDraft": pull.draft}
    return {"data": {name: {"clientMutationId": given.get("clientMutationId"), "pullRequest": state}}}


def _may(call: Call, pull: Pull) -> bool:
    repo = call.hub.repositories[pull.repository]
    return call.reaches(repo) and (call.login == pull.author or call.hub.allows(call.login, repo, "push"))


def _error(name: str, kind: str, message: str) -> dict[str, Any]:
    place = [{"line": 1, "column": 1}]
    return {"data": {name: None}, "errors": [{"type": kind, "path": [name], "locations": place, "message": message}]}
