"""What can be a model's name, before anything is looked up with it."""

from __future__ import annotations

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import ModelNames, check_model_argument, counted, is_model_name, shortened


@pytest.mark.parametrize("name", ["roc_bert", "data2vec-text", "b", "x" * 64, "clip2"])
def test_names_pass(name: str) -> None:
    assert is_model_name(name)
    check_model_argument(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "RoCBert",
        "../x",
        "a/b",
        "{{7*7}}",
        "a\0",
        "a\n",
        "-x",
        "_x",
        "1x",
        "x" * 65,
        "bert\u200b",
        "brаnd",
        "class",
        "a.b",
    ],
)
def test_what_can_be_no_name_is_refused_in_a_line(name: str) -> None:
    assert not is_model_name(name)
    with pytest.raises(ScaffoldError) as caught:
        check_model_argument(name)
    assert (caught.value.code, caught.value.exit_code) == ("LOC102", ExitCode.USAGE)
    assert len(caught.value.message) < 150 and "\n" not in caught.value.message


def test_long_texts_lose_their_middle() -> None:
    assert shortened("x" * 60) == "x" * 60
    assert shortened("a" * 5_000 + "b" * 5_000) == "a" * 30 + " … " + "b" * 30


def test_spellings_that_a_search_takes_for_the_same_count_once() -> None:
    names = ModelNames(folder="vits", stem="vits", model_type="vits", camel="Vits", title="VITS")
    assert names.spellings == ("vits", "TFVits")
    names = ModelNames(folder="roc_bert", stem="roc_bert", model_type="roc_bert", camel="RoCBert", title="RoCBert")
    assert names.spellings == ("roc_bert", "RoCBert", "TFRoCBert")


def test_counted() -> None:
    assert [counted(number, "file") for number in (0, 1, 1200)] == ["0 files", "1 file", "1,200 files"]
