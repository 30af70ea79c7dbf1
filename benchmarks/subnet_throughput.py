"""Throughput of evaluating subnets: views of the supernet's weights against a module for each.

    OMP_NUM_THREADS=1 python benchmarks/subnet_throughput.py

The residual supernet at 64x64, base width 16, random architectures, 64 inputs each. The other way
is the usual one: build the subnet from torch's own layers, copy the first channels of every weight
into it, run it. Both make the same images. The two ways take turns, each is given the median of
its wall times, and what is printed last is their ratio.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from search_service import spaces
from search_service.domain.space import Architecture, sample
from search_service.spaces.gan_compression import GanCompressionSpace
from workers import supernets

PARAMETERS = {"generator": "resnet", "base_channels": 16, "blocks": 9, "image_size": 64}
LISTS = [[4, 8, 12, 16]] * 8
INPUTS = 64


class Residual(nn.Module):
    """x + separable convolution, norm, ReLU, separable convolution, norm."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            separable(width, hidden),
            nn.InstanceNorm2d(hidden),
            nn.ReLU(),
            nn.Dropout(0.0),
            nn.ReflectionPad2d(1),
            separable(hidden, width),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.conv_block(x)
        return y


class Separable(nn.Module):
    """Depthwise, norm, pointwise."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, groups=inputs),
            nn.InstanceNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


def separable(inputs: int, outputs: int) -> nn.Module:
    return Separable(inputs, outputs)


class Straightforward(nn.Module):
    """The subnet of eight widths from torch's own layers, weights named as the supernet's."""

    def __init__(self, c: tuple[int, ...]) -> None:
        super().__init__()
        blocks = [Residual(4 * c[2], 4 * c[3 + index // 3]) for index in range(9)]
        self.model = nn.Sequential(
            nn.ReflectionPad2d(3),
            *normed(nn.Conv2d(3, c[0], 7), c[0]),
            *normed(nn.Conv2d(c[0], 2 * c[1], 3, stride=2, padding=1), 2 * c[1]),
            *normed(nn.Conv2d(2 * c[1], 4 * c[2], 3, stride=2, padding=1), 4 * c[2]),
            *blocks,
            *normed(upward(4 * c[2], 2 * c[6]), 2 * c[6]),
            *normed(upward(2 * c[6], c[7]), c[7]),
            nn.ReflectionPad2d(3),
            nn.Conv2d(c[7], 3, 7),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.model(x.clamp(-1, 1))
        return y


def normed(layer: nn.Module, width: int) -> tuple[nn.Module, ...]:
    return layer, nn.InstanceNorm2d(width), nn.ReLU()


def upward(inputs: int, outputs: int) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)


def main() -> None:
    """Print the two medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architectures", type=int, default=24)
    parser.add_argument("--batch", type=int, default=16)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    parameters = {**PARAMETERS, "channels": LISTS}
    space = spaces.build("gan-compression", parameters)
    assert isinstance(space, GanCompressionSpace)
    supernet = supernets.build("gan-compression", parameters).eval()
    weights = supernet.state_dict()
    batches = torch.split(torch.rand(INPUTS, 3, 64, 64) * 2 - 1, asked.batch)
    rng = np.random.default_rng(0)

    def by_views(architecture: Architecture) -> Tensor:
        return torch.cat([supernet(batch, architecture) for batch in batches])

    def by_building(architecture: Architecture) -> Tensor:
        subnet = Straightforward(tuple(space.widths(architecture))).eval()
        narrow = {
            name: weights[name][tuple(slice(size) for size in tensor.shape)]
            for name, tensor in subnet.state_dict().items()
        }
        subnet.load_state_dict(narrow)
        return torch.cat([subnet(batch) for batch in batches])

    taken: dict[str, list[float]] = {"views": [], "building": []}
    with torch.inference_mode():
        for _ in range(asked.architectures + 2):
            architecture = sample(space, rng)
            images = [
                timed(work, architecture, taken[name])
                for name, work in (("views", by_views), ("building", by_building))
            ]
            torch.testing.assert_close(images[0], images[1], atol=1e-4, rtol=0)
    views, building = (statistics.median(taken[name][2:]) for name in ("views", "building"))
    print(f"views of the weights   {INPUTS / views:8.1f} images a second")
    print(f"a module for each      {INPUTS / building:8.1f} images a second")
    print(f"ratio (goal: at least 1.5): {building / views:.2f}")


def timed(work: Callable[[Architecture], Tensor], of: Architecture, taken: list[float]) -> Tensor:
    start = time.perf_counter()
    images = work(of)
    taken.append(time.perf_counter() - start)
    return images


if __name__ == "__main__":
    main()
