"""Tasks in processes of their own, here and on a cluster: a row each, whatever happens to them. None needs a framework."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffold.core.errors import ScaffoldError
from scaffold.sweep import bounded
from scaffold.sweep.bounded import Tasks, run_bounded
from scaffold.sweep.catalogue import OTHER, chosen, groups
from scaffold.sweep.driver import append, pending, sweep
from scaffold.sweep.rows import read_rows
from scaffold.sweep.spec import Task
from tests.layouts import miniature

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return miniature(tmp_path / "clone", git=True)


def script(folder: Path, body: str) -> str:
    """A stand-in for the target Python."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def task(root: Path, out: Path, model: str = "brand_new/brand_new", **more: Any) -> Task:
    return Task(root=root, model=model, out=out, **({"python": "/nowhere/python"} | more))


def test_a_task_leaves_a_row_and_the_checkout_alone(clone: Path, tmp_path: Path) -> None:
    before = sorted(path for path in clone.rglob("*") if ".git" not in path.parts)
    row = run_bounded(task(clone, tmp_path / "out"))
    assert row["outcome"] == "failed"
    assert row["error"].startswith("PRB101 /nowhere/python cannot be started")
    assert row["cause"].startswith("PRB101: ")
    assert row["release"].startswith("4.47.0.dev0 (")
    assert row == json.loads((tmp_path / "out/row.json").read_text())
    assert sorted(path for path in clone.rglob("*") if ".git" not in path.parts) == before


def test_what_takes_too_long_is_stopped_with_its_workers(clone: Path, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    slow = script(tmp_path, f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    row = run_bounded(task(clone, tmp_path / "out", python=slow, seconds=2.0))
    assert row["error"].startswith("PRB103 ")
    with pytest.raises(ProcessLookupError):
        bounded.os.kill(int(note.read_text()), 0)


def test_memory_is_bounded(clone: Path, tmp_path: Path) -> None:
    greedy = script(tmp_path, "held = bytearray(3 << 30)")
    row = run_bounded(task(clone, tmp_path / "out", python=greedy, memory_gib=2))
    assert row["error"].startswith("PRB104 ") and row["error"].endswith("MemoryError")


def test_a_task_that_hangs_is_killed(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "GRACE", 0.0)
    row = run_bounded(task(clone, tmp_path / "out", seconds=0.01))
    assert row["outcome"] == "failed"
    assert "stopped after 0 s" in row["error"]
    assert row["key"] == task(clone, tmp_path / "out").identity()["key"]


def test_a_task_that_crashes_says_its_last_words(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.exit('no luck')")
    monkeypatch.setattr(bounded, "_environment", lambda: {"PYTHONPATH": str(tmp_path)})
    assert "no luck" in run_bounded(task(clone, tmp_path / "out"))["error"]


def test_tasks_that_are_stopped_take_their_workers_with_them(clone: Path, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    slow = script(tmp_path, f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    rows = sweep([task(clone, tmp_path / "out", python=slow), task(clone, tmp_path / "two")], jobs=2)
    assert next(rows)["error"].startswith("PRB101")
    for _ in range(300):
        if note.is_file() and note.read_text():
            break
        time.sleep(0.1)
    rows.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        bounded.os.kill(int(note.read_text()), 0)


def test_none_is_started_any_more(clone: Path, tmp_path: Path) -> None:
    tasks = Tasks()
    tasks.stop()
    with pytest.raises(KeyboardInterrupt):
        tasks.run(task(clone, tmp_path / "out"))


def test_resuming_knows_what_was_done(clone: Path, tmp_path: Path) -> None:
    tasks = [task(clone, tmp_path / name, f"{name}") for name in ("brand_new/brand_new", "twin/twin_text")]
    rows = list(sweep(tasks[:1]))
    for row in rows:
        append(tmp_path / "rows.jsonl", row)
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write('{"model": "cut sh')
    assert pending(tasks, read_rows([tmp_path / "rows.jsonl"])) == tasks[1:]
    append(tmp_path / "rows.jsonl", rows[0] | {"model": "twin/twin_text"})
    assert [row["model"] for row in read_rows([tmp_path / "rows.jsonl"])] == ["brand_new/brand_new", "twin/twin_text"]
    source = tasks[0].source
    source.write_text(source.read_text() + "\n# another\n")
    assert pending(tasks, rows) == tasks


def test_models_are_named_and_grouped(clone: Path) -> None:
    assert chosen(clone) == ["brand_new/brand_new", "twin/twin_text"]
    assert chosen(clone, ["twin", "twin-text", "twin/twin_text"]) == ["twin/twin_text"]
    assert chosen(clone, wanted=["A"]) == []
    assert chosen(clone, wanted=[OTHER]) == chosen(clone)
    for names, letters, code in ((["elder"], [], "LOC103"), (["nothere"], [], "LOC102"), ([], ["Z"], "CLI103")):
        with pytest.raises(ScaffoldError) as caught:
            chosen(clone, names, letters)
        assert caught.value.code == code
    assert {letter: list(groups().values()).count(letter) for letter in "ABCD"} == {"A": 33, "B": 44, "C": 73, "D": 39}


def test_rows_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothere"):
        with pytest.raises(ScaffoldError) as caught:
            read_rows([path])
        assert caught.value.code == "CLI103"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A scheduler and two workers, each a process of its own as on a real cluster; its address."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install '.[cluster]'")
    note = tmp_path / "scheduler.json"
    common = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    shared = ["--no-dashboard", f"--scheduler-file={note}"]
    worker = ["distributed.cli.dask_worker", "--nthreads=1", "--no-nanny", f"--local-directory={tmp_path}", *shared]
    commands = [["distributed.cli.dask_scheduler", "--host=127.0.0.1", "--port=0", *shared], worker, worker]
    processes = [subprocess.Popen([sys.executable, "-m", *command], **common) for command in commands]  # type: ignore[call-overload]
    try:
        for _ in range(300):
            if note.is_file() and note.stat().st_size:
                break
            time.sleep(0.1)
        yield json.loads(note.read_text())["address"]
    finally:
        for process in reversed(processes):  # the scheduler last: a worker without one tries to find it again
            process.terminate()
            process.wait(60)


def test_a_cluster_of_processes(clone: Path, tmp_path: Path, cluster: str) -> None:
    tasks = [task(clone, tmp_path / str(number)) for number in range(4)]
    rows = list(sweep(tasks, scheduler=cluster))
    assert [row["key"] for row in rows] == [tasks[0].identity()["key"]] * 4
    assert all(row["error"].startswith("PRB101") for row in rows)
    strange = task(clone, Path("/proc/nowhere"))
    (row,) = sweep([strange], scheduler=cluster)
    assert row["outcome"] == "failed" and "Error" in row["error"]


def test_no_cluster(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ScaffoldError) as caught:
        list(sweep([task(clone, tmp_path / "out")], scheduler="tcp://127.0.0.1:1"))
    assert caught.value.code == "CLI109" and "[cluster]" in caught.value.help
