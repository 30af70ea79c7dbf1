import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from workers.training.__main__ import main

RECIPE = """
images = 8
batch = 4
[generator]
resolution = 32
channel_multiplier = 0.0078125
channel_max = 16
style_dim = 8
mapping_layers = 1
image_channels = 1
[critic]
channel_multiplier = 0.0078125
channel_max = 16
[sampling]
sides = { "32" = 1.0 }
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return path


def write_idx(path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    header = bytes((0, 0, 8, array.ndim)) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), 1))


def test_a_recipe_is_trained_to_its_end(recipe: Path, tmp_path: Path) -> None:
    for split, count in (("train", 60_000), ("t10k", 10_000)):
        images = np.zeros((count, 28, 28), np.uint8)
        write_idx(tmp_path / f"{split}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{split}-labels-idx1-ubyte.gz", np.zeros(count, np.uint8))
    output = tmp_path / "run"
    assert main([str(recipe), "--data", str(tmp_path), "--output", str(output)]) == 0
    assert json.loads((output / "log.jsonl").read_text())["images"] == 8
    assert (output / "average.safetensors").exists()


def test_a_missing_data_set_is_one_line(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(recipe), "--data", str(tmp_path / "none"), "--output", str(tmp_path / "run")]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert said.startswith("no Fashion-MNIST at")
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_missing_recipe_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.toml"), "--output", str(tmp_path / "run")]) == 1
    assert capsys.readouterr().err.startswith("cannot read the recipe")
