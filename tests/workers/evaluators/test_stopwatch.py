import time

import pytest

from workers.evaluators.stopwatch import Stopwatch


def test_parts_add_up_and_stay_apart() -> None:
    clock = Stopwatch()
    with clock("a"):
        time.sleep(0.02)
    first = clock.seconds["a"]
    with clock("b"):
        pass
    with clock("a"):
        time.sleep(0.02)
    assert clock.seconds["a"] >= first + 0.02
    assert clock.seconds["b"] < 0.02


def test_what_raised_is_not_counted() -> None:
    clock = Stopwatch()
    with pytest.raises(ValueError, match="stop"), clock("a"):
        raise ValueError("stop")
    assert clock.seconds == {}
