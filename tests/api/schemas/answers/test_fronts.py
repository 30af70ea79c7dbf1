"""Fronts as text: the words of their models, however many of their points were written before."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from api.schemas.answers import FrontAnswer, FrontTexts
from api.schemas.answers import fronts as module
from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.front import Front
from search_service.domain.spec import ObjectiveSpec
from search_service.domain.ties import Tied


def point(number: int, fid: float) -> Evaluation:
    return Evaluation(
        id=f"evl_{number}",
        job="job_1",
        supernet="sup_1",
        number=number,
        architecture=f'32:"é" {number}',
        options={"resolution": 32, "channels.0": 0.5},
        state=EvaluationState.MEASURED,
        rung=0,
        values={"fid": Value(value=fid, low=fid - 1, high=fid + 1, samples=8, device="cpu")},
        created_at=datetime(2030, 1, 1, tzinfo=UTC),
    )


def front(points: Sequence[Evaluation], hypervolume: float | None) -> Front:
    places = range(len(points))
    others = [np.array([j for j in places if j != i], dtype=np.int64) for i in places]
    none = [np.empty(0, dtype=np.int64)] * len(points)
    return Front(
        supernet="sup_1",
        job=None,
        objectives=(ObjectiveSpec(name="fid"), ObjectiveSpec(name="latency_ms", device="cpu")),
        points=tuple(points),
        reference_point={"fid": 2e22},
        hypervolume=hypervolume,
        ties={"fid": Tied.of(others), "latency_ms": Tied.of(none)},
    )


def test_a_front_reads_as_its_model_whatever_was_written_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_POINTS_KEPT", 3)
    texts = FrontTexts()
    points = [point(i, 1 / (i + 3)) for i in range(5)]
    again = [point(i, 7.0) for i in range(5)]  # measured again: other objects, the same ids
    for shown in (points[:2], points, [], again, points[1:4], again[:2]):
        for hypervolume in (None, 0.1 + 0.2):
            asked = front(shown, hypervolume)
            answer = FrontAnswer.of(asked)
            assert texts.of(asked).decode() == answer.model_dump_json()
            for p in answer.points:
                others = [q.id for q in shown if q.id != p.evaluation]
                assert p.tied == {"fid": others, "latency_ms": []}


def test_ids_that_are_not_equally_long_read_as_they_are() -> None:
    shown = [point(number, 1.0) for number in (1, 22, 333)]
    asked = front(shown, None)
    answer = json.loads(FrontTexts().of(asked))
    assert answer == FrontAnswer.of(asked).model_dump()
