"""A scoring job: features of both sides by numbered shards, then every score from them."""

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_service.domain.datasets import FIXED
from search_service.domain.job import Claim, Ended, JobState
from search_service.domain.scoring import ReferenceKind, ReferenceSource, ScoreSpec
from workers import zoo
from workers.checkpoints import write_atomically
from workers.evaluators import real_features, reference
from workers.evaluators.feature_scores import Against
from workers.evaluators.judge import SHOWN
from workers.evaluators.statistics import FeatureStatistics, features_to_statistics, merge
from workers.images import grid, png
from workers.runners.base import Means
from workers.scoring.gather import gather
from workers.scoring.pools import ShardPool
from workers.scoring.references import RealImages, open_statistics
from workers.scoring.report import report
from workers.scoring.shards import ShardName, Side, in_order, plan
from workers.scoring.shelf import FolderShelf
from workers.scoring.work import ScoreWork


def run_score(claim: Claim, means: Means) -> Ended:
    """See Runner. `result` has the scores, each with its protocol; shards that an earlier claim
    made are read, not made again."""
    spec = ScoreSpec.from_json(claim.job.spec)
    means.pool.close()  # its cores are for the scoring
    work = ScoreWork(spec=spec)
    folder = means.runs / claim.job.id
    count = work.count()
    pictures = work.subject.pixels(0)[: min(SHOWN, count)]
    work.extractor(pictures[:1])  # refuses images that it cannot take now
    with closing(means.shards(spec, work.checkpoint)) as pool:
        scoring = _Scoring(work, count, pool, folder, claim, means)
        against, facts = scoring.against()
        features = np.concatenate(scoring.features(Side.FAKE))
    facts |= work.subject.facts
    scores = report(features, spec.metrics, against, facts=facts)
    lineage = {"job": claim.job.id}
    shown = png(grid(pictures.numpy(), int(len(pictures) ** 0.5)))
    kept = {
        "scores": means.artifacts.put(
            json.dumps(scores, indent=2).encode(), media_type="application/json", lineage=lineage
        ),
        "samples": means.artifacts.put(shown, media_type="image/png", lineage=lineage),
    }
    shutil.rmtree(folder, ignore_errors=True)
    return Ended(state=JobState.SUCCEEDED, result={"scores": scores, "artifacts": kept})


class _Scoring:
    """One scoring under way."""

    def __init__(
        self,
        work: ScoreWork,
        count: int,
        pool: ShardPool,
        folder: Path,
        claim: Claim,
        means: Means,
    ) -> None:
        self._work, self._pool, self._claim, self._means = work, pool, claim, means
        self._shelf = FolderShelf(folder)
        self._count = count

    def features(self, side: Side) -> list[Any]:
        """Of every shard of a side, by number."""
        names = self._plan(side)
        shards = gather(
            names,
            self._pool,
            shelf=self._shelf,
            check=self._means.check,
            tell=lambda done: self._tell(side, done, names),
        )
        return in_order(names, shards)

    def against(self) -> tuple[Against, dict[str, Any]]:
        """The real side, and what a protocol says of it. What is known of a data set is read."""
        extractor = self._work.extractor
        source = ReferenceSource.parse(self._work.spec.reference)
        if source.kind is ReferenceKind.FILE:
            known = open_statistics(Path(source.path), extractor)
            return Against(extractor=extractor, frechet=known.frechet), _facts(known)
        real = self._work.real
        assert real is not None
        folder = self._stored(real)
        statistics = reference.load(folder / _name(real, extractor.name), extractor)
        features = real_features.load(folder / _name(real, f"{extractor.name}.features"), extractor)
        real_features.require_same_data(statistics, features)
        against = Against(extractor=extractor, frechet=statistics.frechet, real=features)
        return against, _facts(statistics) | {"reference_features": features.digest}

    def _stored(self, real: RealImages) -> Path:
        """The folder with statistics and features of these images, made now if there is none."""
        extractor = self._work.extractor
        names = [_name(real, extractor.name), _name(real, f"{extractor.name}.features")]
        shipped, own = zoo.folder() / "reference", self._means.references
        for folder in (shipped, own):
            if all(self._known(folder / name, real) for name in names):
                return folder
        shards = self.features(Side.REAL)
        statistics = merge(map(self._statistics, shards))
        chosen = np.concatenate(shards)[real_features.chosen(len(real.pixels))]
        contents = (
            reference.encode(
                statistics,
                dataset=real.dataset,
                split=real.split,
                data_digest=real.digest,
                extractor=extractor,
            ),
            real_features.encode(
                chosen,
                name=f"{real.dataset}.{real.split}",
                data_digest=real.digest,
                extractor=extractor,
            ),
        )
        for name, content in zip(names, contents, strict=True):
            if not self._known(own / name, real):
                write_atomically(own / name, content)
        return own

    def _statistics(self, features: NDArray[np.float32]) -> FeatureStatistics:
        self._means.check()
        self._pool.rest()
        return features_to_statistics(features)

    def _known(self, path: Path, real: RealImages) -> bool:
        """Whether it is there and of these images."""
        if not path.exists():
            return False
        load = real_features.load if ".features." in path.name else reference.load
        return load(path, self._work.extractor).data_digest == real.digest

    def _plan(self, side: Side) -> list[ShardName]:
        if side is Side.FAKE:
            return plan(side, self._count)
        assert self._work.real is not None
        return plan(side, len(self._work.real.pixels))

    def _tell(self, side: Side, done: int, names: list[ShardName]) -> None:
        data = {"phase": "score", "side": str(side), "done": done, "budget": names[-1].stop}
        self._means.storage.events.progress(self._claim, data)


def _name(real: RealImages, extractor: str) -> str:
    """As `reference.file_name` has it: a user's own images are told apart by their content."""
    dataset = real.dataset if real.dataset in FIXED else f"images-{real.digest[:12]}"
    return f"{dataset}.{real.split}.{extractor}.safetensors"


def _facts(known: reference.Reference) -> dict[str, Any]:
    return {
        "reference": f"{known.dataset}.{known.split}",
        "reference_count": known.frechet.statistics.count,
        "reference_digest": known.digest,
        "reference_data_digest": known.data_digest,
    }
