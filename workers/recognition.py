"""Which network a state dict is of, told from its names and shapes: a hint in a refusal."""

import re
from collections.abc import Mapping
from itertools import accumulate
from typing import TypeVar

from torch import Tensor

from search_service.spaces.anycost import BASE_CHANNELS
from search_service.spaces.gan_compression.resnet_channels import group_sizes

Shape = tuple[int, ...]
T = TypeVar("T")

_BLOCK = re.compile(r"model\.(\d+)\.conv_block\.1\.(?:conv\.0\.)?weight")
_SPECTRAL = ("weight_orig", "weight_u", "weight_v", "weight.0._u", "weight.0._v")


def likely_network(tensors: Mapping[str, Tensor]) -> str | None:
    """The family and size that fit best, in words; None when nothing here is like it."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for recognise in (
        _anycost,
        _style_discriminator,
        _residual,
        _spade,
        _patch_discriminator,
    ):
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
    outputs = [constant[1], *_outputs(shapes, "conv1"), *_outputs(shapes, r"convs\.\d+")]
    resolution = 4 << (len(outputs) // 2 - 1)
    layers = sum(bool(re.fullmatch(r"style\.\d+\.weight", name)) for name in shapes)
    words = (
        f"an anycost generator with resolution {resolution}, {_width(outputs)}, "
        f"style_dim {style[0]}, mapping_layers {layers}"
    )
    image = shapes.get("to_rgb1.bias", (1, 3))[1]
    words += "" if image == 3 else f", image_channels {image}"
    labels = shapes.get("embed.weight")
    return f"{words}, classes {labels[-1]}" if labels else words


def _outputs(shapes: Mapping[str, Shape], layer: str) -> list[int]:
    pattern = re.compile(rf"{layer}\.conv\.weight")
    names = sorted((n for n in shapes if pattern.fullmatch(n)), key=lambda n: (len(n), n))
    return [shapes[name][1] for name in names]


def _width(outputs: list[int]) -> str:
    """An Anycost generator's width as its parameters, where there are some that give it."""
    cap, sides = max(outputs), list(BASE_CHANNELS.values())
    bases = [base for base in sides for _ in (0, 1)][: len(outputs)]
    multiplier = outputs[-1] / bases[-1]
    if [max(1, min(cap, int(base * multiplier))) for base in bases] == outputs:
        return f"channel_multiplier {multiplier:g}, channel_max {cap}"
    return f"widths {'_'.join(map(str, outputs))}"


def _style_discriminator(shapes: Mapping[str, Shape]) -> str | None:
    first, last = shapes.get("convs.0.0.weight"), shapes.get("final_linear.1.weight")
    if first is None or last is None:
        return None
    blocks = sum(bool(re.fullmatch(r"\w+\.\d+\.skip\.1\.weight", name)) for name in shapes)
    several = "blocks.0.conv1.0.weight" in shapes
    mapped = [shape for name, shape in shapes.items() if name.endswith("weight_mapping.weight")]
    kind = "for several resolutions" if several else "for one resolution"
    told = f", told {mapped[0][1]} numbers of the architecture" if mapped else ""
    return f"a StyleGAN2 discriminator {kind}, of images of {4 << blocks} pixels{told}"


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
