"""The Hugging Face Hub: a checkpoint fetched, converted weights proposed as a pull request. Through huggingface_hub alone.

Source: guide.md G40 (login checked first, maintainers tagged); the documentation of `HfApi`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.core.errors import ExitCode, ScaffoldError

#: The TensorFlow maintainers the guide names, as they are called on the Hub.
MAINTAINERS = ("joaogante", "Rocketknight1")
TITLE = "Add TensorFlow weights"

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
#: What a conversion needs of a repository; `.bin` only where there is no safetensors file.
_WANTED = ("*.json", "*.txt", "*.model", "*.tiktoken")
_SAFE, _BIN = ("model*.safetensors",), ("pytorch_model*.bin",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A pull request to open. `files` are relative to `folder`."""

    repository: str
    folder: Path
    files: tuple[str, ...]
    title: str
    body: str


def is_repository(name: str) -> bool:
    """True for what may be a repository's name on the Hub."""
    return _REPOSITORY.fullmatch(name) is not None and ".." not in name


def _api() -> Any:
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ScaffoldError("WGT105", "huggingface_hub is not installed", "pip install huggingface_hub") from error
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="scaffold")


@contextmanager
def _judged(what: str) -> Iterator[None]:
    """The library's and the network's errors as ours: 401 and 403 are about the login, others about the network."""
    from huggingface_hub.errors import LocalTokenNotFoundError
    from requests import HTTPError, RequestException

    try:
        yield
    except LocalTokenNotFoundError as error:
        raise _refused(f"{what}: not logged in", ExitCode.AUTHENTICATION) from error
    except HTTPError as error:  # the library's own HfHubHTTPError is one
        status = error.response.status_code if error.response is not None else 0
        exit_code = ExitCode.AUTHENTICATION if status in (401, 403, 404) else ExitCode.NETWORK
        raise _refused(f"{what}: the Hub answered {status or 'nothing'}", exit_code) from error
    except (RequestException, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, RequestException) and error.filename:
            raise  # the disk's, not the network's
        raise _refused(f"{what}: {type(error).__name__}", ExitCode.NETWORK) from error


def _refused(message: str, exit_code: ExitCode) -> ScaffoldError:
    return ScaffoldError("WGT104", message, "log in with `hf auth login`, or set HF_TOKEN", exit_code=exit_code)


def who() -> str:
    """The account that the stored token belongs to; WGT104 (exit status 4) without one."""
    api = _api()
    with _judged("asking the Hub who you are"):
        return str(api.whoami()["name"])


def fetch(repository: str, *, revision: str | None = None) -> Path:
    """A folder with the repository's configuration, processors and PyTorch weights, from the cache where it is there."""
    api = _api()
    with _judged(f"fetching {repository}"):
        names = [entry.rfilename for entry in api.model_info(repository, revision=revision).siblings or ()]
        safe = any(re.fullmatch(r"model[\w.-]*\.safetensors", name) for name in names)
        wanted = [*_WANTED, *(_SAFE if safe else _BIN)]
        return Path(
            api.snapshot_download(repository, revision=revision, allow_patterns=wanted, ignore_patterns=["*/*"])
        )


def propose(proposal: Proposal) -> str:
    """Open the pull request, or return the address of the open one with the same title by the same account."""
    from huggingface_hub import CommitOperationAdd

    api = _api()
    with _judged(f"proposing the weights to {proposal.repository}"):
        found = _open_already(api, proposal)
        if found is not None:
            return found
        operations = [
            CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(proposal.folder / name))
            for name in proposal.files
        ]
        commit = api.create_commit(
            proposal.repository,
            operations,
            commit_message=proposal.title,
            commit_description=proposal.body,
            create_pr=True,
        )
        return str(commit.pr_url)


def _open_already(api: Any, proposal: Proposal) -> str | None:
    own = api.whoami()["name"]
    for discussion in api.get_repo_discussions(
        proposal.repository, author=own, discussion_type="pull_request", discussion_status="open"
    ):
        if discussion.title == proposal.title:
            return str(discussion.url)
    return None


def body_of(report: str) -> str:
    """The pull request's text: the report, and whom to tell."""
    return f"{report}\ncc {' '.join('@' + name for name in MAINTAINERS)}\n"
