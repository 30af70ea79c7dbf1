import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from workers import zoo
from workers.training.scores import main

SAMPLES = 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped supernet, so that its published scores stay."""
    copy = tmp_path / "supernet"
    copy.mkdir()
    for name in ("weights.safetensors", "parameters.json"):
        shutil.copy(zoo.path("anycost-fashion32") / name, copy)
    return copy


@pytest.fixture
def noise_for_data(tmp_path: Path) -> Path:
    """The test split's files, with noise in them."""
    rng = np.random.default_rng(0)
    for name, shape in (("images-idx3", (10_000, 28, 28)), ("labels-idx1", (10_000,))):
        header = bytes((0, 0, 8, len(shape))) + b"".join(n.to_bytes(4, "big") for n in shape)
        content = header + rng.integers(10, size=shape, dtype=np.uint8).tobytes()
        (tmp_path / f"t10k-{name}-ubyte.gz").write_bytes(gzip.compress(content, 1))
    return tmp_path


def test_every_side_and_ratio_is_scored_beside_the_floor(
    folder: Path, noise_for_data: Path
) -> None:
    words = [str(folder), "--samples", str(SAMPLES), "--data", str(noise_for_data)]
    assert main(words) == 0
    scores = json.loads((folder / "scores.json").read_text())
    rows = {(row["resolution"], row["ratio"]): row for row in scores["supernet"]}
    assert set(rows) == {(side, r) for side in (8, 16, 32) for r in (0.25, 0.5, 0.75, 1.0)}
    assert all(row["low"] <= row["fid"] <= row["high"] for row in rows.values())
    assert scores["samples"] == SAMPLES
    assert scores["floor"]["samples"] == 10_000
    assert rows[32, 1.0]["fid"] < scores["floor"]["fid"]  # clothing is nearer to it than noise


def test_a_folder_without_parameters_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
