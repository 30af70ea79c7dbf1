"""A folder of clothing, and the shipped generator, as what is scored."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search_service.domain.scoring import GeneratorSpec, ScoreSpec
from workers import zoo


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """40 grey images of 32x32."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for place in range(40):
        pixels = rng.integers(0, 256, (32, 32), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{place:03}.png")
    return folder


@pytest.fixture
def generator() -> GeneratorSpec:
    """The shipped supernet at its narrowest."""
    about: dict[str, Any] = json.loads(zoo.path("anycost-fashion32/parameters.json").read_text())
    return GeneratorSpec(
        checkpoint=str(zoo.path("anycost-fashion32/weights.safetensors")),
        family=about["family"],
        parameters=about["parameters"],
        dataset=about["dataset"],
        architecture="8:64_64_32_32",
    )


@pytest.fixture
def spec(generator: GeneratorSpec) -> ScoreSpec:
    """1,100 of its images, three shards, against what is shipped."""
    return ScoreSpec(
        reference="fashion-mnist-32",
        metrics=("fid", "kid"),
        generator=generator,
        samples=1_100,
    )
