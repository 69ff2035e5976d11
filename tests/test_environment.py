"""The environment check, on versions and on the interpreter that runs the tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scaffold.core.errors import ScaffoldError
from scaffold.environment import TABLE, Environment, check_environment, keras_variable, read_environment

GOOD = {"torch": "2.13.0", "tensorflow": "2.18.1", "tf_keras": "2.18.0", "numpy": "2.0.2", "safetensors": "0.8.0"}


def environment(**versions: str | None) -> Environment:
    return Environment(python="3.11.0", executable="/usr/bin/python3", versions={**GOOD, **versions})


def test_a_good_one_passes() -> None:
    check_environment(environment(), tensorflow=True)
    check_environment(environment(tensorflow="2.15.1", tf_keras=None), tensorflow=True)
    check_environment(environment(tensorflow=None, tf_keras=None), tensorflow=False)
    assert "torch 2.13.0" in environment().summary


def test_the_separate_keras_is_asked_for_from_2_16_on() -> None:
    assert keras_variable(environment()) == {"TF_USE_LEGACY_KERAS": "1"}
    assert keras_variable(environment(tensorflow="2.15.1")) == {"TF_USE_LEGACY_KERAS": "0"}
    assert keras_variable(environment(tf_keras=None)) == {"TF_USE_LEGACY_KERAS": "0"}


@pytest.mark.parametrize(
    ("versions", "code", "says"),
    [
        ({"torch": None}, "ENV101", "torch"),
        ({"tensorflow": None}, "ENV101", "tensorflow"),
        ({"tf_keras": None}, "ENV101", "Keras 3"),
        ({"tf_keras": "2.17.0"}, "ENV102", "tf-keras 2.17.0"),
    ],
)
def test_what_is_missing_is_named(versions: dict[str, str | None], code: str, says: str) -> None:
    with pytest.raises(ScaffoldError, match=says) as caught:
        check_environment(environment(**versions), tensorflow=True)
    assert caught.value.code == code
    assert "pip install" in caught.value.help


def test_a_checkout_that_wants_other_versions(tmp_path: Path) -> None:
    table = tmp_path / TABLE
    table.parent.mkdir(parents=True)
    table.write_text('deps = {"numpy": "numpy>=999", "tqdm": "tqdm>=0.1", "packaging": "packaging>=1"}\n')
    found = read_environment(sys.executable, tmp_path)
    wanted = dict(found.mismatches)
    assert "numpy>=999" in wanted
    assert not any(name.startswith("packaging") for name in wanted)
    with pytest.raises(ScaffoldError, match="numpy>=999") as caught:
        check_environment(
            Environment(python="3", executable="p", versions=GOOD, mismatches=found.mismatches), tensorflow=True
        )
    assert caught.value.code == "ENV102"


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_a_python_that_does_not_run(tmp_path: Path, python: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        read_environment(python, tmp_path)
    assert caught.value.code == "ENV103"
