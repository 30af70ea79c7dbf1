"""What a search measures: its spec turned into measurement requests and closed-form values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search_service.domain.evaluation import Value
from search_service.domain.measurement import MeasurementRequest, Protocol
from search_service.domain.objective import OBJECTIVES, Source, objective
from search_service.domain.space import Architecture, SearchSpace
from search_service.domain.spec import Constraint, ObjectiveSpec, SearchSpec
from search_service.domain.supernet import Device, Supernet
from search_service.domain.teacher import OBJECTIVE as TEACHERS_OBJECTIVE
from search_service.domain.unmet import total_violation

SEARCH_SEED = 0  # of the latents: one set for every architecture of every job, so values are shared
FINAL_SEED = 1  # of the fresh latents that front members are re-measured with
SEARCH_ROUNDS = 20  # of paired timings
FINAL_ROUNDS = 60


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The requests for one architecture, during the search and at its end."""

    spec: SearchSpec
    supernet: Supernet
    space: SearchSpace
    devices: Mapping[str, Device]  # by name, those that the spec names

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of what is minimised."""
        return tuple(o.name for o in self.spec.objectives)

    @property
    def rungs(self) -> tuple[int, ...]:
        """Sample counts of the ladder; empty when nothing is estimated from images."""
        needed = self._needed(Source.IMAGES)
        if not needed:
            return ()
        protocol = self.supernet.judging(needed[0].name)  # all are judged on the same inputs
        return tuple(dict.fromkeys(_at_most(n, protocol) for n in self.spec.fidelity.samples))

    def closed_form(self, architecture: Architecture) -> dict[str, Value]:
        """Every objective that the space knows exactly."""
        exact = {"macs": self.space.macs, "params": self.space.params}
        return {
            name: Value(value=float(exact[name](architecture)))
            for name, o in OBJECTIVES.items()
            if o.source is Source.CLOSED_FORM
        }

    def timings(self, architecture: str, *, final: bool = False) -> list[MeasurementRequest]:
        """One request for each device objective."""
        rounds = FINAL_ROUNDS if final else SEARCH_ROUNDS
        return [
            self._request(
                architecture,
                Protocol(objective=n.name, parameters=self.devices[n.device].protocol).with_(
                    rounds=rounds
                ),
                n.device,
            )
            for n in self._needed(Source.DEVICE)
        ]

    def judgements(self, architecture: str, samples: int) -> list[MeasurementRequest]:
        """One request for each objective estimated from images, at this rung of the search; below
        the top, for those alone that so few samples suffice for."""
        names = [
            n.name
            for n in self._needed(Source.IMAGES)
            if samples >= objective(n.name).min_samples or samples == self.rungs[-1]
        ]
        return [self._judgement(architecture, name, samples) for name in names]

    def final_judgements(self, architecture: str) -> list[MeasurementRequest]:
        """The same with fresh latents, or the inputs kept for it, and the final sample count."""
        samples = self.spec.fidelity.final_samples
        return [
            self._judgement(architecture, n.name, samples, final=True)
            for n in self._needed(Source.IMAGES)
        ]

    def violation(self, values: Mapping[str, Value]) -> float:
        """Total relative violation of the constraints whose value is known."""
        numbers = {name: value.value for name, value in values.items()}
        return total_violation(self.spec.constraints, numbers)

    def _needed(self, source: Source) -> list[ObjectiveSpec | Constraint]:
        """Objectives and constraints from this source, each name once."""
        named: dict[str, ObjectiveSpec | Constraint] = {}
        every: list[ObjectiveSpec | Constraint] = [*self.spec.objectives, *self.spec.constraints]
        for needed in every:
            if objective(needed.name).source is source:
                named.setdefault(needed.name, needed)
        return list(named.values())

    def _judgement(
        self, architecture: str, name: str, samples: int, *, final: bool = False
    ) -> MeasurementRequest:
        protocol = self.supernet.judging(name, final=final)
        if self.spec.teacher is not None and name == TEACHERS_OBJECTIVE:
            protocol = {**protocol, "teacher": self.spec.teacher.to_json()}
        asked = Protocol(objective=name, parameters=protocol).with_(
            samples=_at_most(samples, protocol), seed=FINAL_SEED if final else SEARCH_SEED
        )
        return self._request(architecture, asked, "")

    def _request(self, architecture: str, protocol: Protocol, device: str) -> MeasurementRequest:
        return MeasurementRequest(
            supernet=self.supernet.id,
            supernet_digest=self.supernet.digest,
            architecture=architecture,
            protocol=protocol,
            device=device,
        )


def _at_most(samples: int, protocol: Mapping[str, Any]) -> int:
    """All inputs where there are fewer than asked for."""
    return min(samples, int(protocol.get("inputs_count", samples)))
