"""Making images and looking at them at once, on two cores: wall time against the longer of the two.

    OMP_NUM_THREADS=1 python benchmarks/overlap.py

The shipped generator, each of a few architectures, and the shipped feature network, batches of 128,
one torch thread each. Rounds of the four ways in turn; of each the fastest round, for other work on
the machine only ever slows. Features have the same bits either way, which is checked.

Where other work never leaves two cores free at once, the wall time says little. So the CPU time of
the two threads is printed too: if running at once cost more of it than running alone, the two would
be in each other's way.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from search_service.domain.scoring import GeneratorSpec, ScoreSpec
from workers import zoo
from workers.evaluators.latents import SHARD
from workers.scoring.ahead import ahead
from workers.scoring.work import ScoreWork

ARCHITECTURES = (
    "8:64_64_32_32",
    "16:64_64_32_32_16_16",
    "32:64_64_32_32_16_16_8_8",
    "32:128_128_128_128_64_64_32_32",
)


def timed(work: Callable[[], object]) -> float:
    """Wall seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print a line for each architecture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_280)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    about = json.loads(zoo.path("anycost-fashion32/parameters.json").read_text())
    for architecture in ARCHITECTURES:
        generator = GeneratorSpec(
            checkpoint=str(zoo.path("anycost-fashion32/weights.safetensors")),
            family=about["family"],
            parameters=about["parameters"],
            dataset=about["dataset"],
            architecture=architecture,
        )
        work = ScoreWork(spec=ScoreSpec(reference=about["dataset"], generator=generator))
        measure(architecture, work, arguments.images // SHARD, arguments.rounds)


def measure(name: str, work: ScoreWork, shards: int, rounds: int) -> None:
    """One architecture."""
    images = [work.subject.pixels(index) for index in range(shards)]

    def make() -> Iterable[Tensor]:
        return (work.subject.pixels(index) for index in range(shards))

    def look(pixels: Iterable[Tensor]) -> Tensor:
        return torch.cat([work.extractor(batch) for batch in pixels])

    assert torch.equal(look(make()), look(ahead(make())))
    cpu: dict[str, list[float]] = {
        way: [] for way in ("make", "look", "make at once", "look at once")
    }

    def at_once() -> None:
        def counted() -> Iterator[Tensor]:
            start = time.thread_time()
            yield from make()
            cpu["make at once"].append(time.thread_time() - start)

        start = time.thread_time()
        look(ahead(counted()))
        cpu["look at once"].append(time.thread_time() - start)

    def alone(way: str, run: Callable[[], object]) -> None:
        start = time.thread_time()
        run()
        cpu[way].append(time.thread_time() - start)

    ways: dict[str, Callable[[], object]] = {
        "make": lambda: alone("make", lambda: list(make())),
        "look": lambda: alone("look", lambda: look(images)),
        "in turn": lambda: look(make()),
        "at once": at_once,
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            taken[way].append(timed(run))
    best = {way: min(seconds) for way, seconds in taken.items()}
    longer = max(best["make"], best["look"])
    told = "  ".join(f"{way} {1e3 * seconds:.0f} ms" for way, seconds in best.items())
    print(
        f"{name}: {told}  at once is {best['at once'] / longer:.2f} of the longer "
        f"(goal: at most 1.15), in turn {best['in turn'] / longer:.2f}"
    )
    least = {way: min(seconds) for way, seconds in cpu.items()}
    print(
        f"{name}: CPU time at once over alone: making {least['make at once'] / least['make']:.2f}, "
        f"looking {least['look at once'] / least['look']:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
