"""Blocks of judged evaluations: what is stored of one row or many is read back as it was."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.judged import Block, row_bytes

NAMES = st.sampled_from(["fid", "latency_ms", "macs"])
VALUES = st.dictionaries(
    NAMES,
    st.builds(
        Value,
        value=st.floats(allow_nan=False, allow_infinity=False),
        samples=st.sampled_from([None, 512]),
        device=st.sampled_from(["", "cpu"]),
        protocol_digest=st.sampled_from(["", "a", "b"]),
    ),
    min_size=1,
)
EVALUATIONS = st.builds(
    Evaluation,
    id=st.integers(0, 10**6).map("evl_{:07}".format),
    job=st.just("job_1"),
    supernet=st.just("sup_1"),
    number=st.just(0),
    architecture=st.integers(0, 9).map("32:{}".format),
    options=st.just({}),
    state=st.just(EvaluationState.MEASURED),
    rung=st.just(0),
    values=VALUES,
    final_values=st.one_of(st.just({}), VALUES),
    created_at=st.just(datetime(2030, 1, 1, tzinfo=UTC)),
)


@given(EVALUATIONS)
def test_a_row_made_by_itself_is_that_of_a_block_of_one(evaluation: Evaluation) -> None:
    assert row_bytes(evaluation) == Block.of([evaluation]).to_bytes()


@given(st.lists(EVALUATIONS, min_size=1, max_size=6), st.integers(1, 4))
def test_blocks_joined_and_split_and_stored_hold_the_same_rows(
    evaluations: list[Evaluation], size: int
) -> None:
    whole = Block.of(evaluations)
    joined = Block.joined([Block.of([evaluation]) for evaluation in evaluations])
    parts = [Block.from_bytes(part.to_bytes()) for part in whole.split(size)]
    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
    for again in (joined, Block.joined(parts), Block.from_bytes(whole.to_bytes())):
        assert np.array_equal(again.ids, whole.ids)
        assert np.array_equal(again.architectures, whole.architectures)
        assert list(again.values) == list(whole.values)
        for axis, column in whole.values.items():
            assert again.column(axis).tobytes() == column.tobytes()
    for i, evaluation in enumerate(evaluations):
        assert whole.row(i).to_bytes() == row_bytes(evaluation)
