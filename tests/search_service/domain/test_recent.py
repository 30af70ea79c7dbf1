"""What was used last is not made again; what was not is forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.domain.recent import Made, Recent

SIZE = 3
ASKED = st.lists(st.lists(st.integers(0, 9), max_size=4))


@given(ASKED)
def test_each_key_has_its_value_and_those_used_last_are_known(asked: list[list[int]]) -> None:
    recent: Recent[int, str] = Recent(SIZE)
    used: list[int] = []  # first those used last
    for keys in asked:
        new: list[int] = []

        def make(places: list[int], keys: list[int] = keys, new: list[int] = new) -> list[str]:
            new += [keys[place] for place in places]
            return [str(keys[place]) for place in places]

        assert recent.of(keys, make) == [str(key) for key in keys]
        assert len(set(new)) == len(new)
        assert not set(new) & set(used[:SIZE])
        used = [*dict.fromkeys(keys), *(key for key in used if key not in keys)]


def test_few_are_kept() -> None:
    recent: Recent[int, str] = Recent(SIZE)
    made: list[list[int]] = []

    def make(places: list[int]) -> list[str]:
        made.append(places)
        return [""]

    for key in [*range(100)] * 2:
        recent.of([key], make)
    assert made == [[0]] * 200


class Named:
    """Equal to all others."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named)

    __hash__ = None  # type: ignore[assignment]


def test_what_is_made_of_an_object_is_not_given_for_an_equal_one() -> None:
    made: list[str] = []

    def make(named: Named) -> str:
        made.append(named.name)
        return named.name.upper()

    kept = Made(make, size=SIZE)
    a, b = Named("a"), Named("b")
    assert kept.of([a, b, a]) == ["A", "B", "A"]
    assert kept.of([b, a]) == ["B", "A"]
    assert made in (["a", "b"], ["b", "a"])


@pytest.mark.parametrize("size", [1, SIZE])
def test_an_object_that_takes_the_place_of_a_forgotten_one_is_another(size: int) -> None:
    kept: Made[Named, str] = Made(lambda named: named.name, size=size)
    for name in map(str, range(200)):  # each goes when the next has come, and its id is free
        assert kept.of([Named(name)]) == [name]
