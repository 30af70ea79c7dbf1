"""Peak memory of feature statistics, by the number of images: it must not grow with them.

    OMP_NUM_THREADS=1 python benchmarks/statistics_memory.py

Features of 2,048 numbers come in shards of 128, as from a generator, and are merged as they come.
Each count runs in a process of its own; what is printed is the process's peak beyond that of the
smallest count, and beside it what keeping all features in float64 would take.
"""

import multiprocessing
import resource

import numpy as np

from workers.evaluators.latents import SHARD
from workers.evaluators.statistics import features_to_statistics, merge

SIZE = 2048
COUNTS = (2_560, 10_240, 51_200)
KIB = 1024


def peak(count: int) -> int:
    """Bytes at the peak of a process that takes in so many features."""
    rng = np.random.default_rng(0)
    shards = (rng.random((SHARD, SIZE), dtype=np.float32) for _ in range(count // SHARD))
    whole = merge(map(features_to_statistics, shards))
    assert whole.count == count
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


def main() -> None:
    """Print a line for each count."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        peaks = {count: pool.apply(peak, (count,)) for count in COUNTS}
    least = peaks[COUNTS[0]]
    for count, size in peaks.items():
        kept = count * SIZE * 8 / 2**20
        print(
            f"{count:7,} images: peak {size / least:5.2f} of the first; all kept {kept:6,.0f} MiB"
        )


if __name__ == "__main__":
    main()
