"""A front, the same from every route."""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from pydantic_core import to_json

from api.schemas.answers.values import ValueAnswer, values_of
from search_service.domain.evaluation import Evaluation
from search_service.domain.front import Front
from search_service.domain.recent import Made
from search_service.domain.ties import Tied

_POINTS_KEPT = 4096


class FrontPoint(BaseModel):
    """One member of a front. `search_values` are those that it was found by; once it has been
    measured again on what the search never saw, `values` are those of the end. `tied` are, by
    objective, the other members that noise cannot tell from it."""

    evaluation: str
    architecture: dict[str, int | float]
    text: str
    values: dict[str, ValueAnswer]
    search_values: dict[str, ValueAnswer]
    tied: dict[str, list[str]]

    @classmethod
    def of(cls, evaluation: Evaluation, ties: Mapping[str, Sequence[str]]) -> Self:
        return cls(
            evaluation=evaluation.id,
            architecture=dict(evaluation.options),
            text=evaluation.architecture,
            values=values_of(evaluation.best_values),
            search_values=values_of(evaluation.values),
            tied={name: list(others) for name, others in ties.items()},
        )


class ObjectiveAnswer(BaseModel):
    """An objective of a front."""

    name: str
    device: str | None = None


class FrontAnswer(BaseModel):
    """A front, best first objective first."""

    supernet: str
    job: str | None
    objectives: list[ObjectiveAnswer]
    reference_point: dict[str, float]
    hypervolume: float | None
    points: list[FrontPoint]

    @classmethod
    def of(cls, front: Front) -> Self:
        ids = [point.id for point in front.points]
        ties = {name: tied.each() for name, tied in front.ties.items()}
        points = [
            FrontPoint.of(
                point, {name: [ids[j] for j in others[i]] for name, others in ties.items()}
            )
            for i, point in enumerate(front.points)
        ]
        return cls._of(front, points)

    @classmethod
    def _of(cls, front: Front, points: list[FrontPoint]) -> Self:
        return cls(
            supernet=front.supernet,
            job=front.job,
            objectives=[
                ObjectiveAnswer(name=o.name, device=o.device or None) for o in front.objectives
            ],
            reference_point=dict(front.reference_point),
            hypervolume=front.hypervolume,
            points=points,
        )


class FrontTexts:
    """Fronts as JSON, the same text as that of their `FrontAnswer`s.

    A point's is kept as long as the evaluation is the same object: fronts that are found again have
    most points in common, and only the ties differ.
    """

    def __init__(self) -> None:
        self._points = Made(_written, size=_POINTS_KEPT)

    def of(self, front: Front) -> bytes:
        """The body of an answer."""
        around = FrontAnswer._of(front, []).model_dump_json().encode().removesuffix(b"]}")
        points = self._points.of(front.points)
        ids = _equally_long([id_ for id_, _ in points])
        count = len(points)
        columns = [[b"", *[b","] * count][:count], [text for _, text in points]]
        for n, (name, tied) in enumerate(front.ties.items()):
            opening = (b"]," if n else b"{") + to_json(name) + b":["
            columns += ([opening] * count, _lists(ids, tied))
        columns.append([b"]}}" if front.ties else b"{}}"] * count)
        # Joined once: together they are megabytes.
        return b"".join([around, *chain.from_iterable(zip(*columns, strict=True)), b"]}"])


def _written(point: Evaluation) -> tuple[bytes, bytes]:
    """Its id, and all of it up to its ties."""
    text = FrontPoint.of(point, {}).model_dump_json().encode().removesuffix(b"{}}")
    return to_json(point.id), text


def _equally_long(ids: Sequence[bytes]) -> NDArray[np.bytes_]:
    """With a comma after each. All of ours are; where one is not, spaces follow it."""
    width = max(map(len, ids), default=0)
    return np.array([id_.ljust(width) + b"," for id_ in ids], dtype=np.bytes_)


def _lists(ids: NDArray[np.bytes_], tied: Tied) -> list[bytes]:
    """For each point the ids of its ties, with a comma between two; a front has very many."""
    text = ids[tied.others].tobytes()
    ends = (tied.ends * ids.itemsize).tolist()
    return [text[start : max(start, end - 1)] for start, end in pairwise(ends)]
