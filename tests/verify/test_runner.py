"""Reading the worker's journal, and surviving its death; the worker is a script that plays a part."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scaffold.core.checkout import Located
from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames
from scaffold.core.port import Port
from scaffold.core.reports import Status, VerificationReport
from scaffold.verify import verify

WORKER = """
import json, os, signal, sys, time
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
os.makedirs(options["--out"], exist_ok=True)
journal = open(os.path.join(options["--out"], "results.jsonl"), "a")
def write(event, **data):
    journal.write(json.dumps({"event": event, **data}) + "\\n")
    journal.flush()
def fatal(stage, error):
    write("fatal", stage=stage, error=error)
    sys.exit(3)
part = PART
if part == "no frameworks":
    fatal("environment", "No module named 'tensorflow'")
if part == "stuck":
    time.sleep(60)
if part == "silent":
    sys.exit("out of memory")
write("environment", text="TensorFlow 2.18")
if part == "broken module":
    fatal("module", "SyntaxError: bad (modeling_tf_x.py:7)")
for pair in options["--classes"].split(","):
    pt, tf = pair.split("=")
    write("begin", **{"class": tf, "pt_class": pt})
    entry = {"tensor": "logits", "shape": [1], "max_abs": 0.0, "max_scaled": float("inf") if tf == "TFBad" else 0.0,
             "tolerance": 1e-5, "ok": tf != "TFBad", "note": ""}
    write("case", **{"class": tf, "case": "base/minimal", "mode": "eager", "comparisons": [entry]})
    write("check", **{"class": tf, "name": "weights-bin", "status": "PASS", "detail": "fine"})
    if tf == part or part == "always":
        journal.write('{"event": "ca')
        journal.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    if part == "slow":
        time.sleep(60)
    write("end", **{"class": tf, "error": None})
"""


@pytest.fixture
def run(tmp_path: Path) -> object:
    names = ModelNames(folder="x", stem="x", model_type="x", camel="X", title="X")
    located = Located(
        root=tmp_path, names=names, layout=Layout(), config_class="XConfig", config_module="configuration_x"
    )

    def start(part: str, *models: str, **options: object) -> VerificationReport:
        script = tmp_path / "worker.py"
        script.write_text(WORKER.replace("PART", repr(part), 1))
        port = Port(names=names, public=models, models=models)
        settings = {"python": sys.executable, "jobs": 1, "timeout": 30, **options}
        return verify(located, port, src=tmp_path, cases=tmp_path, worker=str(script), **settings)  # type: ignore[arg-type]

    return start


def test_all_classes_pass(run) -> None:  # type: ignore[no-untyped-def]
    report = run("play along", "TFA", "TFB")
    assert report.ok and report.environment == "TensorFlow 2.18"
    assert [(h.tf_class, h.pt_class) for h in report.heads] == [("TFA", "A"), ("TFB", "B")]
    assert report.heads[0].checks[0].status is Status.PASS


def test_a_failed_comparison_fails_the_report(run) -> None:  # type: ignore[no-untyped-def]
    report = run("play along", "TFA", "TFBad")
    assert [h.ok for h in report.heads] == [True, False] and not report.ok


def test_a_death_costs_one_class(run) -> None:  # type: ignore[no-untyped-def]
    report = run("TFB", "TFA", "TFB", "TFC")
    assert [h.ok for h in report.heads] == [True, False, True]
    assert report.heads[1].error == "child process died (signal 11, SIGSEGV)"
    assert report.heads[1].cases[0].ok, "what was done before the death is kept"


def test_a_worker_that_always_dies_is_given_up(run) -> None:  # type: ignore[no-untyped-def]
    report = run("always", *(f"TF{i}" for i in range(6)))
    errors = [h.error for h in report.heads]
    assert all(errors) and "SIGSEGV" in errors[3] and "not reached" in errors[5]


def test_several_workers_share_the_classes(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    report = run("TFB", "TFA", "TFB", "TFC", "TFD", "TFE", jobs=2, work=tmp_path / "work")
    assert [h.tf_class for h in report.heads] == ["TFA", "TFB", "TFC", "TFD", "TFE"]
    assert [h.ok for h in report.heads] == [True, False, True, True, True]
    assert (tmp_path / "work" / "worker1" / "1" / "results.jsonl").is_file(), "the journal is kept on demand"


def test_missing_frameworks_are_a_reason_not_a_failure_of_classes(run) -> None:  # type: ignore[no-untyped-def]
    report = run("no frameworks", "TFA")
    assert report.heads == () and "No module named 'tensorflow'" in report.not_run and not report.ok


def test_a_module_that_does_not_import_fails_every_class(run) -> None:  # type: ignore[no-untyped-def]
    report = run("broken module", "TFA", "TFB")
    assert report.not_run is None
    assert all("modeling_tf_x.py:7" in h.error for h in report.heads)


def test_a_worker_that_ends_before_the_first_class(run) -> None:  # type: ignore[no-untyped-def]
    report = run("silent", "TFA")
    assert not report.ok and "out of memory" in (report.heads[0].error or "")


def test_the_time_limit_names_the_class_it_caught(run) -> None:  # type: ignore[no-untyped-def]
    report = run("slow", "TFA", "TFB", timeout=1.5)
    assert "time limit" in report.heads[0].error and report.heads[0].cases[0].ok
    assert "not reached" in report.heads[1].error


def test_the_time_limit_before_the_first_class(run) -> None:  # type: ignore[no-untyped-def]
    (head,) = run("stuck", "TFA", timeout=1.5).heads
    assert "too short to import" in head.error


def test_an_interpreter_that_does_not_exist(run) -> None:  # type: ignore[no-untyped-def]
    report = run("play along", "TFA", python="/no/such/python")
    assert "/no/such/python" in report.not_run


def test_pairs_override_the_port(run) -> None:  # type: ignore[no-untyped-def]
    report = run("play along", "TFA", pairs={"TFOther": "SomethingElse"})
    assert [(h.tf_class, h.pt_class) for h in report.heads] == [("TFOther", "SomethingElse")]


def test_a_port_without_models(run) -> None:  # type: ignore[no-untyped-def]
    assert run("play along").not_run == "the port has no model class"
