import numpy as np

from workers.evaluators.judged import Judged
from workers.evaluators.recent import RecentlyJudged


def judged(count: int) -> Judged:
    return Judged(
        rows={"fid": np.zeros((count, 10), np.float32)}, shown=np.zeros((0, 1, 2, 2), np.uint8)
    )


def test_the_least_recently_used_goes_first() -> None:
    recent = RecentlyJudged(capacity=3 * 400)
    for name in "abc":
        recent.keep((name, 0, ""), judged(10))
    assert recent.find(("a", 0, "")) is not None
    recent.keep(("d", 0, ""), judged(10))
    assert recent.find(("b", 0, "")) is None
    assert all(recent.find((name, 0, "")) is not None for name in "acd")


def test_seeds_are_kept_apart_and_more_samples_replace_fewer() -> None:
    recent, more = RecentlyJudged(), judged(20)
    recent.keep(("a", 0, ""), judged(10))
    assert recent.find(("a", 1, "")) is None
    recent.keep(("a", 0, ""), more)
    assert recent.find(("a", 0, "")) is more


def test_one_entry_above_the_capacity_is_still_kept() -> None:
    recent = RecentlyJudged(capacity=1)
    recent.keep(("a", 0, ""), judged(10))
    assert recent.find(("a", 0, "")) is not None
