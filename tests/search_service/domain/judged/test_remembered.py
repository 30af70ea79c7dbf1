"""What is read of rows is read once, while it is not forgotten for others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from search_service.domain.evaluation import Evaluation, EvaluationState
from search_service.domain.judged import remembered
from search_service.domain.judged.remembered import Remembered


class Shelf:
    """What rows are remembered from: row n is the evaluation of the last digit of n."""

    def __init__(self) -> None:
        self.read: list[list[str]] = []
        self.shown: list[str] = []
        self._remembered = Remembered()

    def of(self, *rows: int, way: str = "") -> list[str]:
        def read(places: list[int]) -> list[Evaluation]:
            return self._read([f"evl_{rows[place] % 10}" for place in places])

        def show(evaluation: Evaluation) -> Evaluation:
            self.shown.append(evaluation.id + way)
            return replace(evaluation, reason=way)

        found = self._remembered.of(np.array(rows), read, show, way=way)
        assert {evaluation.reason for evaluation in found} == {way}
        return [evaluation.id for evaluation in found]

    def _read(self, ids: Sequence[str]) -> list[Evaluation]:
        self.read.append(list(ids))
        return [
            Evaluation(
                id=id_,
                job="job_1",
                supernet="sup_1",
                number=0,
                architecture="a",
                options={},
                state=EvaluationState.MEASURED,
                rung=0,
                values={},
                created_at=datetime(2030, 1, 1, tzinfo=UTC),
            )
            for id_ in ids
        ]


def test_rows_come_in_order_and_are_read_once() -> None:
    shelf = Shelf()
    assert shelf.of(2, 1) == ["evl_2", "evl_1"]
    assert shelf.of(1, 3, 2) == ["evl_1", "evl_3", "evl_2"]
    assert shelf.read == [["evl_2", "evl_1"], ["evl_3"]]


def test_an_evaluation_that_has_another_row_is_read_again() -> None:
    shelf = Shelf()
    shelf.of(1)
    assert shelf.of(11) == ["evl_1"]
    assert shelf.read == [["evl_1"]] * 2


def test_what_is_shown_otherwise_is_not_read_again() -> None:
    shelf = Shelf()
    shelf.of(1)
    for _ in range(2):
        assert shelf.of(1, way=" otherwise") == ["evl_1"]
    assert shelf.read == [["evl_1"]]
    assert shelf.shown == ["evl_1", "evl_1 otherwise"]


def test_those_used_last_are_kept_and_others_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_KEPT", 2)
    shelf = Shelf()
    for row in range(9):
        shelf.of(row)
        shelf.of(row, 0)
    assert shelf.read == [[f"evl_{row}"] for row in range(9)]
    shelf.of(1)
    assert shelf.read[-1] == ["evl_1"]
