from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from search_service.errors import InvalidFile
from search_service.spaces.gan_compression import GanCompressionParameters
from workers.checkpoints import fill, load_weights, read_weights, save_weights
from workers.supernets.gan_compression.resnet_generator import dense_teacher


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "weights.safetensors"
    save_weights(nn.Linear(3, 2), path)
    return path


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    written, read = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(written, tmp_path / "w.safetensors")
    load_weights(read, tmp_path / "w.safetensors")
    assert torch.equal(written.weight, read.weight)
    assert torch.equal(written.bias, read.bias)


def test_saving_leaves_one_file(saved: Path) -> None:
    save_weights(nn.Linear(3, 2), saved)
    assert list(saved.parent.iterdir()) == [saved]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"no checkpoint at .*none\.safetensors"):
        read_weights(tmp_path / "none.safetensors")


@pytest.mark.parametrize("kept", [0, 5, 40, -1])
def test_a_truncated_file(saved: Path, kept: int) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(InvalidFile, match="is not a whole safetensors file"):
        read_weights(saved)


def test_pytorch_s_own_format_is_read_too(tmp_path: Path) -> None:
    path, layer, other = tmp_path / "w.pth", nn.Linear(3, 2), nn.Linear(3, 2)
    torch.save(layer.state_dict(), path)
    load_weights(other, path)
    assert torch.equal(other.weight, layer.weight)


def test_another_format(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_text("no weights")
    with pytest.raises(InvalidFile, match="is not a whole safetensors file"):
        read_weights(path)


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no checkpoint at"):
        read_weights(tmp_path)


def test_spectral_norm_where_there_should_be_none_is_refused_with_what_to_do() -> None:
    normalised = nn.utils.spectral_norm(nn.Linear(3, 2)).state_dict()
    with pytest.raises(InvalidFile, match=r"normalised weights \(weight_orig; .*take the norm off"):
        fill(nn.Linear(3, 2), normalised, source="the file")
    fill(nn.utils.spectral_norm(nn.Linear(3, 2)), normalised, source="the file")


def test_the_network_that_the_file_fits_is_named() -> None:
    teacher = dense_teacher(GanCompressionParameters(base_channels=4, blocks=2))
    said = "it looks like gan-compression, the dense teacher of generator resnet, blocks 2"
    with pytest.raises(InvalidFile, match=said):
        fill(nn.Linear(3, 2), teacher.state_dict(), source="the file")


def test_missing_and_extra_keys_are_named(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"weight": torch.zeros(2, 3), "scale": torch.zeros(1)}, path)
    said = r"Linear, of 2 tensors: 1 missing \(bias\), 1 unknown \(scale\)$"
    with pytest.raises(InvalidFile, match=said):
        load_weights(nn.Linear(3, 2), path)


def test_other_shapes_are_named_and_change_nothing(saved: Path) -> None:
    module = nn.Linear(4, 2)
    before = module.bias.detach().clone()
    said = r"1 of another shape \(weight is \(2, 3\), expected \(2, 4\)\)$"
    with pytest.raises(InvalidFile, match=said):
        load_weights(module, saved)
    assert torch.equal(module.bias, before)


def test_everything_that_differs_is_counted_and_three_of_each_are_named() -> None:
    module = nn.Sequential(*(nn.Linear(2, 2) for _ in range(9)))
    tensors = {f"{layer}.weight": torch.zeros(1) for layer in range(9)}  # none of the biases
    tensors |= {f"extra.{number}": torch.zeros(1) for number in range(4)}
    with pytest.raises(InvalidFile) as caught:
        fill(module, tensors, source="the file")
    assert str(caught.value) == (
        "the file does not fit Sequential, of 18 tensors: "
        "9 missing (0.bias; 1.bias; 2.bias; …), "
        "4 unknown (extra.0; extra.1; extra.2; …), "
        "9 of another shape (0.weight is (1,), expected (2, 2); "
        "1.weight is (1,), expected (2, 2); 2.weight is (1,), expected (2, 2); …)"
    )
