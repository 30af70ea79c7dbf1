"""What was struck, what came back, and after how long."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from infra.chaos.component import Kind


@dataclass
class Tally:
    """Of one kind of part; seconds are from the blow until it serves again and the next event of
    any job was recorded after that."""

    killed: int = 0
    stopped: int = 0  # and went on after a while
    recovered: int = 0
    fell: int = 0  # times that a part ended though nothing had struck itself
    longest_after_kill: float = 0.0
    longest_after_stop: float = 0.0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            killed=self.killed + other.killed,
            stopped=self.stopped + other.stopped,
            recovered=self.recovered + other.recovered,
            fell=self.fell + other.fell,
            longest_after_kill=max(self.longest_after_kill, other.longest_after_kill),
            longest_after_stop=max(self.longest_after_stop, other.longest_after_stop),
        )


@dataclass(frozen=True)
class Tallies:
    """By kind."""

    by_kind: Mapping[Kind, Tally] = field(default_factory=lambda: {kind: Tally() for kind in Kind})

    def __add__(self, other: "Tallies") -> "Tallies":
        return Tallies({kind: self.by_kind[kind] + other.by_kind[kind] for kind in Kind})

    def table(self) -> Iterable[str]:
        """Lines of text."""
        yield f"{'':<10}{'killed':>8}{'stopped':>9}{'recovered':>11}{'fell':>6}{'longest, s':>22}"
        yield f"{'':<44}{'after a kill':>12}{'a stop':>10}"
        for kind, tally in self.by_kind.items():
            counts = f"{tally.killed:>8}{tally.stopped:>9}{tally.recovered:>11}{tally.fell:>6}"
            longest = f"{tally.longest_after_kill:>12.1f}{tally.longest_after_stop:>10.1f}"
            yield f"{kind:<10}{counts}{longest}"
