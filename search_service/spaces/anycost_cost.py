"""What an Anycost subnet costs, exactly, from the widths of its layers alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

KERNEL_AREA = 9
BLUR_AREA = 16


@dataclass(frozen=True, kw_only=True)
class Generator:
    """A generator at some widths: `widths` are the active outputs of the constant input and of each
    convolution, `full_widths` those of the whole supernet (its first entries)."""

    widths: Sequence[int]
    full_widths: Sequence[int]
    style_dim: int
    mapping_layers: int
    image_channels: int


@dataclass(frozen=True, kw_only=True)
class _Layer:
    inputs: int
    full_inputs: int
    outputs: int
    side: int  # of the output
    up: bool  # a stride-2 transposed convolution


def macs(generator: Generator) -> int:
    """Multiply-accumulates of one image: convolutions at their active widths, an up-convolution at
    its input size, and linear layers whole, as a supernet runs them: the modulation makes a factor
    for each of the full inputs, and every layer maps its own style."""
    layers, rgbs = list(_convolutions(generator)), list(_rgbs(generator))
    convolutions = sum(
        KERNEL_AREA * layer.inputs * layer.outputs * (layer.side // (2 if layer.up else 1)) ** 2
        for layer in layers
    )
    to_rgb = sum(rgb.inputs * rgb.outputs * rgb.side**2 for rgb in rgbs)
    return convolutions + to_rgb + _linear(generator, layers, rgbs)


def published_macs(generator: Generator) -> int:
    """Multiply-accumulates as the reference program of Anycost GANs prints them: a trace of every
    elementwise product, blurs, modulated weights, and up-convolutions at their output size."""
    layers, rgbs = list(_convolutions(generator)), list(_rgbs(generator))
    s = generator.style_dim
    total = 1 + s + generator.mapping_layers * (s * s + 3 * s)
    for layer in (*layers, *rgbs):
        total += 2 * s * layer.full_inputs + layer.full_inputs + 2
    for layer in layers:
        weights = KERNEL_AREA * layer.inputs * layer.outputs
        total += 3 * weights + layer.side**2 + layer.outputs * layer.side**2
        if layer.up:
            total += weights * (layer.side + 1) ** 2
            total += BLUR_AREA * layer.outputs * layer.side**2
        else:
            total += weights * layer.side**2
    for i, rgb in enumerate(rgbs):
        total += rgb.inputs * rgb.outputs * (2 + rgb.side**2)
        if i > 0:
            # the upsampling of the image below: 16 taps and 4 zero-insertions a channel
            total += (BLUR_AREA + 4) * rgb.outputs * rgb.side**2
    return total


def params(generator: Generator) -> int:
    """Trainable parameters of the subnet on its own, nothing wider than it runs."""
    s = generator.style_dim
    total = generator.mapping_layers * (s * s + s) + 16 * generator.widths[0]
    for layer in _convolutions(generator):
        modulation = layer.inputs * (s + 1)
        noise_strength = 1
        bias = layer.outputs
        total += KERNEL_AREA * layer.inputs * layer.outputs + modulation + noise_strength + bias
    for rgb in _rgbs(generator):
        total += rgb.inputs * rgb.outputs + rgb.inputs * (s + 1) + rgb.outputs
    return total


def _linear(generator: Generator, layers: Sequence[_Layer], rgbs: Sequence[_Layer]) -> int:
    s = generator.style_dim
    mapping = generator.mapping_layers * s * s
    return mapping + sum(s * layer.full_inputs for layer in (*layers, *rgbs))


def _convolutions(generator: Generator) -> Iterator[_Layer]:
    for i in range(1, len(generator.widths)):
        yield _Layer(
            inputs=generator.widths[i - 1],
            full_inputs=generator.full_widths[i - 1],
            outputs=generator.widths[i],
            side=4 << (i // 2),
            up=i >= 2 and i % 2 == 0,
        )


def _rgbs(generator: Generator) -> Iterator[_Layer]:
    for i in range(1, len(generator.widths), 2):
        yield _Layer(
            inputs=generator.widths[i],
            full_inputs=generator.full_widths[i],
            outputs=generator.image_channels,
            side=4 << (i // 2),
            up=False,
        )
