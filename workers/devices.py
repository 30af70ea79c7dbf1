"""Clocks: how long work takes on a kind of device, in turns with a reference or on its own.

On a machine with busy neighbours neither wall time nor CPU time ranks networks well; the ratio of
thread CPU times of two networks run in turns does, because what slows one slows the other.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

Work = Callable[[], object]
WARM_UP = 3  # rounds that are run and not kept


class CpuTimer:
    """Thread CPU time with one torch thread; valid for that number only."""

    clock = "thread-cpu"
    threads = 1
    runtime = f"torch {torch.__version__}"

    def pairs(self, candidate: Work, reference: Work, rounds: int) -> NDArray[np.int64]:
        """Nanoseconds (rounds, 2) of the candidate and the reference, run in turns."""
        with one_thread():
            taken = [
                (self._nanoseconds(candidate), self._nanoseconds(reference))
                for _ in range(WARM_UP + rounds)
            ]
        return np.array(taken[WARM_UP:], np.int64)

    def milliseconds(self, work: Work, *, sets: int = 10, runs: int = 20) -> float:
        """The smallest over `sets` of the median of `runs`: neighbours only ever add time."""
        with one_thread():
            taken = np.array([self._nanoseconds(work) for _ in range(sets * runs)])
        return float(np.median(taken.reshape(sets, runs), axis=1).min()) / 1e6

    @staticmethod
    def _nanoseconds(work: Work) -> int:
        start = time.thread_time_ns()
        work()
        return time.thread_time_ns() - start


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch runs on this thread alone; what it was before is restored."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
