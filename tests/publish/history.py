"""A miniature history of Transformers with releases on both sides of TensorFlow's removal, written by `git fast-import`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from scaffold.core.hosting import Repository

TENSORFLOW = "src/transformers/modeling_tf_utils.py"
WHO = "Some One <one@example.com> 1700000000 +0100"


def git(root: Path, *arguments: str, stdin: str | None = None) -> str:
    """Git without the machine's configuration; what it prints, raises when it fails."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    run = subprocess.run(
        ["git", *arguments], cwd=root, check=True, capture_output=True, text=True, input=stdin, env=env
    )
    return run.stdout.strip()


def commit(ref: str, files: dict[str, str | None], *, onto: str | None = None, message: str = "work") -> str:
    """One commit for fast-import; None removes a file. `onto` is the ref it starts from when `ref` is new."""
    lines = [f"commit {ref}", f"committer {WHO}", f"data {len(message.encode())}", message]
    lines += [f"from {onto}"] if onto else []
    for path, text in files.items():
        if text is None:
            lines.append(f"D {path}")
        else:
            lines += [f"M 100644 inline {path}", f"data {len(text.encode())}", text]
    return "\n".join(lines) + "\n"


def release(version: str) -> dict[str, str | None]:
    """What every release changes."""
    return {"src/transformers/__init__.py": f'__version__ = "{version}"\n'}


def tag(name: str, ref: str = "refs/heads/main") -> str:
    return f"reset refs/tags/{name}\nfrom {ref}\n\n"


def make_upstream(folder: Path) -> Path:
    """A bare repository: 4.45 to 4.55 with TensorFlow, 5.0 and 5.1 without, as upstream's tags and branches have them.

    v4.46-release lacks the commit of its tag v4.46.3; v4.47-release has one commit more than v4.47.1, an annotated tag.
    """
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "--bare", "-b", "main")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    main = "refs/heads/main"
    models = {f"src/transformers/models/m{i}/modeling_m{i}.py": f"import torch\n# {i}\n" * 20 for i in range(5)}
    script = commit(main, {"README.md": "a\n", TENSORFLOW: "import tensorflow\n", **models, **release("4.45.0")})
    script += tag("v4.45.0") + tag("v4.47.0-rc1")
    script += commit(main, release("4.46.0"))
    script += commit("refs/heads/v4.46-release", {"README.md": "b\n"}, onto=main)
    script += commit("refs/heads/side", release("4.46.3"), onto=main) + tag("v4.46.3", "refs/heads/side")
    script += commit(main, release("4.47.0"))
    script += commit("refs/heads/v4.47-release", release("4.47.1"), onto=main)
    script += "tag v4.47.1\nfrom refs/heads/v4.47-release\n" + f"tagger {WHO}\ndata 7\nrelease\n"
    script += commit("refs/heads/v4.47-release", {"README.md": "fixed\n"})
    script += commit(main, release("4.55.0")) + tag("v4.55.0")
    script += commit(main, {**release("5.0.0"), TENSORFLOW: None}) + tag("v5.0.0") + commit(main, release("5.1.0"))
    script += tag("v5.1.0") + commit(main, release("5.2.0.dev0"))
    git(folder, "fast-import", "--quiet", stdin=script)
    git(folder, "update-ref", "-d", "refs/heads/side")
    return folder


def described(full_name: str, clone_url: str, default_branch: str = "main", **more: str | bool) -> Repository:
    """The repository as GitHub's API would tell it."""
    return Repository(
        full_name=full_name,
        clone_url=clone_url,
        html_url=clone_url.removesuffix(".git"),
        default_branch=default_branch,
        **more,  # type: ignore[arg-type]
    )
