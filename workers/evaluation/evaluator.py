"""The plain class that a pool actor owns, from a request to a measurement."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray

from search_service.domain.measurement import Measurement, MeasurementRequest
from search_service.domain.space import Architecture, largest
from search_service.domain.teacher import SuppliedTeacher
from search_service.errors import InvalidInput, MeasurementFailed, UnknownName
from search_service.spaces.gan_compression import GanCompressionSpace
from workers.evaluation.agreement import agrees, require_agreement, teacher_in
from workers.evaluation.judging import Judging, open_judges
from workers.evaluation.supernet import load_supernet
from workers.evaluators import fid
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.judge import ImageJudge
from workers.evaluators.latency import LatencyEvaluator
from workers.evaluators.placement import CPU
from workers.evaluators.recent import RecentlyJudged
from workers.evaluators.supplied_teacher import open_teacher
from workers.evaluators.teacher_distance import TeacherDistance


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
        placement: torch.device = CPU,
    ) -> None:
        """`placement` makes the images and looks at them; latency is always of the CPU.

        Raises UnknownName, InvalidInput or InvalidFile when the parts do not fit each other.
        """
        supernet = load_supernet(family, parameters, weights, placement=placement)
        self._space = supernet.space
        self._opened = open_judges(supernet, judging, placement=placement)
        self._placement = placement
        self._judges = self._opened.by_use
        self._latency = LatencyEvaluator(supernet, example=self._opened.example)
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
            "impossible": dict(self._opened.impossible),
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

    def _protocol(self, name: str) -> Mapping[str, Any]:
        search, final = (self._judges[use].protocol(name) for use in ("search", "final"))
        other = {fact: value for fact, value in final.items() if search[fact] != value}
        return {**search, "final": other} if other else search

    def _judge(self, request: MeasurementRequest, architecture: Architecture) -> Measurement:
        start = time.perf_counter()
        name, asked = request.protocol.objective, request.protocol.parameters
        teacher = teacher_in(asked)
        judges = self._judges if teacher is None else self._judges_by(teacher)
        final = judges["final"]
        judge = final if agrees(asked, final.protocol(name)) else judges["search"]
        require_agreement(asked, judge.protocol(name))
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
                network = open_teacher(teacher, self._space.parameters, placement=self._placement)
            except InvalidInput as error:
                raise MeasurementFailed(f"the teacher cannot be used: {error}") from error
            self._supplied = {teacher: {}}
            for use, judge in self._judges.items():
                inputs = self._opened.conditions[use].inputs
                maker = ImageMaker(
                    network, inputs=inputs, side=self._opened.side, placement=self._placement
                )
                distance = TeacherDistance(maker, largest(self._space), teacher.to_json())
                self._supplied[teacher][use] = judge.with_objective(distance)
        return self._supplied[teacher]

    def _measure_latency(
        self, request: MeasurementRequest, architecture: Architecture
    ) -> Measurement:
        start = time.perf_counter()
        asked = request.protocol.parameters
        require_agreement(asked, self._latency.protocol)
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
