"""A shared stand-in for GitHub, put back to its beginning before each test, and clients of it that do not sleep."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from scaffold.core.hosting import Host, PullRequest, Token
from scaffold.hosting.github import GitHub
from tests.github.arranged import FORK, TOKEN, UPSTREAM, work
from tests.github.server import GitHubServer

BRANCH = "add_tf_quokka"
HEAD = f"porter:{BRANCH}"

#: Seconds that a client waits where the server is told to delay, and for how long that is.
SHORT = 0.5
DELAY = 0.7

#: Nothing waits for as long as this: it only keeps a busy machine from looking like a broken network.
LONG = 30.0


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubServer]:
    """Exchanges are judged unless the module says that its many are of the same kinds as another's."""
    judged = getattr(request.module, "JUDGED", True)
    with GitHubServer(tmp_path_factory.mktemp("site") / "hub", validate=judged) as hub:
        hub.add_user("porter", token=TOKEN)
        hub.add_repository(UPSTREAM, collaborators={"gante": "push", "joao": "push", "porter": "triage"})
        work(hub, BRANCH)
        yield hub


@pytest.fixture
def site(world: GitHubServer) -> GitHubServer:
    """The porter, upstream, and the porter's fork with a branch that is ahead; nothing else has happened."""
    for past in (world.pulls, world.comments, world.reviews, world.statuses, world.check_runs, world.faults):
        past.clear()
    for name in set(world.repositories) - {UPSTREAM, FORK}:
        del world.repositories[name]
    world.add_collaborator(UPSTREAM, "porter", "triage")
    world.exchanges.clear()
    return world


class Clock:
    """Counts what would have been slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


Connect = Callable[..., GitHub]


@pytest.fixture
def connect(site: GitHubServer, clock: Clock) -> Iterator[Connect]:
    """Makes clients of the site: the porter's, unless another token is given."""
    made: list[GitHub] = []

    def connect(token: str | None = TOKEN, *, dry_run: bool = False, timeout: float = LONG) -> GitHub:
        credential = Token(token, "a test") if token else None
        github = GitHub(Host(web=site.web), credential, dry_run=dry_run, sleep=clock, timeout=timeout)
        made.append(github)
        return github

    yield connect
    for github in made:
        github.close()


@pytest.fixture
def github(connect: Connect) -> GitHub:
    """The porter's client, who knows already whose token it has."""
    client = connect()
    client.login()
    return client


def opened(github: GitHub, title: str = "Add TF Quokka", body: str = "Generated.") -> PullRequest:
    return github.ensure_pull(UPSTREAM, head=HEAD, base="main", title=title, body=body)[0]
