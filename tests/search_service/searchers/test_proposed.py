"""What was proposed is a list and a set at once."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from search_service.domain.space import Architecture
from search_service.searchers.proposed import Proposed, quick_to_look_in


def architecture(number: int) -> Architecture:
    return Architecture(options=(number,), text=str(number))


@given(numbers=st.lists(st.integers(0, 9)))
def test_it_is_a_list_that_can_be_looked_in(numbers: list[int]) -> None:
    proposed = Proposed()
    for number in numbers:
        proposed.append(architecture(number))
    assert list(proposed) == [architecture(n) for n in numbers]
    assert proposed[: len(numbers) // 2] == [architecture(n) for n in numbers[: len(numbers) // 2]]
    looks: list[Callable[[Architecture], bool]] = [
        proposed.__contains__,
        quick_to_look_in(proposed).__contains__,
        quick_to_look_in(list(proposed)).__contains__,
    ]
    for number in range(10):
        assert {look(architecture(number)) for look in looks} == {number in numbers}
