"""Evaluations of one supernet that nobody made: their values follow formulas with the shape of what
is measured. An architecture has the same values whenever it comes up, as shared measurements do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.ids import new_id
from search_service.domain.resampling import Resampling

LAYERS = 10
SIDES = np.array([8, 16, 32])
RATIOS = np.array([0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0])
WIDEST = 64  # channels
SAMPLES = 2048
FID, LATENCY = "f" * 64, "c" * 64  # digests of protocols
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Imagined:
    """n architectures, and what measuring them gives."""

    sides: NDArray[np.int64]  # (n,), places in SIDES
    levels: NDArray[np.int64]  # (n, LAYERS), places in RATIOS
    values: dict[str, NDArray[np.float64]]  # (n,) each: fid, latency_ms, macs, params

    @classmethod
    def draw(cls, count: int, rng: np.random.Generator) -> "Imagined":
        """Mostly architectures that are about as wide everywhere, as a search comes to propose."""
        sides = rng.integers(0, len(SIDES), count)
        level = rng.integers(0, len(RATIOS), (count, 1))
        other = rng.integers(0, len(RATIOS), (count, LAYERS))
        apart = rng.random((count, LAYERS)) < rng.choice([0.15, 0.4, 1.0], (count, 1))
        return cls.of(sides, np.where(apart, other, level))

    @classmethod
    def of(cls, sides: NDArray[np.int64], levels: NDArray[np.int64]) -> "Imagined":
        """Their values."""
        code = _code(sides, levels)
        widths = WIDEST * RATIOS[levels]  # (n, LAYERS)
        weights = 9.0 * widths[:, 1:] * widths[:, :-1]
        area = np.square(SIDES[sides] / 2.0 ** np.arange(LAYERS - 1, 0, -1)[:, None] * 4).T
        macs = np.sum(weights * np.maximum(area, 16.0), axis=1)
        params = np.sum(weights, axis=1)
        uneven = np.std(levels, axis=1)
        fid = (1 + 60.0 / SIDES[sides]) * (1 + 2e3 / np.sqrt(params)) * (1 + 0.1 * uneven)
        return cls(
            sides=sides,
            levels=levels,
            values={
                "fid": fid * np.exp(0.04 * _noise(code, 1)),
                "latency_ms": (0.3 + 3e-6 * macs**0.8) * np.exp(0.03 * _noise(code, 2)),
                "macs": macs,
                "params": params,
            },
        )

    def __len__(self) -> int:
        return len(self.sides)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> "Imagined":
        """Some of them."""
        values = {name: column[chosen] for name, column in self.values.items()}
        return Imagined(sides=self.sides[chosen], levels=self.levels[chosen], values=values)

    @property
    def codes(self) -> NDArray[np.int64]:
        """Equal for equal architectures, (n,)."""
        return _code(self.sides, self.levels)

    def evaluations(
        self, *, job: str, supernet: str, first: int, replicates: int, rng: np.random.Generator
    ) -> Iterator[Evaluation]:
        """One of each, numbered from `first`. Replicates have noise in common, and some each."""
        common = np.random.default_rng(0).normal(size=replicates)
        columns = [self.values[name].tolist() for name in ("fid", "latency_ms", "macs", "params")]
        for i, (fid, latency, macs, params) in enumerate(zip(*columns, strict=True)):
            ratios = RATIOS[self.levels[i]].tolist()
            side = int(SIDES[self.sides[i]])
            own = fid * (1 + 0.02 * common + 0.004 * rng.normal(size=replicates))
            options = {f"channels.{layer}": ratio for layer, ratio in enumerate(ratios)}
            yield Evaluation(
                id=new_id("evl"),
                job=job,
                supernet=supernet,
                number=first + i,
                architecture=f"{side}:" + "_".join(str(int(WIDEST * ratio)) for ratio in ratios),
                options={"resolution": side} | options,
                state=EvaluationState.MEASURED,
                rung=0,
                values={
                    "macs": Value(value=macs),
                    "params": Value(value=params),
                    "latency_ms": Value(
                        value=latency,
                        low=0.97 * latency,
                        high=1.03 * latency,
                        device="cpu",
                        protocol_digest=LATENCY,
                    ),
                    "fid": Value(
                        value=fid,
                        low=0.96 * fid,
                        high=1.04 * fid,
                        samples=SAMPLES,
                        protocol_digest=FID,
                        replicates=tuple(own.tolist()),
                        resampling=Resampling.BOOTSTRAP,
                    ),
                },
                seconds=1.5,
                created_at=BEGAN + timedelta(seconds=first + i),
            )


def _code(sides: NDArray[np.int64], levels: NDArray[np.int64]) -> NDArray[np.int64]:
    return sides + len(SIDES) * (levels @ len(RATIOS) ** np.arange(LAYERS))


def _noise(code: NDArray[np.int64], salt: int) -> NDArray[np.float64]:
    """Standard normal, the same for the same code: SplitMix64's mixing of it."""
    mixed = code.astype(np.uint64) + np.uint64(salt << 40)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    found: NDArray[np.float64] = ndtri(
        (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
    )
    return found
