"""Train the classifier whose features judge clothing: `python -m` this, a recipe, a folder."""

import argparse
import json
import logging
import os
import shutil
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from search_service.errors import InvalidFile
from workers.evaluators.channels_last import channels_last
from workers.evaluators.fashion_classifier import FashionClassifier
from workers.images import LabelledImages, from_uint8, read_fashion_mnist

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ClassifierRecipe:
    """All that decides the weights; read from TOML, where every field must stand."""

    seed: int
    epochs: int
    batch_size: int
    learning_rate: float  # the peak of one cycle
    weight_decay: float
    shift: int  # pixels by which an image may move, each way
    label_smoothing: float

    @classmethod
    def read(cls, path: Path) -> "ClassifierRecipe":
        """Raises InvalidFile when it is missing, not TOML, or names other fields."""
        try:
            values = tomllib.loads(path.read_text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise InvalidFile(f"cannot read the recipe {path}: {error}") from error
        names = {field.name for field in fields(cls)}
        if names != values.keys():
            odd = ", ".join(sorted(names ^ values.keys()))
            raise InvalidFile(f"the recipe {path} must name exactly {sorted(names)}; see {odd}")
        return cls(**values)


def augment(images: Tensor, shift: int, rng: torch.Generator) -> Tensor:
    """Each image mirrored with probability ½ and moved by up to `shift` pixels over zeros."""
    n, _, side, _ = images.shape
    padded = F.pad(images, (shift, shift, shift, shift), value=-1.0)
    moves = torch.randint(0, 2 * shift + 1, (2, n, 1), generator=rng)
    rows, columns = moves + torch.arange(side)  # (n, side) each
    mirrored = torch.rand((n, 1), generator=rng) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    batch = torch.arange(n)[:, None, None]
    return padded[batch, 0, rows[:, :, None], columns[:, None, :]][:, None]


def train(
    recipe: ClassifierRecipe, real: LabelledImages
) -> Iterator[tuple[FashionClassifier, float]]:
    """After every epoch: the classifier so far (the same object) and the epoch's mean loss."""
    torch.manual_seed(recipe.seed)  # torch offers no other way to seed a module's initial weights
    rng = torch.Generator().manual_seed(recipe.seed)
    model = channels_last(FashionClassifier())
    images = torch.from_numpy(real.pixels)[:, None]
    labels = torch.from_numpy(real.labels).long()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    steps = len(images) // recipe.batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.epochs * steps, pct_start=0.2
    )
    for _ in range(recipe.epochs):
        model.train()
        total = 0.0
        order = torch.randperm(len(images), generator=rng)[: steps * recipe.batch_size]
        for chosen in torch.split(order, recipe.batch_size):
            batch = augment(from_uint8(images[chosen]), recipe.shift, rng)
            logits = model(batch.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, labels[chosen], label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            total += loss.item()
        yield model, total / steps


@torch.inference_mode()
def accuracy(model: FashionClassifier, real: LabelledImages) -> float:
    """The share of images whose largest logit is the true class."""
    model.eval()
    images = from_uint8(torch.from_numpy(real.pixels)[:, None])
    labels = torch.from_numpy(real.labels)
    hits = [
        (model(x).argmax(1) == y).sum()
        for x, y in zip(torch.split(images, 500), torch.split(labels, 500), strict=True)
    ]
    return int(torch.stack(hits).sum()) / len(labels)


def main() -> None:
    """Write weights.safetensors, recipe.toml, log.jsonl and scores.json into the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, help="folder of Fashion-MNIST's four IDX files")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    recipe = ClassifierRecipe.read(arguments.recipe)
    real, held_out = (
        read_fashion_mnist(arguments.data, split=split) for split in ("train", "test")
    )
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with (out / "log.jsonl").open("w") as log:
        for epoch, (model, loss) in enumerate(train(recipe, real), start=1):
            line = {
                "epoch": epoch,
                "loss": round(loss, 5),
                "test_accuracy": accuracy(model, held_out),
                "seconds": round(time.monotonic() - start, 1),
            }
            log.write(json.dumps(line) + "\n")
            log.flush()
            logger.info("epoch done: %s", line)
    scores = {
        "test_accuracy": accuracy(model, held_out),  # of the last epoch, not of the best
        "train_data_digest": real.digest,
        "test_data_digest": held_out.digest,
    }
    (out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    shutil.copyfile(arguments.recipe, out / "recipe.toml")
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, out / "weights.safetensors.part")
    os.replace(out / "weights.safetensors.part", out / "weights.safetensors")


if __name__ == "__main__":
    main()
