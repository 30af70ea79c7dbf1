"""`gansearch score` submits what the words say, and tells the scores as a table."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from search_service.cli import scoring
from search_service.cli.app import app
from search_service.client import Client

ZOO = Path(__file__).parents[3] / "zoo" / "anycost-fashion32"


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Specs, in the order in which they would have gone to the server."""
    specs: list[dict[str, Any]] = []

    def submit(self: Client, kind: str, spec: dict[str, Any], **rest: Any) -> dict[str, Any]:
        specs.append({"kind": kind, **spec})
        return {"id": "job_1"}

    monkeypatch.setattr(Client, "submit", submit)
    return specs


def run(*words: str) -> None:
    result = CliRunner().invoke(app, ["score", *words, "--no-watch"], catch_exceptions=False)
    assert result.output == "job_1\n"


def test_a_folder_of_images_goes_with_its_whole_path(
    submitted: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    run("mine", "--reference", "theirs", "--metric", "fid, kid", "--samples", "500")
    assert submitted == [
        {
            "kind": "score",
            "metrics": ["fid", "kid"],
            "images": str(tmp_path / "mine"),
            "reference": str(tmp_path / "theirs"),
            "samples": 500,
        }
    ]


def test_a_folder_of_weights_is_a_generator_scored_against_its_own_data(
    submitted: list[dict[str, Any]],
) -> None:
    run(str(ZOO), "--architecture", "8:64_64_32_32", "--extractor", "inception:/i.pth")
    (spec,) = submitted
    assert spec["reference"] == "fashion-mnist-32"
    assert spec["feature_extractor"] == "inception:/i.pth"
    assert spec["generator"]["checkpoint"] == str(ZOO / "weights.safetensors")
    assert spec["generator"]["architecture"] == "8:64_64_32_32"
    assert "images" not in spec


def test_a_data_sets_folder_is_made_whole_too(
    submitted: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(str(tmp_path), "--reference", "two-folders.test:data")
    assert submitted[0]["reference"] == f"two-folders.test:{tmp_path / 'data'}"


def test_scores_are_told_with_interval_direction_and_limit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = {"low": 1.5, "high": 2.5, "samples": 1_000, "protocol_digest": "a" * 64}
    scoring.print_scores(
        {
            "fid": told | {"value": 2.0, "more_is_better": False, "limit": {"value": 1.9}},
            "recall": told | {"value": 0.25, "more_is_better": True},
        }
    )
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["fid", "2", "[1.5,", "2.5]", "less", "1,000", "1.9", "a" * 12] in lines
    assert ["recall", "0.25", "[1.5,", "2.5]", "more", "1,000", "a" * 12] in lines
