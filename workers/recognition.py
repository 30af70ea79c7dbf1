"""Which network a state dict is of, told from its names and shapes: a hint in a refusal."""

import re
from collections.abc import Mapping
from itertools import accumulate
from typing import TypeVar

from torch import Tensor

from search_service.spaces.gan_compression.resnet_channels import group_sizes

Shape = tuple[int, ...]
T = TypeVar("T")

_BLOCK = re.compile(r"model\.(\d+)\.conv_block\.1\.(?:conv\.0\.)?weight")
_SPECTRAL = ("weight_orig", "weight_u", "weight_v", "weight.0._u", "weight.0._v")


def likely_network(tensors: Mapping[str, Tensor]) -> str | None:
    """The family and size that fit best, in words; None when nothing here is like it."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for recognise in (_anycost, _residual, _spade, _patch_discriminator):
        words = recognise(shapes)
        if words:
            return words
    return None


def spectral_names(names: Mapping[str, T]) -> list[str]:
    """The names of weights that are stored as spectrally normalised."""
    return sorted(name for name in names if name.endswith(_SPECTRAL))


def _anycost(shapes: Mapping[str, Shape]) -> str | None:
    constant, style = shapes.get("input.input"), shapes.get("style.1.weight")
    if constant is None or style is None:
        return None
    convolutions = sum(bool(re.fullmatch(r"convs\.\d+\.conv\.weight", name)) for name in shapes)
    resolution = 4 << (convolutions // 2)
    words = f"an anycost generator with resolution {resolution} and style_dim {style[0]}"
    labels = shapes.get("embed.weight")
    return f"{words}, classes {labels[-1]}" if labels else words


def _residual(shapes: Mapping[str, Shape]) -> str | None:
    places = sorted(int(match[1]) for match in map(_BLOCK.fullmatch, shapes) if match)
    if not places:
        return None
    separable = f"model.{places[0]}.conv_block.1.conv.0.weight" in shapes
    last = "conv.2." if separable else ""
    outputs = [shapes.get(f"model.{i}.weight", (0,))[0] for i in (1, 4, 7)]
    hidden = [shapes.get(f"model.{i}.conv_block.1.{last}weight", (0,))[0] for i in places]
    upward = [shapes.get(f"model.{places[-1] + i}.weight", (0, 0))[1] for i in (1, 4)]
    ends = list(accumulate(group_sizes(len(places))))
    grouped = [hidden[end - 1] for end in ends]  # of each group, or of the one before an empty one
    widths = [
        channels // factor
        for channels, factor in zip(
            (*outputs, *grouped, *upward), (1, 2, 4, 4, 4, 4, 2, 1), strict=True
        )
    ]
    kind = "generator resnet" if separable else "the dense teacher of generator resnet"
    if len({*widths}) == 1:
        size = f"base_channels {widths[0]}"
    else:
        size = f"a subnet of widths {'_'.join(map(str, widths))}"
    return f"gan-compression, {kind}, blocks {len(places)}, {size}"


def _spade(shapes: Mapping[str, Shape]) -> str | None:
    entry, image = shapes.get("fc.weight"), shapes.get("conv_img.weight")
    if entry is None or image is None or not any(n.startswith("head_0.") for n in shapes):
        return None
    separable = any(".mlp_gamma.conv.0." in name for name in shapes)
    kind = "generator spade" if separable else "the dense teacher of generator spade"
    uniform = entry[0] == 16 * image[1]
    size = f"base_channels {image[1]}" if uniform else "of narrowed widths"
    return f"gan-compression, {kind}, input_channels {entry[1]}, {size}"


def _patch_discriminator(shapes: Mapping[str, Shape]) -> str | None:
    first = shapes.get("model.0.weight") or shapes.get("discriminator_0.model0.0.weight")
    if first is None or first[2:] != (4, 4):
        return None
    return f"a discriminator of {first[1]} input channels"
