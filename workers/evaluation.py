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
from search_service.errors import InvalidInput, MeasurementFailed, UnknownName
from search_service.spaces.anycost import AnycostSpace
from search_service.spaces.gan_compression import GanCompressionSpace
from workers import supernets, zoo
from workers.checkpoints import fill
from workers.evaluators.extractors import open_extractor
from workers.evaluators.fid import FidEvaluator
from workers.evaluators.inputs import ImageInputs, Inputs, LatentInputs
from workers.evaluators.latency import LatencyEvaluator
from workers.evaluators.recent import RecentlyJudged
from workers.evaluators.reference import find_or_compute
from workers.images import DOMAINS, to_uint8

REFERENCE_SPLIT = "train"  # of the data set; a search is not shown the test images
SPLITS = {"search": "search", "final": "test"}  # of the inputs, where they are images


class RunnableSupernet(supernets.Supernet, Protocol):
    """A supernet with its weights, for inference."""

    def __call__(self, x: Tensor, architecture: Architecture, /) -> Tensor:
        """Latents (n, size) or images to float images (n, c, h, w)."""
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
        inputs = {
            use: open_inputs(self._supernet, judging.dataset, split, judging.data)
            for use, split in SPLITS.items()
        }
        example = inputs["search"].shard(0, 0)[:1]
        extractor = open_extractor(judging.feature_extractor, judging.extractor_file)
        with torch.inference_mode():
            trial = self._supernet(example, largest(self._supernet.space))
        extractor(to_uint8(trial))  # refuses images that it cannot take now, not in every search
        reference = find_or_compute(
            judging.dataset,
            REFERENCE_SPLIT,
            extractor,
            folders=(zoo.folder() / "reference", judging.references),
            data=judging.data,
        )
        self._fid = {
            use: FidEvaluator(
                self._supernet,
                inputs=some,
                side=trial.shape[-1],
                extractor=extractor,
                reference=reference,
            )
            for use, some in inputs.items()
        }
        self._latency = LatencyEvaluator(self._supernet, example=example)
        self._recent = RecentlyJudged()

    @property
    def fid_protocol(self) -> Mapping[str, Any]:
        """Parameters of the `fid` protocol that this evaluator follows, but `samples`, `seed`.

        Where the last word is spoken on other inputs than the search's, `final` says what differs.
        """
        search, final = self._fid["search"].protocol, self._fid["final"].protocol
        other = {name: value for name, value in final.items() if search[name] != value}
        return {**search, "final": other} if other else search

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
        final = self._fid["final"]
        evaluator = final if _agrees(asked, final.protocol) else self._fid["search"]
        _agree(asked, evaluator.protocol)
        samples, seed = int(asked["samples"]), int(asked["seed"])
        judged_on = (str(architecture), seed, str(asked.get("inputs", "")))
        known = self._recent.find(judged_on)
        result = evaluator.measure(architecture, samples=samples, seed=seed, judged=known)
        self._recent.keep(judged_on, result.judged)
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
) -> RunnableSupernet:
    """The supernet with these weights, for inference. Raises InvalidFile when they do not fit."""
    supernet = supernets.build(family, parameters)
    # Copied: arrays from an object store are read-only and shared.
    state = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    fill(supernet, state, source="the checkpoint")
    return cast(RunnableSupernet, supernet.eval().requires_grad_(False))


def open_inputs(supernet: RunnableSupernet, dataset: str, split: str, data: Path | None) -> Inputs:
    """Latents for a supernet that takes them, else the inputs of the data set's split.

    Raises UnknownName for the data set, InvalidFile when it cannot be read, InvalidInput when its
    images are not what the supernet takes.
    """
    space = supernet.space
    if isinstance(space, AnycostSpace):
        return LatentInputs(space.parameters.style_dim)
    assert isinstance(space, GanCompressionSpace)
    size = space.parameters
    images = DOMAINS[dataset](data, split)
    wanted = (size.input_channels, round(size.image_size / size.aspect_ratio), size.image_size)
    found = images.inputs.shape[1:]
    if wanted != found:
        raise InvalidInput(
            f"the supernet takes images of (channels, height, width) {wanted}, "
            f"the inputs of {dataset} are {found}"
        )
    return ImageInputs(images.inputs, name=f"{dataset}.{split}", digest=images.digest)


def _agrees(asked: Mapping[str, Any], followed: Mapping[str, Any]) -> bool:
    return all(asked.get(name) == value for name, value in followed.items())


def _agree(asked: Mapping[str, Any], followed: Mapping[str, Any]) -> None:
    """Refuse to measure under another protocol than the one asked for."""
    for name, value in followed.items():
        if asked.get(name) != value:
            raise MeasurementFailed(
                f"the protocol says {name} {asked.get(name)!r}, this worker has {value!r}"
            )
