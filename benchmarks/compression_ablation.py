"""What each term of the compression loss is worth: one architecture, trained several ways.

    OMP_NUM_THREADS=1 python benchmarks/compression_ablation.py RECIPE.toml ARCHITECTURE \
        --supernet FOLDER --output FOLDER --images 24000 --seeds 3

RECIPE is the supernet's, whose data, teacher, loss weights and schedule all arms share; FOLDER
holds what its training left, or is its folder of the zoo, which has no discriminator: a fresh one
then needs --warmup. Three arms go on from the supernet: with all terms, without distillation,
without reconstruction. The last begins with random weights, and without distillation. Every arm
sees the same images in the same order; those that go on do so at a lower rate. FID is of all test
inputs against the training images of the target; the table has the mean of the seeds and their
range.
Runs that are there already are not made again.
"""

import argparse
import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from search_service import recipes
from search_service.domain.space import Architecture
from search_service.recipes.compression import StudentRecipe
from search_service.recipes.precision import PRECISIONS
from workers import zoo
from workers.evaluators.extractors import FeatureExtractor, open_extractor
from workers.evaluators.fid import FidEvaluator
from workers.evaluators.inputs import ImageInputs
from workers.evaluators.reference import Reference, find_or_compute
from workers.images import DOMAINS
from workers.supernets.gan_compression.resnet_generator import ResnetGenerator
from workers.training.compression import CompressionTraining
from workers.training.loop import train
from workers.training.methods import METHODS

ARMS: Mapping[str, tuple[str, dict[str, float]]] = {
    "all three terms": ("finetune", {}),
    "without distillation": ("finetune", {"distillation": 0.0}),
    "without reconstruction": ("finetune", {"reconstruction": 0.0}),
    "from scratch": ("scratch", {"distillation": 0.0}),
}


def main() -> None:
    """Train what is missing, score it, print the table and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="the supernet's recipe")
    parser.add_argument("architecture")
    parser.add_argument("--supernet", type=Path, required=True, help="the folder of its training")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--images", type=int, default=24_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=5e-5, help="of the arms that go on")
    parser.add_argument("--decay-from", type=float, default=0.0, help="of the arms that go on")
    parser.add_argument("--warmup", type=int, default=0, help="images, of the arms that go on")
    parser.add_argument("--warmup-rate", type=float, default=2e-4)
    parser.add_argument("--half-life", type=float, default=0.0, help="images; of the average kept")
    parser.add_argument("--adversarial", type=float, help="weight of the term in every arm")
    parser.add_argument("--precision", choices=PRECISIONS, help="instead of the recipe's")
    parser.add_argument("--extractor", default="fashion-classifier")
    parser.add_argument("--only", action="append", choices=ARMS, help="repeat for several")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    base = recipes.read_toml(asked.recipe)
    scorer = Scorer(base["dataset"], asked.extractor, asked.output)
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in range(1, asked.seeds + 1):
        for arm in asked.only or ARMS:
            folder = asked.output / f"{arm.replace(', ', '-').replace(' ', '-')}-{seed}"
            training = begin(base, arm, seed=seed, asked=asked)
            if not (folder / "score.json").exists():
                train(training, folder)
                network = training.kept()["generator"]
                assert isinstance(network, ResnetGenerator)
                (folder / "score.json").write_text(json.dumps(scorer.score(network)))
            rows.setdefault(arm, []).append(json.loads((folder / "score.json").read_text()))
    teacher = training.teacher
    if teacher is not None:
        rows["teacher"] = [scorer.score(teacher)]
    (asked.output / "table.json").write_text(json.dumps(rows, indent=1))
    print("| arm | FID, mean of seeds | range | seeds |\n|---|---|---|---|")
    for arm, scores in rows.items():
        values = [score["value"] for score in scores]
        mean, low, high = statistics.fmean(values), min(values), max(values)
        print(f"| {arm} | {mean:.4f} | {low:.4f}–{high:.4f} | {len(values)} |")


def begin(
    base: Mapping[str, Any], arm: str, *, seed: int, asked: argparse.Namespace
) -> CompressionTraining:
    """The training of an arm, at its first step."""
    method, weights = ARMS[arm]
    left_out = ("method", "initial", "subnets", "sandwich")
    table = {name: value for name, value in base.items() if name not in left_out}
    if asked.adversarial is not None:
        weights = {"adversarial": asked.adversarial, **weights}
    table |= {
        "method": method,
        "architecture": asked.architecture,
        "images": asked.images,
        "seed": seed,
        "precision": asked.precision or base.get("precision", "float32"),
        "average_half_life": asked.half_life,
        "weights": {**base["weights"], **weights},
        "records": {"log_every": 100, "checkpoint_every": 500, "grid_every": 1500},
    }
    teacher = asked.supernet / "teacher.safetensors"
    if teacher.exists():
        table["teacher"] = {**base["teacher"], "weights": str(teacher)}
    critic = {**base["critic"], "weights": ""}
    if method == "finetune":
        trained, shipped = (
            asked.supernet / f"{name}.safetensors" for name in ("supernet", "weights")
        )
        table["initial"] = str(trained if trained.exists() else shipped)
        table |= {"warmup_images": asked.warmup, "warmup_rate": asked.warmup_rate}
        judge = asked.supernet / "discriminator.safetensors"
        if judge.exists():
            critic["weights"] = str(judge)
        adam = {"learning_rate": asked.rate, "decay_from": asked.decay_from}
        table["adam"] = {**base["adam"], **adam}
    name, recipe = recipes.parse({**table, "critic": critic})
    assert isinstance(recipe, StudentRecipe)
    training = METHODS[name](recipe, None)
    assert isinstance(training, CompressionTraining)
    return training


class Scorer:
    """FID of a generator over all test inputs of a data set."""

    def __init__(self, dataset: str, extractor: str, folder: Path) -> None:
        test = DOMAINS[dataset](None, "test")
        self._inputs = ImageInputs(test.inputs, name=f"{dataset}.test", digest=test.digest)
        self._side = test.inputs.shape[-1]
        self._extractor: FeatureExtractor = open_extractor(extractor)
        self._reference: Reference = find_or_compute(
            dataset, "train", self._extractor, folders=(zoo.folder() / "reference", folder)
        )

    def score(self, generator: ResnetGenerator) -> dict[str, float]:
        """Value and interval."""

        def run(x: Tensor, _: Architecture) -> Tensor:
            images: Tensor = generator(x)
            return images

        evaluator = FidEvaluator(
            run,
            inputs=self._inputs,
            side=self._side,
            extractor=self._extractor,
            reference=self._reference,
        )
        generator.eval()
        only = Architecture(options=(), text="the generator")
        result = evaluator.measure(only, samples=self._inputs.count, seed=0)
        found = asdict(result.estimate)
        return {name: found[name] for name in ("value", "low", "high")}


if __name__ == "__main__":
    main()
