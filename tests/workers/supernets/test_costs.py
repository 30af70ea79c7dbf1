"""The closed forms against counts taken on subnets that were cut out and run."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from search_service import spaces
from search_service.domain.space import sample
from search_service.spaces import anycost_cost
from search_service.spaces.anycost import AnycostSpace
from workers.supernets.anycost import AnycostSupernet

STYLE_DIM = 16


class Counter(TorchDispatchMode):
    """MACs of the convolutions and linear layers that run.

    Left out: resampling filters (4x4) and the norms of demodulation, which are no layers.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name == "convolution" and args[1].shape[2:] != (4, 4):
            counted = args[0] if args[6] else result  # a transposed one at its input size
            self.total += args[1].numel() * math.prod(counted.shape[2:])
        elif name in ("addmm", "bmm"):  # linear layers; 1x1 convolutions to RGB
            self.total += args[-2].numel() * args[-1].shape[-1]
        return result


def count(subnet: nn.Module) -> int:
    with torch.no_grad(), Counter() as counter:
        subnet.eval()(torch.randn(1, STYLE_DIM))
    return int(counter.total)


def modulated_inputs(widths: tuple[int, ...]) -> int:
    """Inputs of all modulated convolutions together."""
    return sum(widths[:-1]) + sum(widths[1::2])


@pytest.mark.parametrize(("image_channels", "classes"), [(1, 0), (3, 0), (3, 7)])
@pytest.mark.parametrize("seed", range(4))
def test_params_and_macs_equal_those_of_the_extracted_subnet(
    seed: int, image_channels: int, classes: int
) -> None:
    space = spaces.build(
        "anycost",
        {
            "resolution": 32,
            "channel_multiplier": 1 / 32,
            "style_dim": STYLE_DIM,
            "mapping_layers": 2,
            "image_channels": image_channels,
            "classes": classes,
        },
    )
    assert isinstance(space, AnycostSpace)
    architecture = sample(space, np.random.default_rng(seed))
    widths = space.channels(architecture)
    subnet = AnycostSupernet(space).extract(architecture)

    assert space.params(architecture) == sum(p.numel() for p in subnet.parameters())
    counted = count(subnet)
    assert counted == anycost_cost.true_macs(space.cost_size, widths, extracted=True)
    # within the supernet the modulation layers give the scales of the idle channels too
    idle = modulated_inputs(space.full_channels[: len(widths)]) - modulated_inputs(widths)
    assert space.macs(architecture) == counted + STYLE_DIM * idle
