"""By what the difference of two Fréchet distances is judged: the paired bootstrap that fronts use,
beside the paired jackknife of 16 blocks.

    OMP_NUM_THREADS=1 python benchmarks/intervals.py --output docs/experiments/intervals

A random two-layer generator makes features; two of its subnets lack hidden channels, the second
some more than the first, and see the same latents. How far apart they are is the mean difference of
all repetitions; for two that are equal but for noise of their own it is 0. Written for each case:
how often the 95 % interval of the difference holds that; its mean half-width in standard deviations
of the difference, 1.96 where the noise is known exactly; the coefficient of variation of that
width; how often the two are told apart; CPU milliseconds for one subnet's replicates. Then the same
cost at d = 2048.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_service.domain.evaluation import Value
from search_service.domain.paired import margin
from search_service.domain.resampling import Resampling
from workers.evaluators.bootstrap import exact_replicates, frechet_replicates, linear_replicates
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.jackknife import frechet_interval
from workers.evaluators.statistics import Float64, features_to_statistics

LATENTS, HIDDEN, MISSING = 32, 256, 20  # MISSING channels lack in the first subnet
EXACT_TO = 8  # images per feature: beyond, it takes long and differs in nothing
OWN = 0.02  # noise of their own in two equal subnets
CASES = [
    (64, count, lacking) for count in (32, 64, 128, 512, 2048) for lacking in (0, 1, 8)
]  # features, images, channels that the second lacks besides

Replicates = Callable[[NDArray[Any], FrechetReference], tuple[float, ...]]


def by_jackknife(features: NDArray[Any], reference: FrechetReference) -> tuple[float, ...]:
    return frechet_interval(features, reference).replicates


WAYS: dict[str, tuple[Replicates, Resampling]] = {
    "jackknife": (by_jackknife, Resampling.JACKKNIFE),
    "bootstrap, as used": (frechet_replicates, Resampling.BOOTSTRAP),
    "bootstrap, exact": (exact_replicates, Resampling.BOOTSTRAP),
    "bootstrap, first order": (linear_replicates, Resampling.BOOTSTRAP),
}


class Toy:
    """The generator of features of this size."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(0)
        self._first = rng.normal(size=(LATENTS, HIDDEN)) / np.sqrt(LATENTS)
        self._bias = rng.normal(size=HIDDEN) * 0.3
        self._second = rng.normal(size=(HIDDEN, size)) / np.sqrt(HIDDEN)
        self._spectrum = 1 / np.arange(1, size + 1) ** 0.4

    def __call__(self, latents: Float64, lacking: int = 0) -> Float64:
        """Without the first so many hidden channels."""
        hidden = np.maximum(latents @ self._first + self._bias, 0)
        hidden[:, :lacking] = 0
        features: Float64 = np.maximum(hidden @ self._second + 0.2, 0) * self._spectrum
        return features


def judged(size: int, count: int, lacking: int, repeats: int) -> dict[str, Any]:
    """One case, by every way that takes so few images."""
    toy, rng = Toy(size), np.random.default_rng(1)
    real = toy(np.random.default_rng(9).normal(size=(20_000, LATENTS)))
    reference = FrechetReference(statistics=features_to_statistics(real))
    unfit = {"bootstrap, first order": count <= size, "bootstrap, exact": count > EXACT_TO * size}
    ways = [way for way in WAYS if not unfit.get(way)]
    margins: dict[str, list[float]] = {way: [] for way in ways}
    seconds, differences = dict.fromkeys(ways, 0.0), []
    for _ in range(repeats):
        latents = rng.normal(size=(count, LATENTS))
        pair = [toy(latents, MISSING), toy(latents, MISSING + lacking)]
        if not lacking:
            pair = [each + OWN * rng.normal(size=each.shape) for each in pair]
        values = [frechet_interval(each, reference).value for each in pair]
        differences.append(values[0] - values[1])
        for way in ways:
            replicates, resampling = WAYS[way]
            start = time.process_time()
            both = [
                Value(value=0.0, replicates=replicates(each, reference), resampling=resampling)
                for each in pair
            ]
            seconds[way] += time.process_time() - start
            margins[way].append(margin(*both))
    apart = np.array(differences)
    truth = apart.mean() if lacking else 0.0
    found = {}
    for way in ways:
        widths = np.array(margins[way])
        found[way] = {
            "coverage": float(np.mean(np.abs(apart - truth) <= widths)),
            "width": float(widths.mean() / apart.std(ddof=1)),
            "variation": float(widths.std() / widths.mean()),
            "told_apart": float(np.mean(np.abs(apart) > widths)),
            "cpu_ms": 1e3 * seconds[way] / repeats / 2,
        }
    case = {"features": size, "images": count, "lacking": lacking, "repeats": repeats}
    return case | {"difference": float(truth), "ways": found}


def costs(size: int, counts: list[int]) -> list[dict[str, float]]:
    """CPU seconds of one subnet's replicates, as a search makes them, with so many features."""
    toy, rng = Toy(size), np.random.default_rng(1)
    real = toy(rng.normal(size=(2 * size, LATENTS))) + rng.normal(size=(2 * size, size))
    reference = FrechetReference(statistics=features_to_statistics(real))
    assert reference.root.shape == (size, size)  # made beforehand, as in a search
    found = []
    for count in counts:
        features = toy(rng.normal(size=(count, LATENTS)), MISSING) + rng.normal(size=(count, size))
        start = time.process_time()
        frechet_replicates(features, reference)
        middle = time.process_time()
        by_jackknife(features, reference)
        taken = {"bootstrap": middle - start, "jackknife": time.process_time() - middle}
        found.append({"features": size, "images": count, **taken})
    return found


def table(cases: list[dict[str, Any]], dear: list[dict[str, float]]) -> str:
    """Both as Markdown."""
    lines = [
        (
            "| features | images | channels apart | by | holds the truth | half-width, in standard "
            "deviations | its variation | told apart | CPU ms |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case in cases:
        for way, found in case["ways"].items():
            lines.append(
                f"| {case['features']} | {case['images']} | {case['lacking']} | {way} "
                f"| {found['coverage']:.3f} | {found['width']:.2f} | {found['variation']:.2f} "
                f"| {found['told_apart']:.2f} | {found['cpu_ms']:.1f} |"
            )
    lines += [
        "",
        "| features | images | bootstrap, CPU s | jackknife, CPU s |",
        "|---|---|---|---|",
    ]
    for cost in dear:
        lines.append(
            f"| {cost['features']} | {cost['images']} "
            f"| {cost['bootstrap']:.2f} | {cost['jackknife']:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=150)
    parser.add_argument("--size", type=int, default=2048, help="of the features in the last table")
    arguments = parser.parse_args()
    cases = [judged(*case, repeats=arguments.repeats) for case in CASES]
    dear = costs(arguments.size, [arguments.size // 4, 2 * arguments.size])
    arguments.output.mkdir(parents=True, exist_ok=True)
    log = json.dumps({"cases": cases, "costs": dear}, indent=1)
    (arguments.output / "intervals.json").write_text(log + "\n")
    (arguments.output / "README.md").write_text(
        "# How sure the difference of two Fréchet distances is\n\n"
        "By `benchmarks/intervals.py`, whose first lines say what is measured.\n\n"
        + table(cases, dear)
    )


if __name__ == "__main__":
    main()
