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
        if not self._needed(Source.IMAGES):
            return ()
        protocol = self._judging(final=False)
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
        """One request for each objective estimated from images, at this rung of the search."""
        return self._judgements(architecture, samples, SEARCH_SEED, self._judging(final=False))

    def final_judgements(self, architecture: str) -> list[MeasurementRequest]:
        """The same with fresh latents, or the inputs kept for it, and the final sample count."""
        protocol = self._judging(final=True)
        samples = _at_most(self.spec.fidelity.final_samples, protocol)
        return self._judgements(architecture, samples, FINAL_SEED, protocol)

    def violation(self, values: Mapping[str, Value]) -> float:
        """Total relative violation of the constraints whose value is known."""
        return sum(
            constraint.violation(values[constraint.name].value)
            for constraint in self.spec.constraints
            if constraint.name in values
        )

    def _needed(self, source: Source) -> list[ObjectiveSpec | Constraint]:
        """Objectives and constraints from this source, each name once."""
        named: dict[str, ObjectiveSpec | Constraint] = {}
        every: list[ObjectiveSpec | Constraint] = [*self.spec.objectives, *self.spec.constraints]
        for needed in every:
            if objective(needed.name).source is source:
                named.setdefault(needed.name, needed)
        return list(named.values())

    def _judging(self, *, final: bool) -> Mapping[str, Any]:
        """How images are judged; `final` in the supernet's protocol is what differs at the end."""
        search = {name: v for name, v in self.supernet.protocol.items() if name != "final"}
        return {**search, **self.supernet.protocol.get("final", {})} if final else search

    def _judgements(
        self, architecture: str, samples: int, seed: int, protocol: Mapping[str, Any]
    ) -> list[MeasurementRequest]:
        return [
            self._request(
                architecture,
                Protocol(objective=n.name, parameters=protocol).with_(samples=samples, seed=seed),
                "",
            )
            for n in self._needed(Source.IMAGES)
        ]

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
