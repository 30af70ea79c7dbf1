"""Where augmentation helps and where it harms: one pair, little data, T in each of its places.

    OMP_NUM_THREADS=1 python benchmarks/diffaugment_experiment.py infra/recipes --output FOLDER \
        --fractions 0.01 0.1 --seeds 3

The recipes `diffaugment-<placement>.toml`, of the small DCGAN-like pair, differ in the placement
alone, and so do those of `--pair stylegan2`. Each arm is trained on the same share of the data, in
the same order, from the same first weights; FID of the averaged generator on the same latents is
written into its log at `--points` places of the run, and at its end with more samples. The table
has the mean of the seeds and their range: of the last FID, of the best one, and of the
discriminator's accuracies. All arms of a seed come before the next seed, and runs that are there
already are not made again.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from search_service import recipes
from search_service.domain.space import Architecture
from search_service.recipes.augment import PLACEMENTS
from search_service.recipes.gan import PAIRS, GanRecipe
from search_service.recipes.watching import HELD_OUT, TRAIN, overfits
from workers import zoo
from workers.evaluators.extractors import open_extractor
from workers.evaluators.fid import FidEvaluator
from workers.evaluators.inputs import LatentInputs
from workers.evaluators.reference import find_or_compute
from workers.images import class_shares
from workers.training.gan import GanTraining
from workers.training.loop import LOG, train
from workers.training.methods import METHODS

LAST = "score.json"
ONLY = Architecture(options=(), text="the generator")


def main() -> None:
    """Train what is missing, print the table and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", type=Path, help="the folder of diffaugment-*.toml")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.01, 0.1])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PLACEMENTS, default=PLACEMENTS)
    parser.add_argument("--pair", choices=PAIRS, default="dcgan")
    parser.add_argument("--images", type=int, help="instead of the recipes'")
    parser.add_argument("--points", type=int, default=8, help="FIDs along a run")
    parser.add_argument("--samples", type=int, default=2_048, help="of each of them")
    parser.add_argument("--final-samples", type=int, default=5_000)
    parser.add_argument("--finished", action="store_true", help="train none: what is there counts")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in range(1, asked.seeds + 1):
        for fraction in asked.fractions:
            for placement in asked.only:
                recipe = read_recipe(asked, placement, fraction=fraction, seed=seed)
                folder = asked.output / f"{recipe.pair}-{fraction:g}-{placement}-{seed}"
                if not (folder / LAST).exists():
                    if asked.finished:
                        continue
                    run(recipe, folder, asked)
                row = f"{recipe.pair}, {100 * fraction:g} % of the data, {placement}"
                rows.setdefault(row, []).append(summary(folder))
    (asked.output / "table.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows))


def read_recipe(
    asked: argparse.Namespace, placement: str, *, fraction: float, seed: int
) -> GanRecipe:
    """Of one run."""
    changes = {"data_fraction": fraction, "seed": seed}
    if asked.images is not None:
        changes["images"] = asked.images
    arm = placement if asked.pair == "dcgan" else f"{asked.pair}-{placement}"
    table = recipes.read_toml(asked.recipes / f"diffaugment-{arm}.toml")
    _, recipe = recipes.parse({**table, **changes})
    assert isinstance(recipe, GanRecipe)
    assert recipe.augment.placement == placement
    return recipe


def run(recipe: GanRecipe, folder: Path, asked: argparse.Namespace) -> None:
    """Train one arm, FID in its log, and score what came out."""
    training = METHODS["gan"](recipe, None)
    assert isinstance(training, GanTraining)
    scored = Scored(training, asked)
    train(scored, folder)
    (folder / LAST).write_text(json.dumps(scored.score(asked.final_samples)) + "\n")


class Scored:
    """A training whose steps also tell FID, `points` times in the run."""

    def __init__(self, training: GanTraining, asked: argparse.Namespace) -> None:
        recipe = training.recipe
        self._training, self._samples = training, asked.samples
        per_line = recipe.records.log_every
        self._every = max(1, round(recipe.steps / asked.points / per_line)) * per_line
        extractor = open_extractor("fashion-classifier")
        shares = class_shares(recipe.dataset, None, "train") if recipe.classes else None
        self._evaluator = FidEvaluator(
            self._images,
            inputs=LatentInputs(training.pair.latent_dim, shares),
            side=recipe.resolution,
            extractor=extractor,
            reference=find_or_compute(
                recipe.dataset,
                "train",
                extractor,
                folders=(zoo.folder() / "reference", asked.output),
            ),
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._training, name)

    def step(self, index: int) -> dict[str, float]:
        """See Training."""
        losses, done = self._training.step(index), index + 1
        if done % self._every == 0 or done == self._training.recipe.steps:
            losses["fid"] = self.score(self._samples)["value"]
        return losses

    def score(self, samples: int) -> dict[str, float]:
        """FID and its interval."""
        found = asdict(self._evaluator.measure(ONLY, samples=samples, seed=0).estimate)
        return {name: found[name] for name in ("value", "low", "high")}

    def _images(self, z: Tensor, _: Architecture) -> Tensor:
        return self._training.pair.images(self._training.average, z)


def summary(folder: Path) -> dict[str, float]:
    """Of one run: its last FID and its best, the accuracies of its last quarter, and after how many
    images the early warning came, if it did."""
    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    late = lines[-max(1, len(lines) // 4) :]
    warned = [line["images"] for line in lines if overfits(line)]
    best = min((line for line in lines if "fid" in line), key=lambda line: float(line["fid"]))
    return {
        "fid": json.loads((folder / LAST).read_text())["value"],
        "best_fid": best["fid"],
        "best_at": best["images"],
        TRAIN: statistics.fmean(line[TRAIN] for line in late),
        HELD_OUT: statistics.fmean(line[HELD_OUT] for line in late),
        **({"warned_at": warned[0]} if warned else {}),
    }


def table(rows: dict[str, list[dict[str, float]]]) -> str:
    """In Markdown."""
    head = ("arm", "FID at the end", "best FID", "train accuracy", "held-out accuracy", "seeds")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for arm, runs in rows.items():
        cells = [spread([run[name] for run in runs], places) for name, places in COLUMNS]
        lines.append("| " + " | ".join([arm, *cells, str(len(runs))]) + " |")
    return "\n".join(lines)


COLUMNS = (("fid", 2), ("best_fid", 2), (TRAIN, 2), (HELD_OUT, 2))


def spread(values: Sequence[float], places: int) -> str:
    """The mean, and from where to where they go."""
    mean, low, high = statistics.fmean(values), min(values), max(values)
    return f"{mean:.{places}f} ({low:.{places}f}–{high:.{places}f})"


if __name__ == "__main__":
    main()
