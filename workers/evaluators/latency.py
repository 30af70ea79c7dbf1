"""Latency of a subnet: batch 1, as a multiple of a reference network's, times that one's time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from search_service.domain.space import Architecture
from search_service.errors import InvalidInput
from workers.devices import CpuTimer
from workers.evaluators.estimate import Estimate
from workers.evaluators.median import SMALLEST, median_estimate
from workers.evaluators.reference_network import REFERENCE_NETWORK, ReferenceNetwork


class Extractable(Protocol):
    """The part of a supernet that is timed."""

    def extract(self, architecture: Architecture, /) -> nn.Module:
        """The subnet on its own: inputs to images."""
        ...


@dataclass(frozen=True, kw_only=True)
class LatencyResult:
    """The ratio is the measurement; milliseconds are the ratio times the calibrated reference."""

    milliseconds: Estimate
    ratio: Estimate


class LatencyEvaluator:
    """Times architectures of one supernet on the machine it runs on."""

    def __init__(
        self, supernet: Extractable, *, example: Tensor, timer: CpuTimer | None = None
    ) -> None:
        """`example`: an input of batch 1."""
        self._supernet = supernet
        self._example = example
        self._timer = timer or CpuTimer()
        self._reference = ReferenceNetwork()

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What a value depends on besides architecture, device, rounds and `reference_ms`."""
        return latency_protocol(self._timer)

    @torch.inference_mode()
    def measure(
        self, architecture: Architecture, *, rounds: int, reference_ms: float
    ) -> LatencyResult:
        """Each round runs the subnet and the reference once. Raises InvalidInput for few rounds."""
        if rounds < SMALLEST:
            raise InvalidInput(f"a latency takes at least {SMALLEST} rounds, got {rounds}")
        subnet = self._supernet.extract(architecture).eval().cpu()
        pairs = self._timer.pairs(lambda: subnet(self._example), self._reference, rounds)
        ratio = median_estimate(pairs[:, 0] / pairs[:, 1])
        return LatencyResult(milliseconds=ratio.times(reference_ms), ratio=ratio)


def latency_protocol(timer: CpuTimer) -> Mapping[str, Any]:
    """See `LatencyEvaluator.protocol`."""
    return {
        "method": "median of paired ratios",
        "clock": timer.clock,
        "runtime": timer.runtime,
        "threads": timer.threads,
        "batch_size": 1,
        "reference": REFERENCE_NETWORK,
    }


@torch.inference_mode()
def calibrate(timer: CpuTimer | None = None) -> Mapping[str, Any]:
    """The protocol of this machine without the rounds, its reference timed now: `reference_ms`.

    To be made once per device and kept: values of two calibrations differ in scale.
    """
    timer = timer or CpuTimer()
    reference_ms = timer.milliseconds(ReferenceNetwork())
    return {**latency_protocol(timer), "reference_ms": round(reference_ms, 6)}
