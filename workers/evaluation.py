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
from search_service.domain.teacher import SuppliedTeacher
from search_service.errors import InvalidInput, MeasurementFailed, UnknownName
from search_service.spaces.gan_compression import GanCompressionSpace
from workers import supernets, zoo
from workers.checkpoints import fill
from workers.evaluators import fid, real_features
from workers.evaluators.calibrated import CalibratedSupernet
from workers.evaluators.conditions import open_conditions, open_maps
from workers.evaluators.extractors import FeatureExtractor, open_extractor
from workers.evaluators.feature_scores import Against
from workers.evaluators.fid import Fid
from workers.evaluators.image_maker import Generator, ImageMaker
from workers.evaluators.judge import ImageJudge
from workers.evaluators.latency import LatencyEvaluator
from workers.evaluators.objectives import available
from workers.evaluators.own_resolution import open_own_resolution
from workers.evaluators.recent import RecentlyJudged
from workers.evaluators.reference import Reference, find_or_compute
from workers.evaluators.supplied_teacher import open_teacher
from workers.evaluators.teacher_distance import TeacherDistance
from workers.images import to_uint8
from workers.images.one_hot import one_hot
from workers.supernets.gan_compression.spade import SpadeSupernet

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
    """Measures one supernet's architectures, one at a time: every objective that is timed or
    estimated from images, where the data set allows it."""

    def __init__(
        self,
        *,
        family: str,
        parameters: Mapping[str, Any],
        weights: Mapping[str, NDArray[Any]],
        judging: Judging,
    ) -> None:
        """Raises UnknownName, InvalidInput or InvalidFile when the parts do not fit each other."""
        supernet = load_supernet(family, parameters, weights)
        self._space = supernet.space
        conditions = {
            use: open_conditions(self._space, judging.dataset, split, judging.data)
            for use, split in SPLITS.items()
        }
        example = conditions["search"].inputs.shard(0, 0)[:1]
        generator, running = as_judged(supernet, judging.dataset, judging.data)
        if isinstance(supernet, SpadeSupernet):
            example = one_hot(example, supernet.input_channels)
        extractor = open_extractor(judging.feature_extractor, judging.extractor_file)
        with torch.inference_mode():
            trial = supernet(example, largest(self._space))
        extractor(to_uint8(trial))  # refuses images that it cannot take now, not in every search
        folders = (zoo.folder() / "reference", judging.references)
        reference = find_or_compute(
            judging.dataset, REFERENCE_SPLIT, extractor, folders=folders, data=judging.data
        )
        judged_by = Fid(extractor, reference)
        own = open_own_resolution(judged_by, self._space, folders=folders, data=judging.data)
        against = self._against(judging, extractor, reference)
        self._judges: dict[str, ImageJudge] = {}
        self._conditions, self._side = conditions, trial.shape[-1]
        for use, given in conditions.items():
            maker = ImageMaker(generator, inputs=given.inputs, side=trial.shape[-1], facts=running)
            found = available(
                given,
                fid=judged_by,
                against=against,
                own_resolution=own,
                maker=maker,
                teacher=largest(self._space),
                image_shape=(trial.shape[1], trial.shape[2], trial.shape[3]),
                dataset=judging.dataset,
                data=judging.data,
            )
            self._judges[use] = ImageJudge(maker, found.objectives)
            self._impossible = found.impossible
        self._latency = LatencyEvaluator(supernet, example=example)
        self._recent = RecentlyJudged()
        self._supplied: dict[SuppliedTeacher, dict[str, ImageJudge]] = {}  # the last one

    @property
    def fid_protocol(self) -> Mapping[str, Any]:
        """Parameters of the `fid` protocol that this evaluator follows, but `samples`, `seed`.

        Where the last word is spoken on other inputs than the search's, `final` says what differs.
        """
        return self._protocol(fid.NAME)

    @property
    def image_protocols(self) -> Mapping[str, Any]:
        """What `Supernet.protocol` is: of every objective estimated from images."""
        names = [name for name in self._judges["search"].objectives if name != fid.NAME]
        return {
            **self.fid_protocol,
            "others": {name: self._protocol(name) for name in names},
            "impossible": dict(self._impossible),
        }

    def measure(self, request: MeasurementRequest) -> Measurement:
        """Raises InvalidArchitecture, UnknownName for an objective that it does not measure, and
        MeasurementFailed when the architecture, or this machine under that protocol, cannot."""
        objective = request.protocol.objective
        architecture = self._space.parse(request.architecture)
        if objective == "latency_ms":
            return self._measure_latency(request, architecture)
        if objective in self._judges["search"].objectives:
            return self._judge(request, architecture)
        known = ", ".join([*self._judges["search"].objectives, "latency_ms"])
        raise UnknownName(f"no evaluator measures {objective!r}; known: {known}")

    @staticmethod
    def _against(
        judging: Judging, extractor: FeatureExtractor, reference: Reference
    ) -> Against | str:
        """Features of real images; where the images are not to be had, why, in one line."""
        try:
            real = real_features.find_or_compute(
                judging.dataset,
                REFERENCE_SPLIT,
                extractor,
                folders=(zoo.folder() / "reference", judging.references),
                data=judging.data,
            )
            real_features.require_same_data(reference, real)
        except InvalidInput as error:
            return f"no features of real images: {error}"
        return Against(extractor=extractor, real=real)

    def _protocol(self, name: str) -> Mapping[str, Any]:
        search, final = (self._judges[use].protocol(name) for use in ("search", "final"))
        other = {fact: value for fact, value in final.items() if search[fact] != value}
        return {**search, "final": other} if other else search

    def _judge(self, request: MeasurementRequest, architecture: Architecture) -> Measurement:
        start = time.perf_counter()
        name, asked = request.protocol.objective, request.protocol.parameters
        teacher = _teacher_in(asked)
        judges = self._judges if teacher is None else self._judges_by(teacher)
        final = judges["final"]
        judge = final if _agrees(asked, final.protocol(name)) else judges["search"]
        _agree(asked, judge.protocol(name))
        samples, seed = int(asked["samples"]), int(asked["seed"])
        on = str(asked.get("inputs", "")) + (str(teacher) if teacher else "")
        judged_on = (str(architecture), seed, on)
        known = self._recent.find(judged_on)
        result = judge.measure(name, architecture, samples=samples, seed=seed, judged=known)
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
                "resampling": result.estimate.resampling.value,
                "seconds": dict(result.seconds),
            },
            images_png=result.png,
        )

    def _judges_by(self, teacher: SuppliedTeacher) -> dict[str, ImageJudge]:
        """By use, with a teacher of the search's own; raises MeasurementFailed when it cannot be
        had."""
        if teacher not in self._supplied:
            assert isinstance(self._space, GanCompressionSpace)
            try:
                network = open_teacher(teacher, self._space.parameters)
            except InvalidInput as error:
                raise MeasurementFailed(f"the teacher cannot be used: {error}") from error
            self._supplied = {teacher: {}}
            for use, judge in self._judges.items():
                inputs = self._conditions[use].inputs
                maker = ImageMaker(network, inputs=inputs, side=self._side)
                distance = TeacherDistance(maker, largest(self._space), teacher.to_json())
                self._supplied[teacher][use] = judge.with_objective(distance)
        return self._supplied[teacher]

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


