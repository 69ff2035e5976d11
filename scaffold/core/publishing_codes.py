"""Entries of the code catalogue for git (GIT) and GitHub (HUB): code, title, explanation."""

from __future__ import annotations

PUBLISHING: tuple[tuple[str, str, str], ...] = (
    (
        "GIT101",
        "not a git repository",
        "The checkout is not a git repository, so a port cannot be committed to it.",
    ),
    (
        "GIT102",
        "uncommitted changes",
        "The working tree or the index differs from HEAD. A port starts from a clean tree so that its commit holds "
        "the port and nothing else: commit or stash the changes first.",
    ),
    (
        "GIT103",
        "the branch exists",
        "The branch that the port would be committed to exists and is not a finished port of this model. Rename or "
        "delete it first: `git branch -m add_tf_<model> old`.",
    ),
    (
        "GIT104",
        "no author",
        "Git knows no name and address to commit with. Set them: `git config user.name …`, `git config user.email …`.",
    ),
    (
        "GIT105",
        "git failed",
        "A git command failed; the message holds what git said.",
    ),
    (
        "GIT106",
        "the upstream could not be fetched",
        "Cloning the repository or downloading the release failed. Check the address, the version and the network.",
    ),
    (
        "GIT107",
        "the target exists",
        "The folder that the clone would be written to exists and holds something else. Give another `--into`, or "
        "point `--repo` at it to work there.",
    ),
    (
        "GIT108",
        "the checkout changed",
        "A file changed between planning and committing. Run the command again.",
    ),
    (
        "GIT109",
        "the private state is damaged",
        "A file below `.git/scaffold` cannot be read. It holds nothing that cannot be found out again: delete the "
        "file that the message names and run the command again.",
    ),
    (
        "GIT110",
        "no fork is known",
        "The command works with a fork on GitHub, and this clone has none noted. `scaffold new-tf-model MODEL "
        "--fork` makes or finds the fork and connects the clone to it.",
    ),
    (
        "GIT111",
        "git is too old",
        "The installed git lacks something that this step needs: 2.31 for a token that nobody else can see, 2.38 to try a "
        "rebase without touching the working tree. Install a newer one, or do the step by hand as the help says.",
    ),
    (
        "GIT124",
        "the clone is being set up",
        "Another scaffold, or a git process that one started before it was killed, is still at work in this clone. Nothing "
        "was changed. Run the command again when it has ended.",
    ),
    (
        "HUB130",
        "no token",
        "The command writes to GitHub and found no token. Log in with `gh auth login`, or set GH_TOKEN (for an Enterprise "
        "server GH_ENTERPRISE_TOKEN), or name a file with `--token-file`. There is no argument that takes the token "
        "itself: every program on the machine could read it.",
    ),
)
