"""Weights from files of several formats: what is read, and what is refused in one line."""

import argparse
import pickle
from collections import OrderedDict
from io import BytesIO
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import Tensor, nn

from search_service.errors import InvalidFile
from workers.checkpoint_files import decode


def saved(thing: Any, *, zipped: bool = True) -> bytes:
    buffer = BytesIO()
    torch.save(thing, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def state() -> dict[str, Tensor]:
    return {"weight": torch.randn(2, 3), "bias": torch.randn(2)}


@pytest.mark.parametrize("zipped", [True, False])
def test_pytorch_s_files_old_and_new_are_read(zipped: bool) -> None:
    tensors = state()
    found = decode(saved(OrderedDict(tensors), zipped=zipped), "x.pth")
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_safetensors_are_read_whatever_their_header_s_length() -> None:
    for length in range(0x0240, 0x02C0):  # among them the first bytes of a pickle
        content = save({"w" * length: torch.ones(1)})
        assert list(decode(content, "x")) == ["w" * length]


def test_the_prefix_of_parallel_training_is_taken_off() -> None:
    parallel = {f"module.{name}": tensor for name, tensor in state().items()}
    assert decode(saved(parallel), "x.pth").keys() == state().keys()
    assert decode(save(parallel), "x").keys() == state().keys()


def test_a_layer_named_module_keeps_its_name() -> None:
    names = {"module.weight": torch.ones(1), "head.weight": torch.ones(1)}
    assert decode(saved(names), "x.pth").keys() == names.keys()


def test_blocks_without_dropout_are_numbered_as_with_it() -> None:
    without = {
        "model.10.conv_block.1.weight": torch.ones(1),
        "model.10.conv_block.5.weight": torch.ones(2),
    }
    found = decode(saved(without), "x.pth")
    assert list(found) == ["model.10.conv_block.1.weight", "model.10.conv_block.6.weight"]


def test_parameters_come_as_tensors_without_a_gradient() -> None:
    found = decode(saved({"w": nn.Parameter(torch.ones(2))}), "x.pth")
    assert not found["w"].requires_grad


def test_of_several_state_dicts_the_averaged_generator_s_is_taken() -> None:
    average, other = state(), state()
    parts = {
        "g": other,
        "d": other,
        "g_ema": average,
        "g_optim": {"state": {0: {"step": torch.ones(())}}, "param_groups": [{"lr": 0.002}]},
        "args": argparse.Namespace(size=64, path_batch_shrink=2),
        "latent_avg": torch.zeros(4),
        "ada_aug_p": 0.0,
    }
    found = decode(saved(parts), "x.pt")
    assert all(torch.equal(found[name], tensor) for name, tensor in average.items())


def test_the_only_state_dict_of_a_file_is_taken() -> None:
    found = decode(saved({"state_dict": state(), "epoch": 3}), "x.pt")
    assert found.keys() == state().keys()


def test_a_named_part_is_taken() -> None:
    critic = {"verdict": torch.ones(1)}
    content = saved({"g_ema": state(), "d": {f"module.{n}": t for n, t in critic.items()}})
    assert decode(content, "x.pt", "d") == critic
    with pytest.raises(InvalidFile, match="no weights under e; it has them under g_ema, d"):
        decode(content, "x.pt", "e")
    with pytest.raises(InvalidFile, match="it holds no weights under d"):
        decode(saved(state()), "x.pt", "d")


class Anything:
    """Something that is no tensor."""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (saved(Anything()), "holds more than tensors, which is not read: save its state_dict"),
        (saved([1, 2]), "is no state dict but a list"),
        (saved({}), "is no state dict: it holds other things than tensors"),
        (saved({"epoch": 3}), "is no state dict: it holds other things than tensors"),
        (
            saved({"g": {"w": torch.ones(1)}, "d": {"w": torch.ones(1)}, "step": 1}),
            "its weights lie under g, d; save what is wanted of them alone",
        ),
        (saved(state())[:-30], "is not a whole PyTorch file"),
        (saved(state(), zipped=False)[:60], "is not a whole PyTorch file"),
        (b"PK\x03\x04", "is not a whole PyTorch file"),
        (pickle.dumps({"w": 1}), "is not a whole safetensors file"),
        (b"", "is not a whole safetensors file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(content: bytes, says: str) -> None:
    with pytest.raises(InvalidFile, match=says) as refused:
        decode(content, "x.pth")
    assert str(refused.value).startswith("x.pth ")
    assert "\n" not in str(refused.value)
