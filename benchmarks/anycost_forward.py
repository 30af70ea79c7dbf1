"""The Anycost generator's forward pass against a straightforward implementation of it.

    OMP_NUM_THREADS=1 python benchmarks/anycost_forward.py

The other way is the usual one: weights are styled and demodulated for each sample and run as one
grouped convolution, resampling is zero insertion and a 4x4 filter on every channel, bias, noise and
activation are passes of their own. Both use the same weights, latents and noise, and make the same
images to 1e-4. The two take turns; each is given the median of its wall times, and what counts is
their ratio.
"""

import argparse
import math
import statistics
import time

import torch
import torch.nn.functional as F
from torch import Tensor

from search_service.domain.space import largest
from workers import supernets
from workers.supernets.anycost import AnycostSupernet

State = dict[str, Tensor]


class Straightforward:
    """The full generator from its state dict, layer by layer as the paper's formulas have it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.mapping = sum(name.startswith("style.") for name in state) // 2
        self.blocks = sum(name.endswith("upsample.kernel") for name in state)

    def __call__(self, z: Tensor) -> Tensor:
        w = self.style(z)
        x = self.state["input.input"].repeat(len(z), 1, 1, 1)
        x = self.styled(x, w, "conv1", 0)
        image = self.to_rgb(x, w, "to_rgb1")
        for i in range(self.blocks):
            x = self.styled(x, w, f"convs.{2 * i}", 2 * i + 1, up=True)
            x = self.styled(x, w, f"convs.{2 * i + 1}", 2 * i + 2)
            kernel = self.state[f"to_rgbs.{i}.upsample.kernel"]
            image = self.to_rgb(x, w, f"to_rgbs.{i}") + upsampled(image, kernel)
        return image

    def style(self, z: Tensor) -> Tensor:
        w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for i in range(1, self.mapping + 1):
            weight, bias = self.state[f"style.{i}.weight"], self.state[f"style.{i}.bias"]
            w = activated(F.linear(w, weight * (0.01 / math.sqrt(weight.shape[1])), bias * 0.01))
        return w

    def modulated(self, w: Tensor, layer: str, *, demodulate: bool) -> Tensor:
        """A weight per sample, (n, o, i, k, k)."""
        weight = self.state[f"{layer}.weight"]
        matrix = self.state[f"{layer}.modulation.weight"]
        style = F.linear(
            w, matrix / math.sqrt(matrix.shape[1]), self.state[f"{layer}.modulation.bias"]
        )
        styled = weight * style[:, None, :, None, None] / math.sqrt(weight[0, 0].numel())
        if demodulate:
            styled = styled * torch.rsqrt(styled.square().sum((2, 3, 4), keepdim=True) + 1e-8)
        return styled

    def styled(self, x: Tensor, w: Tensor, layer: str, place: int, *, up: bool = False) -> Tensor:
        weight = self.modulated(w, f"{layer}.conv", demodulate=True)
        n, outputs, inputs = weight.shape[:3]
        joined = x.reshape(1, n * inputs, *x.shape[2:])
        if up:
            swapped = weight.transpose(1, 2).reshape(n * inputs, outputs, 3, 3)
            y = F.conv_transpose2d(joined, swapped, stride=2, groups=n)
            y = y.view(n, outputs, *y.shape[2:])
            y = filtered(y, self.state[f"{layer}.conv.blur.kernel"], (1, 1))
        else:
            flat = weight.reshape(n * outputs, inputs, 3, 3)
            y = F.conv2d(joined, flat, padding=1, groups=n)
            y = y.view(n, outputs, *y.shape[2:])
        y = y + self.state[f"{layer}.noise.weight"] * self.state[f"noises.noise_{place}"]
        return activated(y + self.state[f"{layer}.activate.bias"][:, None, None])

    def to_rgb(self, x: Tensor, w: Tensor, layer: str) -> Tensor:
        weight = self.modulated(w, f"{layer}.conv", demodulate=False)
        n, outputs, inputs = weight.shape[:3]
        joined = x.reshape(1, n * inputs, *x.shape[2:])
        y = F.conv2d(joined, weight.reshape(n * outputs, inputs, 1, 1), groups=n)
        return y.view(n, outputs, *y.shape[2:]) + self.state[f"{layer}.bias"]


def activated(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def filtered(x: Tensor, kernel: Tensor, padding: tuple[int, int]) -> Tensor:
    """The 4x4 filter on every channel, each as an image of one channel."""
    before, after = padding
    n, channels, height, width = x.shape
    padded = F.pad(x.reshape(n * channels, 1, height, width), (before, after, before, after))
    y = F.conv2d(padded, kernel[None, None])
    return y.view(n, channels, *y.shape[2:])


def upsampled(x: Tensor, kernel: Tensor) -> Tensor:
    n, channels, height, width = x.shape
    apart = torch.zeros(n, channels, height, 2, width, 2)
    apart[:, :, :, 0, :, 0] = x
    return filtered(apart.view(n, channels, 2 * height, 2 * width), kernel, (2, 1))


def built(resolution: int, multiplier: float, style_dim: int) -> AnycostSupernet:
    parameters = {
        "resolution": resolution,
        "channel_multiplier": multiplier,
        "style_dim": style_dim,
    }
    supernet = supernets.build("anycost", parameters)
    assert isinstance(supernet, AnycostSupernet)
    for name, parameter in supernet.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.normal_(parameter, std=0.1)
    return supernet.eval().requires_grad_(False)


def main() -> None:
    """Print both medians and their ratio for every size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=["64:0.5", "64:2", "256:0.25", "256:0.5"])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--style-dim", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for size in asked.sizes:
        resolution, multiplier = size.split(":")
        torch.manual_seed(0)
        supernet = built(int(resolution), float(multiplier), asked.style_dim)
        other = Straightforward(supernet.state_dict())
        z = torch.randn(asked.batch, asked.style_dim)
        ours, theirs = measured(supernet, other, z, asked.rounds)
        print(
            f"{resolution}x{resolution}, channel multiplier {multiplier}: "
            f"{asked.batch / ours:.1f} images a second, the other way {asked.batch / theirs:.1f}; "
            f"ratio (goal: at least 1.5) {theirs / ours:.2f}",
            flush=True,
        )


@torch.inference_mode()
def measured(
    supernet: AnycostSupernet, other: Straightforward, z: Tensor, rounds: int
) -> tuple[float, float]:
    """The medians of both ways' seconds, after a round that is not counted."""
    taken: tuple[list[float], list[float]] = ([], [])
    full = largest(supernet.space)
    for _ in range(rounds + 1):
        start = time.perf_counter()
        image = supernet(z, full)
        between = time.perf_counter()
        expected = other(z)
        taken[0].append(between - start)
        taken[1].append(time.perf_counter() - between)
        torch.testing.assert_close(image, expected, atol=1e-4, rtol=1e-4)
    ours, theirs = (statistics.median(each[1:]) for each in taken)
    return ours, theirs


if __name__ == "__main__":
    main()
