"""A `proc-receive` hook: refuses refs that add or change a workflow, leaves all others to git.

This kind of hook (githooks(5), git 2.29) can give the reason that the client prints behind `[remote rejected]`, which is where
GitHub puts it. Runs by itself, without the package.
"""

from __future__ import annotations

import subprocess
import sys


def read() -> str | None:
    """One packet; None for a flush."""
    size = int(sys.stdin.buffer.read(4), 16)
    return sys.stdin.buffer.read(size - 4).decode().rstrip("\n") if size else None


def read_all() -> list[str]:
    """The packets up to the next flush."""
    return list(iter(read, None))


def write(*lines: str) -> None:
    """Packets and a flush."""
    for line in lines:
        data = f"{line}\n".encode()
        sys.stdout.buffer.write(f"{len(data) + 4:04x}".encode() + data)
    sys.stdout.buffer.write(b"0000")
    sys.stdout.buffer.flush()


def changed_workflow(new: str) -> str | None:
    """The first workflow file that commits unknown to this repository add or change; as in `bare.py`."""
    options = ["--format=", "--name-only", "--diff-filter=AM", "--no-renames"]
    command = ["git", "log", *options, new, "--not", "--all", "--", ".github/workflows"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    return next((name for name in listed if name), None)


def main() -> None:
    """Speak the protocol once."""
    read_all()
    write("version=1\0")
    report: list[str] = []
    for command in read_all():
        _, new, ref = command.split(" ", 2)
        name = changed_workflow(new) if set(new) != {"0"} else None
        if name:
            kind = "refusing to allow a Personal Access Token to create or update workflow"
            report.append(f"ng {ref} {kind} `{name}` without `workflow` scope")
        else:
            report += [f"ok {ref}", "option fall-through"]
    write(*report)


if __name__ == "__main__":
    main()
