"""Which channels a narrow subnet gets: the important ones are brought to the front.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021), section 3.3. Done
once, after training at full width and before training at several: the full generator's images stay
as they are, a narrow subnet's come nearer to them.
"""

import torch
from torch import Tensor, nn

from search_service.errors import InvalidInput
from workers.layers.modulated import ModulatedConv2d, RgbWeight, StyledConv, ToRgb
from workers.supernets.anycost_generator import AnycostGenerator

CHUNK = 1 << 14  # styles at a time: bounds the memory


@torch.no_grad()
def sort_channels(generator: AnycostGenerator, styles: Tensor) -> None:
    """Permute the channels of every layer in place, by their importance to the layer above.

    `styles` (m, style_dim), of random latents, say how strongly inputs are modulated: 100,000 in
    the published program, a few thousand give nearly the same. From the last RGB layer down, an
    input channel counts as much as the sum of its absolute weights times the mean of its absolute
    modulation; an RGB layer below the last takes the order of the convolution above it. Raises
    InvalidInput for styles of another shape.
    """
    if styles.ndim != 2 or styles.shape[1] != generator.style_dim or not len(styles):
        raise InvalidInput(f"styles must be (m, {generator.style_dim}), got {tuple(styles.shape)}")
    convs: list[StyledConv] = [generator.conv1, *generator.convs]
    rgbs: list[ToRgb] = [generator.to_rgb1, *generator.to_rgbs]
    order = _order(rgbs[-1].conv, styles)
    for place in reversed(range(len(convs))):
        if place % 2 == 0:  # the second convolution of its side, or the only one of 4x4
            _sort_inputs(rgbs[place // 2].conv, order)
        _sort_outputs(convs[place], order)
        order = _order(convs[place].conv, styles)
        _sort_inputs(convs[place].conv, order)
    constant = generator.input.input
    constant.copy_(constant[:, order])


def _order(conv: ModulatedConv2d | RgbWeight, styles: Tensor) -> Tensor:
    """The inputs by importance, the first one first; equal ones stay in order."""
    strength = torch.stack([conv.modulation(part).abs().sum(0) for part in styles.split(CHUNK)])  # type: ignore[no-untyped-call]  # torch
    importance = conv.weight.abs().sum((0, 1, 3, 4)) * strength.sum(0)
    return importance.argsort(descending=True, stable=True)


def _sort_inputs(conv: ModulatedConv2d | RgbWeight, order: Tensor) -> None:
    conv.weight.copy_(conv.weight[:, :, order])
    for parameter in (conv.modulation.weight, conv.modulation.bias):
        _sort(parameter, order)


def _sort_outputs(layer: StyledConv, order: Tensor) -> None:
    layer.conv.weight.copy_(layer.conv.weight[:, order])
    _sort(layer.activate.bias, order)


def _sort(parameter: nn.Parameter, order: Tensor) -> None:
    parameter.copy_(parameter[order])
