import numpy as np
import pytest

from search_service.errors import UnknownName
from workers.images.splits import SPLITS, check_split, held_out_places, tenths


@pytest.mark.parametrize("count", [0, 9, 10, 25, 1000])
def test_every_image_is_in_exactly_one_split(count: int) -> None:
    places = np.concatenate([tenths(count, split) for split in SPLITS])
    assert sorted(places) == list(range(count))


def test_of_a_thousand_a_hundred_search_and_a_hundred_test() -> None:
    assert [len(tenths(1000, split)) for split in SPLITS] == [800, 100, 100]


def test_what_is_held_out_of_the_training_set_is_not_trained_on() -> None:
    train, search = (held_out_places(60_000, s, every=12) for s in ("train", "search"))
    assert len(search) == 5_000
    assert sorted([*train, *search]) == list(range(60_000))


def test_an_unknown_split_lists_the_known() -> None:
    with pytest.raises(UnknownName, match="'val'; known: train, search, test"):
        check_split("val")
