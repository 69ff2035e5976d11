"""What the stand-in answers: GitHub's published examples with the addresses, names and facts of this server put in.

An example holds every field that GitHub's description requires (`contract.py` checks each answer), so only what the state
knows is written here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.github.contract import description
from tests.github.state import ROLES, Account, CheckRun, Comment, Pull, Repository, Review, Status

if TYPE_CHECKING:
    from tests.github.hub import Hub

#: Only in the answer for one pull request, not in lists of them.
_DETAILS = (
    *("merged", "mergeable", "rebaseable", "mergeable_state", "merged_by", "comments", "review_comments"),
    *("maintainer_can_modify", "commits", "additions", "deletions", "changed_files"),
)
_KIN = ("parent", "source", "template_repository", "organization", "temp_clone_token")


class Bodies:
    """Makes the bodies; `viewer` is the login that asks, or None."""

    def __init__(self, hub: Hub, viewer: str | None) -> None:
        self.hub = hub
        self.viewer = viewer

    def example(self, name: str, *swaps: tuple[str, str]) -> Any:
        """One of the description's examples, pointing at this server; `swaps` are further texts to exchange."""
        text = json.dumps(description()["components"]["examples"][name]["value"])
        addresses = (
            ("https://api.github.com", self.hub.api),
            ("https://github.com", self.hub.web),
            ("https://avatars.githubusercontent.com", f"{self.hub.web}/avatars"),
            ("The Octocat", "Hub"),
            ("Octocat App", "CI"),
            ("octocat@nowhere.com", "hub@example.com"),
        )
        for old, new in (*swaps, *addresses):
            text = text.replace(old, new)
        return json.loads(text)

    def user(self, login: str) -> dict[str, Any]:
        """A `simple-user`."""
        account = self.hub.accounts.get(login) or Account(login, id=0)
        example: dict[str, Any] = self.example("issue-comment")["user"]
        body = {key: value.replace("octocat", login) if "url" in key else value for key, value in example.items()}
        return body | {"login": login, "id": account.id, "node_id": f"U_{account.id}", "type": account.kind}

    def me(self, login: str) -> dict[str, Any]:
        """The `private-user` of `GET /user`."""
        body: dict[str, Any] = self.example("private-user-response-with-public-and-private-profile-information")
        mine = {"user_view_type": "private", "name": login, "email": f"{login}@example.com", "twitter_username": None}
        return body | self.user(login) | mine

    def repository(self, repo: Repository, *, kin: bool = True) -> dict[str, Any]:
        """A `full-repository`; with `kin` also the one it was forked from."""
        swaps = (("octocat/Hello-World", repo.full_name), ("git:github.com", "git:example.com"))
        body: dict[str, Any] = self.example("full-repository", *swaps)
        for key in _KIN:
            body.pop(key, None)
        role = ROLES.index(self.hub.role(self.viewer, repo))
        names = ("pull", "triage", "push", "maintain", "admin")
        body |= {
            "id": repo.id,
            "node_id": f"R_{repo.id}",
            "name": repo.name,
            "owner": self.user(repo.owner),
            "private": repo.private,
            "visibility": "private" if repo.private else "public",
            "description": None,
            "homepage": None,
            "mirror_url": None,
            "license": None,
            "svn_url": f"{self.hub.web}/{repo.full_name}",
            "ssh_url": f"git@{self.hub.web.partition('://')[2]}:{repo.full_name}.git",
            "fork": repo.parent is not None,
            "archived": repo.archived,
            "default_branch": repo.default_branch,
            "language": "Python",
            "topics": [],
            "has_discussions": False,
            "created_at": repo.created_at,
            "updated_at": repo.pushed_at,
            "pushed_at": repo.pushed_at,
            "permissions": {name: role >= number for number, name in enumerate(names, start=1)},
        }
        if kin and repo.parent:
            body["parent"] = self.repository(repo.parent, kin=False)
            body["source"] = self.repository(repo.source, kin=False)
        return body

    def pull(self, pull: Pull, *, details: bool = True) -> dict[str, Any]:
        """A `pull-request`, or with `details` False a `pull-request-simple`."""
        base = self.hub.repositories[pull.repository]
        head = self.hub.repositories.get(pull.head_repository)
        base_sha = base.bare.sha(f"refs/heads/{pull.base}") or pull.head_sha
        swaps = (
            ("octocat/Hello-World", pull.repository),
            ("1347", str(pull.number)),
            ("6dcb09b5b57875f334f61aebed695e2e4193db5e", pull.head_sha),
        )
        body: dict[str, Any] = self.example("pull-request", *swaps)
        closed = pull.updated_at if pull.state == "closed" else None
        body |= {
            "id": pull.id,
            "node_id": pull.node_id,
            "number": pull.number,
            "state": pull.state,
            "locked": False,
            "active_lock_reason": None,
            "title": pull.title,
            "body": pull.body,
            "user": self.user(pull.author),
            "labels": self.labels(pull),
            "milestone": None,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [self.user(login) for login in pull.reviewers],
            "requested_teams": [],
            "draft": pull.draft,
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "closed_at": closed,
            "merged_at": closed if pull.merged else None,
            "merge_commit_sha": base_sha if pull.merged else None,
            "author_association": self.association(pull.author, base),
            "head": self._side(pull.head, pull.head_ref, pull.head_sha, head),
            "base": self._side(f"{base.owner}:{pull.base}", pull.base, base_sha, base),
        }
        if details:
            return body | self._details(pull, base, base_sha)
        return {key: value for key, value in body.items() if key not in _DETAILS}

    def _side(self, label: str, ref: str, sha: str, repo: Repository | None) -> dict[str, Any]:
        owner = self.user(label.partition(":")[0])
        return {
            "label": label,
            "ref": ref,
            "sha": sha,
            "user": owner,
            "repo": repo and self.repository(repo, kin=False),
        }

    def _details(self, pull: Pull, base: Repository, base_sha: str) -> dict[str, Any]:
        files, added, deleted = base.bare.changes(base_sha, pull.head_sha)
        clean = None if pull.state == "closed" else base.bare.merge(base_sha, pull.head_sha) is not None
        return {
            "merged": pull.merged,
            "merged_by": self.user(base.owner) if pull.merged else None,
            "mergeable": clean,
            "rebaseable": clean,
            "mergeable_state": {None: "unknown", True: "draft" if pull.draft else "clean", False: "dirty"}[clean],
            "comments": len(self.hub.comments_of(pull)),
            "review_comments": 0,
            "maintainer_can_modify": pull.maintainer_can_modify,
            "commits": base.bare.commits_between(base_sha, pull.head_sha),
            "additions": added,
            "deletions": deleted,
            "changed_files": files,
        }

    def association(self, login: str, repo: Repository) -> str:
        """GitHub's word for what somebody is to a repository."""
        if login == repo.owner:
            return "OWNER"
        if login in self.hub.members(repo.owner):
            return "MEMBER"
        return "COLLABORATOR" if login in repo.collaborators else "CONTRIBUTOR"

    def labels(self, pull: Pull) -> list[dict[str, Any]]:
        """The labels of a pull request."""
        example = self.example("label-items", ("octocat/Hello-World", pull.repository))[0]
        base = f"{self.hub.api}/repos/{pull.repository}/labels"
        return [example | {"name": name, "description": "", "url": f"{base}/{quote(name)}"} for name in pull.labels]

    def comment(self, comment: Comment) -> dict[str, Any]:
        """An `issue-comment`."""
        repo = self.hub.repositories[comment.repository]
        swaps = ("octocat/Hello-World", comment.repository), ("1347", str(comment.number))
        body: dict[str, Any] = self.example("issue-comment", *swaps)
        return body | {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{self.hub.api}/repos/{comment.repository}/issues/comments/{comment.id}",
            "html_url": f"{self.hub.web}/{comment.repository}/pull/{comment.number}#issuecomment-{comment.id}",
            "body": comment.body,
            "user": self.user(comment.author),
            "created_at": comment.created_at,
            "updated_at": comment.created_at,
            "author_association": self.association(comment.author, repo),
        }

    def review(self, review: Review) -> dict[str, Any]:
        """A `pull-request-review`."""
        repo = self.hub.repositories[review.repository]
        swaps = (("octocat/Hello-World", review.repository), ("pull/12", f"pull/{review.number}"))
        body: dict[str, Any] = self.example(
            "pull-request-review-items", *swaps, ("pulls/12", f"pulls/{review.number}")
        )[0]
        return body | {
            "id": review.id,
            "node_id": f"PRR_{review.id}",
            "user": self.user(review.author),
            "body": review.body,
            "state": review.state,
            "commit_id": review.commit_id,
            "submitted_at": review.submitted_at,
            "author_association": self.association(review.author, repo),
        }

    def status(self, status: Status) -> dict[str, Any]:
        """A `simple-commit-status`."""
        body: dict[str, Any] = self.example("combined-commit-status")["statuses"][0]
        address = f"{self.hub.api}/repos/{status.repository}/statuses/{status.sha}"
        return body | {
            "url": address,
            "id": status.id,
            "node_id": f"SC_{status.id}",
            "state": status.state,
            "context": status.context,
            "target_url": status.target_url,
            "created_at": status.created_at,
            "updated_at": status.created_at,
        }

    def check_run(self, run: CheckRun) -> dict[str, Any]:
        """A `check-run`."""
        body: dict[str, Any] = self.example("check-run-paginated", ("github/hello-world", run.repository))[
            "check_runs"
        ][0]
        return body | {
            "id": run.id,
            "node_id": f"CR_{run.id}",
            "head_sha": run.sha,
            "name": run.name,
            "status": run.status,
            "conclusion": run.conclusion if run.status == "completed" else None,
            "completed_at": body["completed_at"] if run.status == "completed" else None,
            "url": f"{self.hub.api}/repos/{run.repository}/check-runs/{run.id}",
            "html_url": f"{self.hub.web}/{run.repository}/runs/{run.id}",
            "pull_requests": [],
            "app": body["app"] | {"owner": self.user(run.repository.partition("/")[0])},
        }

    def found(self, pull: Pull) -> dict[str, Any]:
        """An `issue-search-result-item`."""
        swaps = (("batterseapower/pinyin-toolkit", pull.repository), ("octocat/Hello-World", pull.repository))
        numbers = (("1347", str(pull.number)), ("132", str(pull.number)), ("api/github.com", "api.github.com"))
        body: dict[str, Any] = self.example("issue-search-result-item-paginated", *swaps, *numbers)["items"][0]
        body.pop("type")
        body["pull_request"]["url"] = f"{self.hub.api}/repos/{pull.repository}/pulls/{pull.number}"
        return body | {
            "id": pull.id,
            "node_id": pull.node_id,
            "number": pull.number,
            "title": pull.title,
            "body": pull.body or "",
            "user": self.user(pull.author),
            "state": pull.state,
            "state_reason": None,
            "draft": pull.draft,
            "locked": False,
            "labels": self.labels(pull),
            "milestone": None,
            "comments": len(self.hub.comments_of(pull)),
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "closed_at": pull.updated_at if pull.state == "closed" else None,
            "author_association": self.association(pull.author, self.hub.repositories[pull.repository]),
        }
