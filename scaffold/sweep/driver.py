"""Many tasks at once, on this machine or on a Dask cluster: a row each as it comes, kept as a line of `rows.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.sweep.bounded import Tasks, run_bounded
from scaffold.sweep.spec import Task
from scaffold.sweep.task import empty_row, judged

Row = dict[str, Any]

ROWS = "rows.jsonl"
_CONNECT = 30  # seconds to wait for a scheduler


def pending(tasks: Sequence[Task], rows: Sequence[Row]) -> list[Task]:
    """The tasks of which no row says that exactly this was run: same file, same translator, same settings."""
    done = {row.get("key") for row in rows}
    return [task for task in tasks if task.identity()["key"] not in done]


def sweep(tasks: Sequence[Task], *, jobs: int = 1, scheduler: str | None = None) -> Iterator[Row]:
    """The tasks' rows in the order in which they end; `jobs` processes of this machine, or the cluster at `scheduler`.

    A consumer that stops early stops the tasks of this machine. CLI109 without a cluster to use.
    """
    yield from _on_cluster(tasks, scheduler) if scheduler else _here(tasks, jobs)


def _here(tasks: Sequence[Task], jobs: int) -> Iterator[Row]:
    running = Tasks()
    with ThreadPoolExecutor(max(1, jobs)) as pool:  # its threads only wait: every task is a process
        waiting = [pool.submit(running.run, task) for task in tasks]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BaseException:
            for future in waiting:
                future.cancel()
            running.stop()
            raise


def _on_cluster(tasks: Sequence[Task], address: str) -> Iterator[Row]:
    with _client(address) as client:
        from distributed import as_completed as as_they_come

        futures = {client.submit(run_bounded, task, pure=False): task for task in tasks}
        for future in as_they_come(list(futures), loop=client.loop):
            task = futures.pop(future)
            problem = future.exception()
            yield _checked(task, future.result()) if problem is None else _failed(task, _named(problem))


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ScaffoldError(
            "CLI109", f"Dask is not installed: {error}", "install it with `pip install 'scaffold-tf[cluster]'`"
        ) from error
    try:
        return Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ScaffoldError(
            "CLI109",
            f"no Dask scheduler answers at {address}: {error}",
            "start one with `dask scheduler` and give the address that it prints",
            exit_code=ExitCode.NETWORK,
        ) from error


def _checked(task: Task, row: Row) -> Row:
    """The row, if the worker has the same scaffold and checkout as this machine."""
    if row.get("key") == task.identity()["key"]:
        return row
    return _failed(task, "the worker's scaffold, or its checkout, is another one than here")


def _named(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}"


def _failed(task: Task, error: str) -> Row:
    return judged(empty_row(task) | {"error": error, "cpu": None, "peak_mib": None})


def append(path: Path, row: Row) -> None:
    """Add the row as a line of its own, also behind one that a killed run cut short."""
    with path.open("ab+") as file:
        end = file.seek(0, 2)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(row).encode() + b"\n")
