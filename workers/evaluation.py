"""Measuring: the plain class that a pool actor owns, from a request to a measurement."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.domain.space import Architecture, largest
from search_service.errors import MeasurementFailed, UnknownName
from workers import supernets, zoo
from workers.checkpoints import fill
from workers.evaluators.extractors import open_extractor
from workers.evaluators.fid import FidEvaluator
from workers.evaluators.latency import LatencyEvaluator
from workers.evaluators.latents import latent_shard
from workers.evaluators.recent import RecentlyJudged
from workers.evaluators.reference import find_or_compute
from workers.images import to_uint8

REFERENCE_SPLIT = "train"  # of the data set; a search is not shown the test images


class LatentSupernet(supernets.Supernet, Protocol):
    """A supernet whose input is a latent."""

    style_dim: int

    def __call__(self, z: Tensor, architecture: Architecture, /) -> Tensor:
        """Latents (n, style_dim) to float images (n, c, r, r)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Judging:
    """By what a supernet's images are judged, and where to find it."""

    dataset: str
    feature_extractor: str
    extractor_file: Path | None = None  # None: the shipped one
    references: Path  # the folder of reference statistics that are computed here
    data: Path | None = None  # the data set's folder, needed when there are no statistics yet


class ArchitectureEvaluator:
    """Measures `fid` and `latency_ms` of one supernet's architectures, one at a time."""

    def __init__(
        self,
        *,
        family: str,
        parameters: Mapping[str, Any],
        weights: Mapping[str, NDArray[Any]],
        judging: Judging,
    ) -> None:
        """Raises UnknownName, InvalidInput or InvalidFile when the parts do not fit each other."""
        self._supernet = load_supernet(family, parameters, weights)
        size = self._supernet.style_dim
        extractor = open_extractor(judging.feature_extractor, judging.extractor_file)
        with torch.inference_mode():
            trial = self._supernet(latent_shard(0, 0, size)[:1], largest(self._supernet.space))
        extractor(to_uint8(trial))  # refuses images that it cannot take now, not in every search
        reference = find_or_compute(
            judging.dataset,
            REFERENCE_SPLIT,
            extractor,
            folders=(zoo.folder() / "reference", judging.references),
            data=judging.data,
        )
        self._fid = FidEvaluator(
            self._supernet,
            latent_size=size,
            side=trial.shape[-1],
            extractor=extractor,
            reference=reference,
        )
        self._latency = LatencyEvaluator(self._supernet, latent_size=size)
        self._recent = RecentlyJudged()

    @property
    def fid_protocol(self) -> Mapping[str, Any]:
        """Parameters of the `fid` protocol that this evaluator follows, but `samples`, `seed`."""
        return self._fid.protocol

    def measure(self, request: MeasurementRequest) -> Measurement:
        """Raises InvalidArchitecture, UnknownName for an objective that it does not measure, and
        MeasurementFailed when the architecture, or this machine under that protocol, cannot."""
        measures = {"fid": self._measure_fid, "latency_ms": self._measure_latency}
        objective = request.protocol.objective
        if objective not in measures:
            known = ", ".join(measures)
            raise UnknownName(f"no evaluator measures {objective!r}; known: {known}")
        return measures[objective](request, self._supernet.space.parse(request.architecture))

    def _measure_fid(self, request: MeasurementRequest, architecture: Architecture) -> Measurement:
        start = time.perf_counter()
        asked = request.protocol.parameters
        _agree(asked, self._fid.protocol)
        samples, seed = int(asked["samples"]), int(asked["seed"])
        known = self._recent.find(str(architecture), seed)
        result = self._fid.measure(architecture, samples=samples, seed=seed, judged=known)
        self._recent.keep(str(architecture), seed, result.judged)
        return Measurement(
            value=result.estimate.value,
            low=result.estimate.low,
            high=result.estimate.high,
            protocol=request.protocol,
            device=request.device,
            samples=samples,
            seconds=time.perf_counter() - start,
            details={
                "seed": seed,
                "replicates": list(result.estimate.replicates),
                "seconds": dict(result.seconds),
            },
            images_png=result.png,
        )

    def _measure_latency(
        self, request: MeasurementRequest, architecture: Architecture
    ) -> Measurement:
        start = time.perf_counter()
        asked = request.protocol.parameters
        _agree(asked, self._latency.protocol)
        rounds, reference_ms = int(asked["rounds"]), float(asked["reference_ms"])
        result = self._latency.measure(architecture, rounds=rounds, reference_ms=reference_ms)
        return Measurement(
            value=result.milliseconds.value,
            low=result.milliseconds.low,
            high=result.milliseconds.high,
            protocol=request.protocol,
            device=request.device,
            seconds=time.perf_counter() - start,
            details={"ratio": result.ratio.value},
        )


def load_supernet(
    family: str, parameters: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]
) -> LatentSupernet:
    """The supernet with these weights, for inference. Raises InvalidFile when they do not fit."""
    supernet = supernets.build(family, parameters)
    # Copied: arrays from an object store are read-only and shared.
    state = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    fill(supernet, state, source="the checkpoint")
    return cast(LatentSupernet, supernet.eval().requires_grad_(False))


def _agree(asked: Mapping[str, Any], followed: Mapping[str, Any]) -> None:
    """Refuse to measure under another protocol than the one asked for."""
    for name, value in followed.items():
        if asked.get(name) != value:
            raise MeasurementFailed(
                f"the protocol says {name} {asked.get(name)!r}, this worker has {value!r}"
            )
