import pytest

from workers.training.schedules import constant_then_linear


def test_the_published_example() -> None:
    factors = [constant_then_linear(index, constant=2, decay=3) for index in range(5)]
    assert factors == [1, 1, 0.75, 0.5, 0.25]


@pytest.mark.parametrize(("constant", "decay"), [(0, 7), (5, 0), (100, 100)])
def test_the_rate_never_rises_and_never_reaches_zero(constant: int, decay: int) -> None:
    factors = [
        constant_then_linear(index, constant=constant, decay=decay)
        for index in range(constant + decay)
    ]
    assert factors == sorted(factors, reverse=True)
    assert factors[:constant] == [1.0] * constant
    assert factors[-1] == pytest.approx(1 / (decay + 1))
