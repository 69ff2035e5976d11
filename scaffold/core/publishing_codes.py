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
        "GIT112",
        "the remote refuses access",
        "The remote repository does not accept the token (or there is none), or the token may not read or write "
        "there. Check it with `scaffold doctor`. A token is never sent over plain http to another machine.",
    ),
    (
        "GIT113",
        "workflow files",
        "GitHub lets only tokens with the `workflow` scope push commits that change `.github/workflows`. A fork "
        "that is behind its upstream lacks commits that do. Give the token the scope, or sync the fork first.",
    ),
    (
        "GIT114",
        "the remote cannot be reached",
        "The network or the server failed, also when it was tried again. Nothing is lost: the remote holds the old "
        "state or the new one, never something between. `scaffold resume` goes on.",
    ),
    (
        "GIT115",
        "no such repository or ref",
        "The remote has no repository at this address, or no ref of this name, or the token may not see it.",
    ),
    (
        "GIT116",
        "the fork is not ready",
        "GitHub copies a repository in the background when it is forked, which can take minutes. `scaffold resume` "
        "waits again.",
    ),
    (
        "GIT117",
        "the remote has other commits",
        "The branch in the fork holds commits that this clone has not, so a push would lose them. Look at them, "
        "then rebase onto them or rename one of the branches.",
    ),
    (
        "GIT118",
        "the push was refused",
        "The remote refused the push by a rule of its own: a protected branch, a hook, or a history that was cut "
        "short by `--fast`. The remote is unchanged.",
    ),
    (
        "GIT119",
        "no such base",
        "Upstream has no branch or tag of the name given with `--base`.",
    ),
    (
        "GIT120",
        "the base has no TensorFlow",
        "The ref given with `--base` holds no TensorFlow code, so nothing could be registered there. Upstream "
        "removed it between 4.56 and 5.0; the message names the newest base that has it.",
    ),
    (
        "GIT121",
        "no base with TensorFlow",
        "Neither the default branch nor a release of upstream holds TensorFlow in a form that can be read. Name a "
        "base with `--base`, or another upstream.",
    ),
    (
        "GIT122",
        "the rebase has conflicts",
        "The port's commits and the new base changed the same lines. It was found out before anything was touched. "
        "Rebase by hand.",
    ),
    (
        "GIT123",
        "the rebase is impossible",
        "The branch cannot be replayed: it is missing, holds merge commits, or shares no history with the new base "
        "in this clone. Nothing was changed.",
    ),
    (
        "GIT124",
        "the clone is being set up",
        "Another scaffold, or a git process that one started before it was killed, is still at work in this clone. Nothing "
        "was changed. Run the command again when it has ended.",
    ),
    (
        "GIT126",
        "the half-made clone was changed",
        "A file in a clone that was not complete yet holds something that git did not write there. Finishing the "
        "clone would overwrite it: move it away first.",
    ),
    (
        "HUB101",
        "not a token",
        "What was found where the token should be cannot be one: it holds white space or other characters that no token has, "
        "or is too short. Put the token there as GitHub showed it, alone.",
    ),
    (
        "HUB102",
        "the token cannot be read",
        "The file that `--token-file` names cannot be read or is empty, or standard input is a terminal.",
    ),
    (
        "HUB103",
        "not logged in",
        "GitHub wants a token, or does not know (any more) the one it was shown: it expired, was revoked, or is another "
        "host's. Log in with `gh auth login`, or make a classic token with the scopes `repo` and `workflow`. Tokens are looked "
        "for in this order: `--token-file`, GH_TOKEN, GITHUB_TOKEN, `gh auth token`, the keyring (`keyring set scaffold "
        "github.com`, if that package is installed), ~/.netrc; for Enterprise servers GH_ENTERPRISE_TOKEN, "
        "GITHUB_ENTERPRISE_TOKEN, `gh auth token`, ~/.netrc.",
    ),
    (
        "HUB104",
        "the token may not do this",
        "GitHub knows the token but refuses the request. A classic token needs the scopes `repo` (or `public_repo`) and, to "
        "push what touches `.github/workflows`, `workflow`. A fine-grained token reaches only repositories whose owner granted "
        "it: it can rarely open a pull request in somebody else's repository. The token of a GitHub Actions run cannot fork.",
    ),
    (
        "HUB105",
        "single sign-on",
        "The organisation asks that a token is authorised for its single sign-on: “Configure SSO” in the token settings.",
    ),
    (
        "HUB106",
        "rate limit",
        "GitHub asks to slow down for longer than the command waits. `scaffold resume` goes on later; nothing is done twice.",
    ),
    (
        "HUB107",
        "GitHub gave no answer",
        "There was no connection, it dropped, the answer took too long, or GitHub itself failed. Reading was repeated; what a "
        "write did was looked up. `scaffold resume` goes on; nothing is done twice.",
    ),
    (
        "HUB108",
        "not found on GitHub",
        "The repository or pull request does not exist, or the token may not see it: GitHub does not tell the two apart.",
    ),
    (
        "HUB109",
        "GitHub refused the request",
        "GitHub understood the request and said no; the message holds its reason.",
    ),
    (
        "HUB110",
        "the fork cannot be used",
        "The account's repository is a fork of something else, is archived, or may not be pushed to; or upstream belongs to "
        "the account itself. GitHub allows one fork of a family of repositories to an account.",
    ),
    (
        "HUB111",
        "Python runs without assertions",
        "Under `python -O` or with PYTHONOPTIMIZE the library that carries the requests does not check any more which host "
        "it sends the token to. Run without it.",
    ),
    (
        "HUB112",
        "not a safe address",
        "A token is sent only to its own host, over https (or http to this very machine, through no proxy). The address, a "
        "redirection or the name of a repository would have led elsewhere.",
    ),
    (
        "HUB113",
        "not an answer of GitHub's",
        "The answer is not what GitHub's interface gives: a proxy or a login page is in between, or the address is not a "
        "GitHub's.",
    ),
    (
        "HUB130",
        "no token",
        "The command writes to GitHub and found no token. Log in with `gh auth login`, or set GH_TOKEN (for an Enterprise "
        "server GH_ENTERPRISE_TOKEN), or name a file with `--token-file`. There is no argument that takes the token "
        "itself: every program on the machine could read it.",
    ),
    (
        "HUB131",
        "not on the port's branch",
        "The command publishes the port that is checked out, and the clone is on another branch, or the branch holds no "
        "port. Switch to it (`git switch add_tf_<model>`), or make the port first.",
    ),
    (
        "HUB132",
        "the port is not verified",
        "A class of the port differs from PyTorch, or nothing could be compared. A pull request says what was verified, so "
        "it is not opened. With `--allow-failing` it is, and its description says that the port fails.",
    ),
    (
        "HUB133",
        "no base branch",
        "A pull request needs a branch to be merged into, and the repository has none of that name. Tags and commits cannot "
        "be merged into: name a branch that still holds TensorFlow with `--base`.",
    ),
    (
        "HUB134",
        "no pull request",
        "The port's branch has no open pull request, neither in the fork nor in the repository it was made from. "
        "`scaffold open-draft-pr` opens one.",
    ),
    (
        "HUB135",
        "the checkout's checks could not be run",
        "`scaffold ready` runs what `make fixup` stands for. The checkout's Makefile has no such target, or make itself does "
        "not run.",
    ),
    (
        "HUB136",
        "are there TensorFlow weights?",
        "`scaffold finalize` removes `from_pt=True`, after which the tests load TensorFlow weights. Whether the Hub has "
        "them only you can say: with `--weights-merged`.",
    ),
    (
        "HUB160",
        "no such repository",
        "The repository to fork does not exist on that GitHub, or the token may not see it. Name it as OWNER/REPOSITORY with "
        "`--upstream`.",
    ),
    (
        "HUB161",
        "the base branch was used",
        "The clone's local branch of the base's name has commits that upstream lacks, so it cannot be moved to where ports "
        "start. Rename it, or start from another ref with `--base`.",
    ),
    (
        "GIT140",
        "a branch that is not ours",
        "`undo` and `update` work on ports that `new-tf-model` made in this clone; there is no generated version of this "
        "branch to go back to or to compare with.",
    ),
    (
        "GIT141",
        "staged and not on disk",
        "A file's staged content is neither in the last commit nor in the file, so replacing the index would lose it. "
        "Commit or stash it first.",
    ),
    (
        "GIT142",
        "conflicts left",
        "`update` left conflicts in a file, and the branch holds them still. Decide each place between the markers, commit, "
        "and run it again.",
    ),
)
