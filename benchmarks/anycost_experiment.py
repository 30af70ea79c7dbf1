"""What the parts of Anycost training are worth, at a small scale: several arms, several seeds.

    OMP_NUM_THREADS=1 python benchmarks/anycost_experiment.py \
        infra/recipes/anycost-experiment.toml --output FOLDER --seeds 3

The recipe has what all arms share. Three arms begin with random weights at the full width and
differ in the resolutions that the discriminator sees; each sees equally many real images. Four go
on from the arm whose resolutions are sampled, of the same seed, at every width: with the method
whole, taught by the average or by what they go on from, without distillation, and with a
discriminator that is not told the widths. FID is of the
averaged generator against training images of the same resolution: real ones are shrunk by area,
and both are brought up to the full side bilinearly. The table has the mean of the seeds and their
range. Runs that are there already are not made again.
"""

import argparse
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student

from search_service import recipes
from search_service.recipes.anycost import AnycostRecipe
from search_service.spaces.anycost import RATIOS
from workers.checkpoints import load_weights, write_atomically
from workers.evaluators.extractors import open_extractor
from workers.evaluators.frechet import FrechetReference
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.inputs import latent_inputs
from workers.evaluators.jackknife import frechet_interval
from workers.evaluators.latents import SHARD
from workers.evaluators.statistics import features_to_statistics, merge
from workers.images import DATASETS, from_uint8, grid, png, to_uint8, upsample
from workers.supernets.anycost import AnycostSupernet
from workers.training.anycost import AnycostTraining
from workers.training.loop import train
from workers.training.losses import area_pyramid
from workers.training.methods import METHODS

Table = Mapping[str, Mapping[str, Any]]  # tables of a recipe, and keys in them

RESOLUTIONS: Mapping[str, Table] = {
    "highest": {"sampling": {"resolutions": "highest"}},
    "sampled": {"sampling": {"resolutions": "sampled", "levels": 2}},
    "all": {"sampling": {"resolutions": "all"}},
}
FIRST = "sampled"  # whose weights the next arms go on from
ADAPTIVE: Table = {
    "sampling": {"resolutions": "sampled", "levels": 2, "channels": "uniform", "sort": True},
    "critic": {"conditioned": True},
    "distillation": {"weight": 2.0},
}
FINISHED = "adaptive, finished teacher"  # the stage before, as the paper has it
WIDTHS: Mapping[str, Table] = {
    "adaptive": ADAPTIVE,
    FINISHED: ADAPTIVE,
    "adaptive, without distillation": {**ADAPTIVE, "distillation": {"weight": 0.0}},
    "adaptive, without condition": {**ADAPTIVE, "critic": {"conditioned": False}},
}
BATCH = 500
COLUMNS, SHOWN_SEED = 16, 4


