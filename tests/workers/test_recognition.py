"""What a state dict is of, told from the state dicts of every network there is."""

from typing import Any

import pytest
import torch
from torch import nn

from search_service.spaces.gan_compression import GanCompressionParameters
from workers import supernets
from workers.discriminators.anycost import (
    AnycostDiscriminator,
    DiscriminatorSize,
    PlainDiscriminator,
)
from workers.discriminators.patch import PatchDiscriminator
from workers.recognition import likely_network, spectral_names
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.supernets.gan_compression.resnet_generator import dense_teacher

SIZE = DiscriminatorSize(resolution=16, channel_multiplier=1 / 64)
RESNET = {"base_channels": 8, "blocks": 4}


def supernet(family: str, **parameters: Any) -> nn.Module:
    return supernets.build(family, parameters)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (
            supernet("gan-compression", **RESNET),
            "gan-compression, generator resnet, blocks 4, base_channels 8",
        ),
        (
            supernet("gan-compression", base_channels=8, blocks=1),
            "gan-compression, generator resnet, blocks 1, base_channels 8",
        ),
        (
            dense_teacher(GanCompressionParameters(base_channels=8, blocks=4)),
            "gan-compression, the dense teacher of generator resnet, blocks 4, base_channels 8",
        ),
        (
            supernet(
                "gan-compression",
                generator="spade",
                base_channels=4,
                input_channels=5,
                image_size=64,
            ),
            "gan-compression, generator spade, input_channels 5, base_channels 4",
        ),
        (
            supernet("anycost", resolution=16, channel_multiplier=1 / 64, style_dim=8),
            (
                "an anycost generator with resolution 16, "
                "channel_multiplier 0.015625, channel_max 64, "
                "style_dim 8, mapping_layers 8"
            ),
        ),
        (
            supernet(
                "anycost",
                resolution=64,
                channel_multiplier=0.3,
                channel_max=20,
                style_dim=8,
                mapping_layers=2,
                image_channels=1,
                classes=5,
            ),
            (
                "an anycost generator with resolution 64, "
                "channel_multiplier 0.078125, channel_max 20, "
                "style_dim 8, mapping_layers 2, image_channels 1, classes 5"
            ),
        ),
        (
            PlainDiscriminator(SIZE),
            "a StyleGAN2 discriminator for one resolution, of images of 16 pixels",
        ),
        (
            AnycostDiscriminator(SIZE, levels=2, code_size=24),
            (
                "a StyleGAN2 discriminator for several resolutions, of images of 16 pixels, "
                "told 24 "
                "numbers of the architecture"
            ),
        ),
        (
            PatchDiscriminator(6, base_channels=8, layers=3),
            "a discriminator of 6 input channels",
        ),
        (nn.Linear(2, 3), None),
    ],
)
def test_a_network_is_recognised(network: nn.Module, words: str | None) -> None:
    assert likely_network(network.state_dict()) == words


def test_a_subnet_is_recognised_by_its_widths() -> None:
    built = supernet("gan-compression", **RESNET)
    assert isinstance(built, ResnetSupernet)
    subnet = built.extract(built.space.parse("2_4_6_8_2_4_6_8"))
    words = likely_network(subnet.state_dict())
    assert (
        words == "gan-compression, generator resnet, blocks 4, a subnet of widths 2_4_6_8_2_4_6_8"
    )


@pytest.mark.parametrize("kept", range(0, 30, 3))
def test_a_part_of_a_state_dict_gives_a_hint_or_none(kept: int) -> None:
    state = supernet("gan-compression", **RESNET).state_dict()
    part = dict(list(state.items())[::-1][:kept])
    words = likely_network(part)
    assert words is None or words.startswith("gan-compression")


def test_spectral_names_are_those_of_torch_s_old_and_new_form() -> None:
    old = torch.nn.utils.spectral_norm(nn.Linear(2, 3))
    new = torch.nn.utils.parametrizations.spectral_norm(nn.Linear(2, 3))
    assert len(spectral_names(old.state_dict())) == 3
    assert len(spectral_names(new.state_dict())) == 2
    assert spectral_names(nn.Linear(2, 3).state_dict()) == []
