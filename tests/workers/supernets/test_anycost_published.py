"""The names and sizes of the published generators, and their files as they come."""

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from search_service.domain.space import largest
from search_service.errors import InvalidFile
from workers import supernets
from workers.checkpoint_uri import weights_at
from workers.checkpoints import load_weights, read_weights
from workers.discriminators.anycost import (
    AnycostDiscriminator,
    DiscriminatorSize,
    PlainDiscriminator,
)
from workers.evaluation import load_supernet
from workers.supernets.anycost import AnycostSupernet

SMALL = {
    "resolution": 32,
    "channel_multiplier": 1 / 64,
    "channel_max": 24,
    "style_dim": 16,
    "mapping_layers": 3,
}
SIZE = DiscriminatorSize(resolution=32, channel_multiplier=1 / 64, channel_max=24)


def unfilled(**parameters: Any) -> AnycostSupernet:
    """Shapes without memory."""
    with torch.device("meta"):
        built = supernets.build("anycost", parameters)
    assert isinstance(built, AnycostSupernet)
    return built


def small(seed: int = 0, **changes: Any) -> AnycostSupernet:
    torch.manual_seed(seed)
    built = supernets.build("anycost", {**SMALL, **changes})
    assert isinstance(built, AnycostSupernet)
    return built


def parameters_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("resolution", "count", "last"),
    [(256, 30_034_338, 11), (512, 30_276_583, 13), (1024, 30_370_060, 15)],
)
def test_a_published_generator_has_its_parameters(resolution: int, count: int, last: int) -> None:
    network = unfilled(resolution=resolution)
    assert parameters_of(network) == count
    names = network.state_dict().keys()
    assert {f"convs.{last}.conv.weight", f"to_rgbs.{last // 2}.conv.weight"} <= names
    assert f"convs.{last + 1}.conv.weight" not in names
    assert {f"noises.noise_{i}" for i in range(last + 2)} <= names


def test_the_published_state_of_1024_pixels_has_its_names_and_shapes() -> None:
    state = {name: tuple(t.shape) for name, t in unfilled(resolution=1024).state_dict().items()}
    assert sum(torch.Size(shape).numel() for shape in state.values()) == 33_166_492
    assert {name.split(".")[0] for name in state} == {
        "style", "input", "conv1", "to_rgb1", "convs", "to_rgbs", "noises",
    }  # fmt: skip
    outputs = (*[512] * 8, 256, 256, 128, 128, 64, 64, 32, 32)
    inputs = (512, *outputs)
    for i, (wide, narrow) in enumerate(zip(inputs, outputs, strict=False)):
        assert state[f"convs.{i}.conv.weight"] == (1, narrow, wide, 3, 3)
        assert state[f"convs.{i}.conv.modulation.weight"] == (wide, 512)
        assert state[f"convs.{i}.conv.modulation.bias"] == (wide,)
        assert state[f"convs.{i}.noise.weight"] == (1,)
        assert state[f"convs.{i}.activate.bias"] == (narrow,)
        assert (f"convs.{i}.conv.blur.kernel" in state) == (i % 2 == 0)
    assert state["convs.0.conv.blur.kernel"] == state["to_rgbs.0.upsample.kernel"] == (4, 4)
    assert "to_rgb1.upsample.kernel" not in state
    assert state["to_rgbs.7.conv.weight"] == (1, 3, 32, 1, 1)
    assert state["to_rgb1.bias"] == (1, 3, 1, 1)
    assert state["noises.noise_16"] == (1, 1, 1024, 1024)
    assert state["style.8.weight"] == (512, 512)


def test_the_published_discriminators_have_their_parameters() -> None:
    size = DiscriminatorSize(resolution=1024)
    with torch.device("meta"):
        plain, told = PlainDiscriminator(size), AnycostDiscriminator(size, code_size=72)
    assert (parameters_of(plain), parameters_of(told)) == (29_012_513, 29_462_817)


@torch.no_grad()
def test_a_training_s_file_is_a_supernet_and_its_discriminator_can_be_had(tmp_path: Path) -> None:
    average, discriminator = small(1), PlainDiscriminator(SIZE)
    path = tmp_path / "550000.pt"
    parts = {
        "g": small(2).state_dict(),
        "d": {f"module.{name}": tensor for name, tensor in discriminator.state_dict().items()},
        "g_ema": average.state_dict(),
        "g_optim": torch.optim.Adam(average.parameters()).state_dict(),
        "args": argparse.Namespace(size=32, latent=16),
        "ada_aug_p": 0,
        "latent_avg": torch.zeros(16),
    }
    torch.save(parts, path)
    z, full = torch.randn(2, 16), largest(average.space)
    supernet = load_supernet("anycost", SMALL, weights_at(path.as_uri()))
    assert_close(supernet(z, full), average(z, full))
    critic = PlainDiscriminator(SIZE)
    load_weights(critic, path, "d")
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(critic(images), discriminator(images))


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_plain_state_dict_is_a_supernet(tmp_path: Path, wrapped: bool) -> None:
    path = tmp_path / "generator.pt"
    state = small().state_dict()
    torch.save({f"module.{n}": t for n, t in state.items()} if wrapped else state, path)
    found = read_weights(path)
    assert found.keys() == state.keys()
    load_weights(small(3), path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resolution": 64}, r"missing \(convs.6.activate.bias;"),
        ({"resolution": 16}, r"unknown \(convs.4.activate.bias;"),
        ({"channel_max": 16}, r"of another shape \(conv1.activate.bias is \(24,\)"),
        ({"style_dim": 8}, r"of another shape \(conv1.conv.modulation.weight is \(24, 16\)"),
        ({"mapping_layers": 4}, r"2 missing \(style.4.bias; style.4.weight\)"),
    ],
)
def test_a_checkpoint_of_another_size_is_refused_with_its_own(
    tmp_path: Path, changes: dict[str, int], said: str
) -> None:
    path = tmp_path / "generator.pt"
    torch.save({"g_ema": small().state_dict()}, path)
    with pytest.raises(InvalidFile, match=said) as refused:
        load_supernet("anycost", {**SMALL, **changes}, weights_at(path.as_uri()))
    text = str(refused.value)
    assert "\n" not in text
    assert "looks like an anycost generator with resolution 32, channel_multiplier" in text
    assert "channel_max 24, style_dim 16, mapping_layers 3" in text


def test_a_discriminator_in_a_supernet_s_place_is_refused_as_one(tmp_path: Path) -> None:
    path = tmp_path / "d.pt"
    torch.save(PlainDiscriminator(SIZE).state_dict(), path)
    with pytest.raises(InvalidFile, match="a StyleGAN2 discriminator for one resolution"):
        load_supernet("anycost", SMALL, weights_at(path.as_uri()))
