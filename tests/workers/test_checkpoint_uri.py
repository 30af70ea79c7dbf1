"""A registered checkpoint, wherever fsspec finds it."""

import hashlib
from pathlib import Path

import fsspec
import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file

from search_service.errors import InvalidFile
from workers.checkpoint_uri import checkpoint_at, weights_at


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_numbers_of_any_width_come_as_arrays(tmp_path: Path, dtype: torch.dtype) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"w": torch.tensor([0.5, -2.0]).to(dtype)}, path)
    found = weights_at(str(path))["w"]
    assert found.dtype == np.float32
    assert found.tolist() == [0.5, -2.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_what_is_wide_enough_keeps_its_type(tmp_path: Path, dtype: torch.dtype) -> None:
    path = tmp_path / "w.safetensors"
    tensor = torch.arange(3).to(dtype)
    save_file({"w": tensor}, path)
    assert torch.equal(torch.from_numpy(weights_at(str(path))["w"]), tensor)


def test_any_uri_is_read_and_its_digest_is_that_of_the_file() -> None:
    content = save({"w": torch.ones(2)})
    fsspec.filesystem("memory").pipe("/w.safetensors", content)
    read = checkpoint_at("memory://w.safetensors")
    assert read.weights["w"].tolist() == [1, 1]
    assert read.digest == hashlib.sha256(content).hexdigest()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="none"):
        checkpoint_at(str(tmp_path / "none.safetensors"))


def test_a_file_of_pytorch_s_own_format_is_a_checkpoint_too(tmp_path: Path) -> None:
    path = tmp_path / "latest_net_G.pth"
    torch.save({"module.w": torch.ones(2)}, path)
    read = checkpoint_at(str(path))
    assert read.weights["w"].tolist() == [1, 1]
    assert read.digest == hashlib.sha256(path.read_bytes()).hexdigest()
