import contextlib
import time

import numpy as np
import pytest
import torch

from workers.devices import CpuTimer, one_thread


def busy(milliseconds: float) -> None:
    end = time.thread_time_ns() + int(milliseconds * 1e6)
    while time.thread_time_ns() < end:
        pass


def test_pairs_are_of_candidate_and_reference_in_turns_after_a_warm_up() -> None:
    calls: list[str] = []

    def candidate() -> None:
        calls.append("c")
        busy(1.0)

    def reference() -> None:
        calls.append("r")
        busy(0.5)

    pairs = CpuTimer().pairs(candidate, reference, rounds=4)
    assert pairs.shape == (4, 2)
    assert "".join(calls) == "cr" * 7
    assert np.median(pairs[:, 0] / pairs[:, 1]) == pytest.approx(2.0, rel=0.2)


def test_sleeping_takes_no_time_on_this_clock() -> None:
    assert CpuTimer().milliseconds(lambda: time.sleep(0.002), sets=2, runs=3) < 1.0


def test_the_number_of_threads_is_restored_even_after_an_error() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with contextlib.suppress(ZeroDivisionError), one_thread():
            assert torch.get_num_threads() == 1
            _ = 1 / 0
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
