from datetime import UTC, datetime

import pytest

from search_service.domain.supernet import Supernet
from search_service.errors import InvalidInput


@pytest.fixture
def supernet() -> Supernet:
    return Supernet(
        id="sup_1",
        name="net",
        family="anycost",
        parameters={},
        checkpoint="file",
        dataset="pairs",
        feature_extractor="x",
        protocol={
            "extractor": "x",
            "inputs": "pairs.search",
            "final": {"inputs": "pairs.test"},
            "others": {"mse": {"inputs": "pairs.search", "final": {"inputs": "pairs.test"}}},
            "impossible": {"miou_error": "no maps"},
        },
        created_at=datetime.now(UTC),
    )


def test_each_objective_has_a_protocol_of_its_own(supernet: Supernet) -> None:
    assert supernet.judging("fid") == {"extractor": "x", "inputs": "pairs.search"}
    assert supernet.judging("fid", final=True) == {"extractor": "x", "inputs": "pairs.test"}
    assert supernet.judging("mse") == {"inputs": "pairs.search"}
    assert supernet.judging("mse", final=True) == {"inputs": "pairs.test"}


@pytest.mark.parametrize(
    ("objective", "why"), [("miou_error", "no maps"), ("dssim", "registered without")]
)
def test_one_that_cannot_be_had_says_why(supernet: Supernet, objective: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=f"'net' cannot be judged by {objective}: .*{why}"):
        supernet.judging(objective)
