"""The residual generators against outputs and activations recorded from the published program."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from search_service import spaces
from search_service.spaces.gan_compression import GanCompressionParameters, GanCompressionSpace
from workers import supernets
from workers.supernets.gan_compression.resnet import ResnetSupernet, new_subnet
from workers.supernets.gan_compression.resnet_generator import dense_teacher, mobile_generator

FIXTURES = Path(__file__).parents[3] / "fixtures" / "gan_compression"
MIXED = "8_12_16_4_12_8_8_4"


def recorded(name: str) -> dict[str, Tensor]:
    file: Any = np.load(FIXTURES / f"{name}.npz")
    return {key: torch.from_numpy(file[key]) for key in file.files}


def state(record: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key[3:]: tensor for key, tensor in record.items() if key.startswith("sd/")}


def assert_recorded(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


@pytest.fixture(scope="module")
def record() -> dict[str, Tensor]:
    return recorded("resnet_super_ngf16")


@pytest.fixture(scope="module")
def supernet(record: dict[str, Tensor]) -> ResnetSupernet:
    built = supernets.build("gan-compression", {"base_channels": 16, "image_size": 64})
    assert isinstance(built, ResnetSupernet)
    built.load_state_dict(state(record))
    return built


@pytest.mark.parametrize("text", [MIXED, "_".join(["16"] * 8)])
@torch.no_grad()
def test_the_supernet_at_these_widths(
    supernet: ResnetSupernet, record: dict[str, Tensor], text: str
) -> None:
    image = supernet(record["x"], supernet.space.parse(text))
    assert_recorded(image, record[f"y/{text}"])


@torch.no_grad()
def test_what_comes_out_of_the_distilled_layers(
    supernet: ResnetSupernet, record: dict[str, Tensor]
) -> None:
    taps = ["model.9", "model.12", "model.15", "model.18"]
    _, seen = supernet.features(record["x"], supernet.space.parse(MIXED), taps)
    assert list(seen) == taps
    for tap in taps:
        assert_recorded(seen[tap], record[f"act/{MIXED}/{tap}"])


@torch.no_grad()
def test_the_mobile_generator_takes_images_as_they_come(
    supernet: ResnetSupernet, record: dict[str, Tensor]
) -> None:
    mobile = mobile_generator(supernet.space.parameters)
    mobile.load_state_dict(state(record))
    assert_recorded(mobile(record["x"][:1]), record[f"y/{'_'.join(['16'] * 8)}"][:1])
    assert_recorded(mobile(record["x"][1:]), record["y_mobile_sample1"])


@torch.no_grad()
def test_the_dense_teacher() -> None:
    record = recorded("resnet_full_ngf8")
    teacher = dense_teacher(GanCompressionParameters(base_channels=8))
    teacher.load_state_dict(state(record))
    output, seen = teacher.features(record["x"], ["model.9", "model.18"])
    assert_recorded(output, record["y"])
    for tap, activation in seen.items():
        assert_recorded(activation, record[f"act/{tap}"])


@torch.no_grad()
def test_a_legacy_subnet() -> None:
    record = recorded("resnet_legacy_sub_6_4_8_12_5_7")
    widths = (6, 4, 8, 12, 5, 7)
    space = spaces.build(
        "gan-compression",
        {
            "generator": "resnet-legacy",
            "base_channels": 12,
            "channels": [[width] for width in widths],
        },
    )
    assert isinstance(space, GanCompressionSpace)
    subnet = new_subnet(space, space.parse("6_4_8_12_5_7"))
    subnet.load_state_dict(state(record))
    assert_recorded(subnet(record["x"]), record["y"])
