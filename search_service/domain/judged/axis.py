"""What a column holds, and what of it a question needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search_service.domain.evaluation import Evaluation


@dataclass(frozen=True, kw_only=True, order=True)
class Axis:
    """Values that compare with each other: of one objective, device and protocol; those of the
    search apart from those measured again at its end."""

    name: str
    device: str = ""
    protocol: str = ""
    samples: int = 0  # 0 where no images are judged
    final: bool = False


@dataclass(frozen=True, kw_only=True)
class Need:
    """A value that a question cannot do without. None: of any protocol; empty: of any device."""

    name: str
    device: str = ""
    protocol: str | None = None

    def axes(self, known: Iterable[Axis]) -> list[Axis]:
        """Those that can answer, the values measured again before those of the search."""
        fit = [
            axis
            for axis in known
            if axis.name == self.name
            and (self.protocol is None or axis.protocol == self.protocol)
            and (not self.device or axis.device == self.device)
        ]
        return sorted(fit, key=lambda axis: not axis.final)


def axes_of(evaluation: Evaluation) -> Mapping[Axis, float]:
    """An evaluation's values, each under its axis."""
    found = {}
    for final, values in ((False, evaluation.values), (True, evaluation.final_values)):
        for name, value in values.items():
            axis = Axis(
                name=name,
                device=value.device,
                protocol=value.protocol_digest,
                samples=value.samples or 0,
                final=final,
            )
            found[axis] = value.value
    return found
