"""What is scored: images by number, of a folder or made by a generator."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from search_service.domain.datasets import name_and_folder
from search_service.domain.scoring import GeneratorSpec, ScoreSpec
from search_service.domain.space import largest
from workers.checkpoint_uri import Checkpoint
from workers.evaluation import SPLITS, as_judged, load_supernet
from workers.evaluators.conditions import open_conditions
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.latents import SHARD
from workers.evaluators.placement import CPU
from workers.images.files import image_files, read_images


class Subject(Protocol):
    """Images in a fixed order, the same in every process."""

    @property
    def count(self) -> int | None:
        """How many there are; None when they never end."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What a protocol says of them."""
        ...

    def pixels(self, index: int) -> Tensor:
        """Images number SHARD·index and on, uint8 (at most SHARD, c, h, w)."""
        ...


class FolderSubject:
    """The image files of a folder, by name."""

    def __init__(self, folder: Path) -> None:
        """Raises InvalidFile when there is no such folder, or no image in it."""
        self._files = image_files(folder)
        self._folder = folder

    @property
    def count(self) -> int:
        """See Subject."""
        return len(self._files)

    @property
    def facts(self) -> Mapping[str, Any]:
        """The digest is of all files, by name."""
        content = hashlib.sha256()
        for path in self._files:
            content.update(hashlib.sha256(path.read_bytes()).digest())
        return {"images": str(self._folder), "images_digest": content.hexdigest()}

    def pixels(self, index: int) -> Tensor:
        """Raises InvalidFile for a file that is no image, or unlike the first of all."""
        some = self._files[index * SHARD : (index + 1) * SHARD]
        return torch.from_numpy(read_images([self._files[0], *some])[1:])


class GeneratorSubject:
    """A generator's images at one architecture, from inputs by seed."""

    def __init__(
        self,
        spec: GeneratorSpec,
        checkpoint: Checkpoint,
        seed: int,
        *,
        placement: torch.device = CPU,
    ) -> None:
        """Raises InvalidInput (or a subclass) when its parts cannot be had or do not fit."""
        supernet = load_supernet(
            spec.family, spec.parameters, checkpoint.weights, placement=placement
        )
        space = supernet.space
        name, folder = name_and_folder(spec.dataset)
        data = Path(folder) if folder else None
        inputs = open_conditions(space, name, SPLITS["final"], data).inputs
        generator, running = as_judged(supernet, name, data, placement=placement)
        wanted = space.parse(spec.architecture) if spec.architecture else largest(space)
        with torch.inference_mode():
            side = generator(inputs.shard(seed, 0)[:1].to(placement), largest(space)).shape[-1]
        self._maker = ImageMaker(
            generator, inputs=inputs, side=side, facts=running, placement=placement
        )
        self._architecture, self._seed = wanted, seed
        self._digest = checkpoint.digest

    @property
    def count(self) -> int | None:
        """See Subject."""
        return self._maker.inputs.count

    @property
    def facts(self) -> Mapping[str, Any]:
        """See Subject."""
        return {
            **self._maker.facts,
            "checkpoint_digest": self._digest,
            "architecture": str(self._architecture),
            "seed": self._seed,
        }

    def pixels(self, index: int) -> Tensor:
        """Raises MeasurementFailed when an image is not finite."""
        return self._maker.shard(self._architecture, self._seed, index)


def open_subject(
    spec: ScoreSpec, checkpoint: Checkpoint | None, *, placement: torch.device = CPU
) -> Subject:
    """`checkpoint` is the generator's, where there is one; it runs on `placement`. Raises
    InvalidInput (or a subclass) when it cannot be had."""
    if spec.generator is not None:
        assert checkpoint is not None
        return GeneratorSubject(spec.generator, checkpoint, spec.seed, placement=placement)
    return FolderSubject(Path(spec.images))
