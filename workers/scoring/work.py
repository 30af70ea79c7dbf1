"""What a process that scores does: features of any numbered shard, of either side."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from search_service.domain.scoring import ReferenceSource, ScoreSpec
from search_service.errors import InvalidInput
from workers.checkpoint_uri import Checkpoint, checkpoint_at
from workers.evaluators.extractors import FeatureExtractor, open_extractor
from workers.evaluators.latents import SHARD
from workers.evaluators.placement import CPU
from workers.scoring.ahead import ahead
from workers.scoring.references import RealImages, open_images
from workers.scoring.shards import Shard, ShardName, Side
from workers.scoring.subject import Subject, open_subject


@dataclass(frozen=True, kw_only=True)
class ScoreWork:
    """The same for equal specs wherever it is done. What it needs is opened when it is used."""

    spec: ScoreSpec
    overlap: bool = True  # make images while the last ones are looked at
    read: Checkpoint | None = None  # the generator's, where it need not be read again
    placement: torch.device = CPU  # where images are made and looked at

    @cached_property
    def extractor(self) -> FeatureExtractor:
        """Raises InvalidInput (or a subclass)."""
        name, _, path = self.spec.feature_extractor.partition(":")
        return open_extractor(name, Path(path) if path else None, placement=self.placement)

    @cached_property
    def subject(self) -> Subject:
        """Raises InvalidInput (or a subclass)."""
        return open_subject(self.spec, self.checkpoint, placement=self.placement)

    @cached_property
    def checkpoint(self) -> Checkpoint | None:
        """The generator's, if there is one. Raises InvalidFile."""
        if self.read is None and self.spec.generator is not None:
            return checkpoint_at(self.spec.generator.checkpoint)
        return self.read

    @cached_property
    def real(self) -> RealImages | None:
        """Raises InvalidInput (or a subclass)."""
        return open_images(ReferenceSource.parse(self.spec.reference))

    def count(self) -> int:
        """How many images are scored. Raises InvalidInput for fewer than two."""
        there = self.subject.count
        count = self.spec.samples if there is None else min(there, self.spec.samples)
        if count < 2:
            raise InvalidInput(f"{self.spec.images} holds {count} image: at least 2 are needed")
        return count

    def shard(self, name: ShardName) -> Shard:
        """Raises MeasurementFailed for images that are not finite, InvalidInput (or a subclass) for
        those that cannot be read, or not be taken by the extractor."""
        images = self._fakes(name) if name.side is Side.FAKE else self._reals(name)
        parts = [self.extractor(pixels).numpy() for pixels in self._flow(images)]
        return Shard.of(name, np.concatenate(parts))

    def _flow(self, images: Iterator[Tensor]) -> Iterator[Tensor]:
        return ahead(images) if self.overlap else images

    def _fakes(self, name: ShardName) -> Iterator[Tensor]:
        assert name.start % SHARD == 0
        for index in range(name.start // SHARD, -(-name.stop // SHARD)):
            yield self.subject.pixels(index)[: name.stop - index * SHARD]

    def _reals(self, name: ShardName) -> Iterator[Tensor]:
        assert self.real is not None
        # In one piece, as reference statistics are made: other batches have other last bits.
        yield torch.from_numpy(self.real.pixels[name.start : name.stop])
