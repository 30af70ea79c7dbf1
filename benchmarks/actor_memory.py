"""What an actor adds to the memory of a machine: private bytes once it is seated and after its
first measurement, with its weights as views of the node's one copy and as copies of its own.

`python -m benchmarks.actor_memory [--actors 4]`
"""

import argparse
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import ray
import torch
from numpy.typing import NDArray

from search_service import spaces
from search_service.domain.measurement import MeasurementRequest, Protocol
from search_service.domain.space import smallest
from workers import supernets
from workers.evaluation import Judging
from workers.pool.cluster import Cluster
from workers.pool.seat import Seat

MIB = 1024**2
PARAMETERS = {"resolution": 32, "channel_multiplier": 1.0, "image_channels": 1}
PRIVATE = ("Private_Clean:", "Private_Dirty:")


class Weighed(Seat):
    """A seat that can say what its process has to itself."""

    def __init__(self, weights: Mapping[str, NDArray[Any]], copied: bool, *rest: Any) -> None:
        own = {name: array.copy() if copied else array for name, array in weights.items()}
        super().__init__(own, *rest)

    def private(self) -> int:
        """Bytes."""
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(PRIVATE))


def weigh(
    weights: Any, judging: Judging, *, copied: bool, actors: int
) -> tuple[list[int], list[int]]:
    """Private bytes of each of so many actors, when all are seated and when all have measured."""
    seat: Any = ray.remote(Weighed).options(num_cpus=1)
    there = [seat.remote(weights, copied, "anycost", PARAMETERS, judging) for _ in range(actors)]
    protocol = ray.get([actor.join.remote() for actor in there])[0].image_protocols
    asked = {name: value for name, value in protocol.items() if name != "others"}
    request = MeasurementRequest(
        supernet="sup",
        supernet_digest="d",
        architecture=str(smallest(spaces.build("anycost", PARAMETERS))),
        protocol=Protocol(objective="fid", parameters={**asked, "samples": 64, "seed": 0}),
    )
    seated: list[int] = ray.get([actor.private.remote() for actor in there])
    ray.get([actor.measure.remote(request) for actor in there])
    measured: list[int] = ray.get([actor.private.remote() for actor in there])
    for actor in there:
        ray.kill(actor)
    return seated, measured


def told(sizes: list[int]) -> str:
    """The median and the range."""
    low, middle, high = (f"{size / MIB:.0f}" for size in (min(sizes), median(sizes), max(sizes)))
    return f"{middle} ({low} to {high})"


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actors", type=int, default=4)
    actors = parser.parse_args().actors
    torch.manual_seed(0)
    network = supernets.build("anycost", PARAMETERS)
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    size = sum(np.asarray(array).nbytes for array in weights.values())
    print(f"weights {size / MIB:.1f} MiB, {actors} actors")
    with tempfile.TemporaryDirectory() as folder, closing(Cluster(cpus=actors)):
        judging = Judging(
            dataset="fashion-mnist-32",
            feature_extractor="fashion-classifier",
            references=Path(folder),
        )
        put = ray.put(weights)
        for copied in (True, False):
            seated, measured = weigh(put, judging, copied=copied, actors=actors)
            print(
                f"{'copied' if copied else 'views':>7}: MiB private to an actor: "
                f"{told(seated)} seated, {told(measured)} after its first measurement"
            )


if __name__ == "__main__":
    main()
