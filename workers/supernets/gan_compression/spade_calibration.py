"""Running statistics of one architecture's batch norms, measured on a fixed list of maps.

Rethinking "Batch" in BatchNorm (Wu and Johnson, 2021), section 3: the statistics of a population,
collected from batches that are each normalised by their own.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import reduce

import torch
from torch import Tensor, nn

from search_service.domain.space import Architecture
from search_service.errors import InvalidInput
from workers.layers.spade_batch_norm import FullWidthBatchNorm
from workers.layers.spade_moments import Moments
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_generator import SpadeGenerator

Statistics = Mapping[str, Tensor]  # by state-dict name, as wide as the supernet's


def calibrated(
    supernet: SpadeSupernet,
    architecture: Architecture,
    batches: Sequence[Tensor],
    *,
    last_batch_alone: bool = False,
) -> SpadeGenerator:
    """The subnet on its own, in evaluation mode, with statistics measured on these maps.

    The supernet is not changed. `last_batch_alone`: what the published program does. Raises
    InvalidInput without any batch.
    """
    subnet = supernet.extract(architecture)
    measure = last_statistics if last_batch_alone else averaged_statistics
    subnet.load_state_dict(measure(subnet, batches), strict=False)
    return subnet.eval()


def averaged_statistics(subnet: SpadeGenerator, batches: Sequence[Tensor]) -> Statistics:
    """Mean and variance over all the maps, each weighing the same; their order has no influence.

    The subnet is not changed. Raises InvalidInput without any batch.
    """
    _require(batches)
    probe = _probe(subnet)
    measured = [_moments(probe, batch) for batch in batches]
    merged = {name: reduce(Moments.merge, (m[name] for m in measured)) for name in measured[0]}
    return _statistics(probe, merged)


def last_statistics(subnet: SpadeGenerator, batches: Sequence[Tensor]) -> Statistics:
    """Those of the last batch: each batch replaces what the ones before it left, as published."""
    _require(batches)
    probe = _probe(subnet)
    return _statistics(probe, _moments(probe, batches[-1]))


def _require(batches: Sequence[Tensor]) -> None:
    if not batches:
        raise InvalidInput("batch-norm statistics need at least one batch of maps, got none")


def _probe(subnet: SpadeGenerator) -> SpadeGenerator:
    """A copy that may be run in training mode, which overwrites its statistics."""
    return deepcopy(subnet).train()


def _norms(network: nn.Module) -> dict[str, FullWidthBatchNorm]:
    modules = network.named_modules()
    return {name: norm for name, norm in modules if isinstance(norm, FullWidthBatchNorm)}


def _moments(probe: SpadeGenerator, batch: Tensor) -> dict[str, Moments]:
    """Of what comes into each norm while this batch runs."""
    seen: dict[str, Moments] = {}

    def record(name: str, norm: FullWidthBatchNorm) -> torch.utils.hooks.RemovableHandle:
        def on_input(_: nn.Module, inputs: tuple[Tensor]) -> None:
            seen[name] = Moments.of(inputs[0], width=norm.num_features)

        return norm.register_forward_pre_hook(on_input)

    handles = [record(name, norm) for name, norm in _norms(probe).items()]
    with torch.no_grad():
        probe(batch)
    for handle in handles:
        handle.remove()
    return seen


def _statistics(probe: SpadeGenerator, moments: Mapping[str, Moments]) -> Statistics:
    statistics = {}
    for name, norm in _norms(probe).items():
        measured = {"running_mean": moments[name].mean, "running_var": moments[name].variance}
        for buffer, value in measured.items():
            statistics[f"{name}.{buffer}"] = value.to(getattr(norm, buffer))
    return statistics