def as_judged(
    supernet: RunnableSupernet, dataset: str, data: Path | None
) -> tuple[Generator, Mapping[str, Any]]:
    """What is run when a supernet is judged, and what a protocol says of its running.

    Raises as `open_maps` does.
    """
    if not isinstance(supernet, SpadeSupernet):
        return supernet, {}
    training = open_maps(supernet.space.parameters, dataset, REFERENCE_SPLIT, data)
    calibrated = CalibratedSupernet(supernet, training)
    return calibrated, calibrated.facts


def _teacher_in(asked: Mapping[str, Any]) -> SuppliedTeacher | None:
    """That of a protocol, where it is not an architecture of the supernet."""
    about = asked.get("teacher")
    return SuppliedTeacher.from_json(about) if isinstance(about, Mapping) else None


def _agrees(asked: Mapping[str, Any], followed: Mapping[str, Any]) -> bool:
    return all(asked.get(name) == value for name, value in followed.items())


def _agree(asked: Mapping[str, Any], followed: Mapping[str, Any]) -> None:
    """Refuse to measure under another protocol than the one asked for."""
    for name, value in followed.items():
        if asked.get(name) != value:
            raise MeasurementFailed(
                f"the protocol says {name} {asked.get(name)!r}, this worker has {value!r}"
            )
