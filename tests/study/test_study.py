"""Candidates and briefs, on a miniature clone; what the checkout says, and nothing imported."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scaffold.cli.main import main
from scaffold.core.hosting import Host, Token
from scaffold.hosting.github import GitHub
from scaffold.locate import locate
from scaffold.study import candidates as module
from scaffold.study.brief import brief
from scaffold.study.candidates import candidates, with_demand
from scaffold.study.challenges import challenges
from scaffold.study.tasks import family_of, sources
from tests.flows.stage import TOKEN
from tests.github.server import GitHubServer
from tests.layouts import miniature


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return miniature(tmp_path_factory.mktemp("clone"))


def test_what_lacks_tensorflow_and_what_has_it(root: Path) -> None:
    assert [source.stem for source in sources(root)] == ["brand_new", "twin_text"]
    assert [source.stem for source in sources(root, ported=True)] == ["elder"]
    (brand_new, _) = sources(root)
    assert brand_new.classes == ("BrandNewModel", "BrandNewForMaskedLM", "BrandNewForSequenceClassification")
    assert (brand_new.family, brand_new.title) == ("encoder", "BrandNew")


def test_the_best_expected_first_then_the_most_classes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "outcomes", dict)
    assert [candidate.source.stem for candidate in candidates(root)] == ["brand_new", "twin_text"]
    monkeypatch.setattr(module, "outcomes", lambda: {"brand_new": "failed", "twin_text": "strict"})
    assert [candidate.expected for candidate in candidates(root)] == ["strict", "failed"]
    assert [candidate.source.stem for candidate in candidates(root, family="encoder")] == ["brand_new"]


def test_the_outcomes_are_those_of_the_published_table() -> None:
    table = (Path(__file__).parents[2] / "docs/reference/ports.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| [A-D] \| (\w+) \|", table, re.MULTILINE)
    assert len(rows) > 150 and dict(rows) == module.outcomes()


def test_demand_counts_open_pull_requests(root: Path, hub: GitHubServer) -> None:
    hub.add_user("porter", token=TOKEN)
    hub.add_repository("huggingface/transformers")
    hub.add_pull("huggingface/transformers", head="huggingface:main", title="Add TensorFlow Twin Text")
    github = GitHub(Host(web=hub.web), Token(value=TOKEN, source="test"), sleep=lambda _: None)
    try:
        asked = with_demand(candidates(root), github, "huggingface/transformers")
    finally:
        github.close()
    assert [(candidate.source.stem, candidate.demand) for candidate in asked] == [("twin_text", 1), ("brand_new", 0)]


@pytest.mark.parametrize(
    ("tasks", "family"),
    [
        (("BASE", "CAUSAL_LM", "MASKED_LM"), "decoder"),
        (("OBJECT_DETECTION", "BASE"), "detection and segmentation"),
        (("CTC",), "audio"),
        (("BASE",), "other"),
    ],
)
def test_families(tasks: tuple[str, ...], family: str) -> None:
    assert family_of(tasks) == family


SOURCE = """
import torch
from torch import nn

class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.weight = nn.Parameter(torch.zeros(3))
        self.rnn = nn.NoSuchLayer(3)

    def forward(self, x):
        if x.sum().item() > 0:
            return self.conv(x)
        return torch.no_such_function(x)
"""


def test_challenges_name_lines() -> None:
    found = {challenge.subject: challenge.lines for challenge in challenges(SOURCE, "transformers.models.a")}
    assert found == {
        "convolutions": (8,),
        "values taken out of tensors": (13,),
        "torch.nn.NoSuchLayer": (10,),
        "torch.no_such_function": (15,),
    }


def test_a_brief_names_links_structure_and_references(root: Path) -> None:
    page = brief(locate(root, "brand_new"))
    assert not page.has_tensorflow
    assert page.links == (("someone", "https://huggingface.co/someone"),)
    assert (0, "BrandNewLayer", "Linear") in page.structure
    assert [reference.path for reference in page.references] == ["src/transformers/models/elder/modeling_tf_elder.py"]


def test_the_commands(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["candidates", "--repo", str(root), "--json"]) == 0
    assert [row["model"] for row in json.loads(capsys.readouterr().out)] == ["brand_new", "twin_text"]
    assert main(["brief", "brand_new", "--repo", str(root)]) == 0
    out = capsys.readouterr().out
    assert "## Read beside it" in out and "src/transformers/models/brand_new/modeling_brand_new.py" in out
    assert main(["brief", "elder", "--repo", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["has_tensorflow"] is True
    assert main(["candidates", "--repo", str(root), "--family", "nonsense"]) == 2
    assert "decoder" in capsys.readouterr().err