def main() -> None:
    """Train what is missing, score it, print the tables and write them down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--adaptive-images", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--extractor", default="fashion-classifier")
    parser.add_argument("--only", action="append", choices=[*RESOLUTIONS, *WIDTHS])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    base = recipes.read_toml(asked.recipe)
    scorer = Scorer(base["dataset"], asked.extractor, asked.samples, asked.output)
    scores: dict[str, list[dict[str, Any]]] = {}
    for seed in range(1, asked.seeds + 1):
        for arm in asked.only or (*RESOLUTIONS, *WIDTHS):
            folder = asked.output / f"{name_of(arm)}-{seed}"
            score = folder / "score.json"
            if not score.exists():
                training = begin(base, arm, seed=seed, asked=asked)
                train(training, folder)
                found = scorer.score(training.average, whole=arm in WIDTHS)
                write_atomically(score, json.dumps(found, indent=1).encode())
            scores.setdefault(arm, []).append(json.loads(score.read_text()))
        write_atomically(asked.output / "table.json", json.dumps(scores, indent=1).encode())
    write_atomically(asked.output / "resolutions.png", picture(base, asked))
    for arms in (RESOLUTIONS, WIDTHS):
        there = {arm: scores[arm] for arm in arms if arm in scores}
        print_table(there)
        print_differences(there)


def name_of(arm: str) -> str:
    """As a folder is called."""
    return arm.replace(", ", "-").replace(" ", "-")


def begin(
    base: Mapping[str, Any], arm: str, *, seed: int, asked: argparse.Namespace
) -> AnycostTraining:
    """The training of an arm, at its first step."""
    table: dict[str, Any] = {**base, "seed": seed}
    for name, keys in {**RESOLUTIONS, **WIDTHS}[arm].items():
        table[name] = {**table.get(name, {}), **keys}
    if arm in WIDTHS:
        before = asked.output / f"{FIRST}-{seed}"
        table["images"] = asked.adaptive_images
        table["initial"] = str(before / "average.safetensors")
        if arm == FINISHED:
            table["distillation"]["teacher"] = table["initial"]
        table["critic"]["weights"] = str(before / "discriminator.safetensors")
    method, recipe = recipes.parse(table)
    assert isinstance(recipe, AnycostRecipe)
    training = METHODS[method](recipe, None)
    assert isinstance(training, AnycostTraining)
    return training


class Scorer:
    """FID of subnets of a generator, each against real images of its resolution."""

    def __init__(self, dataset: str, extractor: str, samples: int, folder: Path) -> None:
        self._dataset, self._samples, self._folder = dataset, samples, folder
        self._extractor = open_extractor(extractor)
        self._references: dict[int, FrechetReference] = {}

    def score(self, generator: AnycostSupernet, *, whole: bool) -> dict[str, Any]:
        """By resolution at full width and, if it is `whole`, by ratio at full resolution: value
        and interval."""
        space = generator.space
        full = space.parameters.resolution
        maker = ImageMaker(
            generator, inputs=latent_inputs(space.parameters, self._dataset, None), side=full
        )
        wanted: list[tuple[str, float, float, int]] = [
            ("resolution", side, 1.0, side) for side in space.resolutions
        ]
        if whole:
            wanted += [("ratio", ratio, ratio, full) for ratio in RATIOS]
        found: dict[str, Any] = {"samples": self._samples}
        for kind, name, ratio, side in wanted:
            architecture = space.uniform(ratio, side)
            shards = range(-(-self._samples // SHARD))
            images = torch.cat([maker.shard(architecture, 0, i) for i in shards])[: self._samples]
            features = torch.cat([self._extractor(part) for part in torch.split(images, BATCH)])
            estimate = frechet_interval(features.numpy(), self._reference(side, full))
            ends = {"fid": estimate.value, "low": estimate.low, "high": estimate.high}
            rounded = {key: round(value, 4) for key, value in ends.items()}
            found.setdefault(kind, {})[str(name)] = rounded
        return found

    def _reference(self, side: int, full: int) -> FrechetReference:
        """Of all training images, shrunk to the side and brought up again."""
        if side not in self._references:
            real = torch.from_numpy(DATASETS[self._dataset](None, "train").images)
            parts = []
            for batch in torch.split(real, BATCH):
                (shrunk,) = area_pyramid(from_uint8(batch), [side])
                features = self._extractor(to_uint8(upsample(shrunk, full)))
                parts.append(features_to_statistics(features.numpy()))
            self._references[side] = FrechetReference(statistics=merge(parts))
        return self._references[side]


@torch.no_grad()
def picture(base: Mapping[str, Any], asked: argparse.Namespace) -> bytes:
    """PNG of the same latents by the first seed of the arms that differ in resolutions: of each, a
    row a resolution, the highest first."""
    rows = []
    for arm in RESOLUTIONS:
        weights = asked.output / f"{name_of(arm)}-1" / "average.safetensors"
        if not weights.exists():
            continue
        generator = begin(base, arm, seed=1, asked=asked).average
        load_weights(generator, weights)
        space, rng = generator.space, torch.Generator().manual_seed(SHOWN_SEED)
        latents = torch.randn(COLUMNS, generator.style_dim, generator=rng)
        for side in reversed(space.resolutions):
            images = generator(latents, space.uniform(1.0, side))
            rows.append(to_uint8(upsample(images, space.parameters.resolution)).numpy())
    return png(grid(np.concatenate(rows), COLUMNS))


def print_table(scores: Mapping[str, list[dict[str, Any]]]) -> None:
    """A row an arm, a column a resolution or ratio: the mean of the seeds, and their range."""
    if not scores:
        return
    first = next(iter(scores.values()))[0]
    columns = [(kind, name) for kind in ("resolution", "ratio") for name in first.get(kind, {})]
    titles = [f"ratio {name}" if kind == "ratio" else f"{name}x{name}" for kind, name in columns]
    print(f"| arm | {' | '.join(titles)} | seeds |\n|{'---|' * (len(columns) + 2)}")
    for arm, rows in scores.items():
        cells = []
        for kind, name in columns:
            values = [row[kind][name]["fid"] for row in rows]
            cells.append(f"{statistics.fmean(values):.2f} ({min(values):.2f}–{max(values):.2f})")
        print(f"| {arm} | {' | '.join(cells)} | {len(rows)} |")
    print()


def print_differences(scores: Mapping[str, list[dict[str, Any]]]) -> None:
    """Of each later arm from the first, seed by seed: the mean, and its 95 % interval by Student's
    t."""
    if not scores:
        return
    (first, others), *rest = scores.items()
    for arm, rows in rest:
        pairs = list(zip(rows, others, strict=False))
        if len(pairs) < 2:
            continue
        for kind in ("resolution", "ratio"):
            for name in rows[0].get(kind, {}):
                found = [new[kind][name]["fid"] - old[kind][name]["fid"] for new, old in pairs]
                half = student.ppf(0.975, len(found) - 1) * statistics.stdev(found)
                half /= len(found) ** 0.5
                mean = statistics.fmean(found)
                print(f"{arm} less {first}, {kind} {name}: {mean:+.2f} ± {half:.2f}")
    print()


if __name__ == "__main__":
    main()
