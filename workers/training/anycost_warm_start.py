"""A discriminator that goes on from one of an earlier stage, which has fewer parts than it.

The stages are those of Anycost GAN (Lin et al., CVPR 2021): one resolution, several, several and a
condition. A part that the earlier stage lacks keeps its fresh weights: the entries of the lower
resolutions, and the mappings of the architecture.
"""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from workers.checkpoints import fill
from workers.discriminators.anycost import AnycostDiscriminator, PlainDiscriminator
from workers.discriminators.residual import ConvLayer
from workers.layers.conditioning import ArchitectureModulation

Discriminator = PlainDiscriminator | AnycostDiscriminator


def warm_start(discriminator: Discriminator, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Fill it from a state dict of its own stage or of an earlier one.

    Raises InvalidFile as `fill` does, naming `source`, when more is missing than the parts that a
    later stage adds, or something else differs; the discriminator is then unchanged.
    """
    found = dict(tensors)
    if isinstance(discriminator, AnycostDiscriminator):
        if not any(name.startswith("blocks.") for name in found):
            found = {_in_trunk(name): tensor for name, tensor in found.items()}
        if not any(".weight_mapping." in name for name in found):
            places = _mappings(discriminator)
            found = {_behind_mapping(name, places): tensor for name, tensor in found.items()}
            found |= _own(discriminator, [f"{layer}.{place}." for layer, place in places.items()])
        entries = len(discriminator.convs)
        missing = [i for i in range(entries) if f"convs.{i}.0.weight" not in found]
        if missing != list(range(entries)):
            found |= _own(discriminator, [f"convs.{i}." for i in missing])
    fill(discriminator, found, source=source)


def _in_trunk(name: str) -> str:
    """One resolution has its blocks in line behind its entry."""
    match = re.fullmatch(r"convs\.([1-9]\d*)\.(.+)", name)
    return f"blocks.{int(match[1]) - 1}.{match[2]}" if match else name


def _mappings(discriminator: AnycostDiscriminator) -> dict[str, int]:
    """The place of the mapping in each layer that has one."""
    return {
        name: place
        for name, layer in discriminator.named_modules()
        if isinstance(layer, ConvLayer)
        for place, part in enumerate(layer)
        if isinstance(part, ArchitectureModulation)
    }


def _behind_mapping(name: str, places: Mapping[str, int]) -> str:
    """What lies behind a mapping is counted one further."""
    match = re.fullmatch(r"(.+?\.(?:conv1|conv2|skip))\.(\d+)\.(.+)", name)
    if not match or match[1] not in places or int(match[2]) < places[match[1]]:
        return name
    return f"{match[1]}.{int(match[2]) + 1}.{match[3]}"


def _own(module: nn.Module, starts: list[str]) -> dict[str, Tensor]:
    own = module.state_dict()
    return {name: own[name] for name in own if name.startswith(tuple(starts))}
