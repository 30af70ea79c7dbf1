import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.waiting import PATIENCE_SECONDS
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


@pytest.fixture
def fashion_mnist(tmp_path: Path) -> Path:
    """Black images."""
    for split, count in (("train", 60_000), ("t10k", 10_000)):
        images = np.zeros((count, 28, 28), np.uint8)
        write_idx(tmp_path / f"{split}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{split}-labels-idx1-ubyte.gz", np.zeros(count, np.uint8))
    return tmp_path


def test_a_recipe_is_trained_to_its_end(recipe: Path, fashion_mnist: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    assert main([str(recipe), "--data", str(fashion_mnist), "--output", str(output)]) == 0
    assert json.loads((output / "log.jsonl").read_text())["images"] == 8
    assert (output / "average.safetensors").exists()


@pytest.mark.slow
def test_one_that_is_interrupted_says_in_one_line_how_to_go_on(
    recipe: Path, fashion_mnist: Path, tmp_path: Path
) -> None:
    recipe.write_text(RECIPE.replace("images = 8", "images = 1_000_000"))
    output = tmp_path / "run"
    words = [str(recipe), "--data", str(fashion_mnist), "--output", str(output)]
    command = [sys.executable, "-m", "workers.training", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not list(output.glob("log.jsonl")):  # it trains
                assert process.poll() is None
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.endswith("stopped; the same command goes on from the last checkpoint\n")


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
