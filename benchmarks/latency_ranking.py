"""Does a busy neighbour change the ranking by latency? 20 subnets timed alone and beside one.

The supernet's weights are random: they set no time. Prints Kendall's tau between the two rankings
(goal: at least 0.9), beside that of the median CPU time without a reference network.

    OMP_NUM_THREADS=1 python benchmarks/latency_ranking.py
"""

import argparse
import json
import multiprocessing
import os
import time
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import scipy.stats
import torch

from search_service import spaces
from search_service.domain.space import Architecture, sample
from workers import supernets, zoo
from workers.devices import CpuTimer
from workers.evaluators.latency import Extractable
from workers.evaluators.latents import latent_shard
from workers.evaluators.reference_network import ReferenceNetwork

SUBNETS = 20


def neighbour() -> None:
    """Multiply matrices for ever, so that caches are fought over too."""
    matrix = np.random.default_rng(0).normal(size=(700, 700))
    while True:
        matrix = np.tanh(matrix @ matrix.T / 700)


@torch.inference_mode()
def times(
    supernet: Extractable, architectures: list[Architecture], latent_size: int, rounds: int
) -> tuple[list[float], list[float], list[float]]:
    """Per architecture: the median of paired ratios, of CPU ms alone, and of wall ms."""
    timer, reference = CpuTimer(), ReferenceNetwork()
    z = latent_shard(0, 0, latent_size)[:1]
    ratios, cpu, wall = [], [], []
    for architecture in architectures:
        subnet = supernet.extract(architecture).eval()
        pairs = timer.pairs(partial(subnet, z), reference, rounds)
        ratios.append(float(np.median(pairs[:, 0] / pairs[:, 1])))
        cpu.append(float(np.median(pairs[:, 0])) / 1e6)
        walls: list[float] = []
        for _ in range(rounds):
            start = time.perf_counter()
            subnet(z)
            walls.append(time.perf_counter() - start)
        wall.append(float(np.median(walls)) * 1e3)
    return ratios, cpu, wall


def main() -> None:
    """Print the two columns and the agreements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument(
        "--parameters", type=Path, help="of an Anycost supernet; default: the zoo's"
    )
    arguments = parser.parse_args()
    path = arguments.parameters or zoo.path("anycost-fashion32/parameters.json")
    parameters = json.loads(path.read_text())
    parameters = parameters.get("parameters", parameters)
    space = spaces.build("anycost", parameters)
    supernet = cast(Extractable, supernets.build("anycost", parameters))
    rng = np.random.default_rng(0)
    architectures = list({str(a): a for a in (sample(space, rng) for _ in range(60))}.values())
    architectures = architectures[:SUBNETS]
    latent_size = parameters["style_dim"]

    torch.set_num_threads(1)
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    alone = times(supernet, architectures, latent_size, arguments.rounds)
    process = multiprocessing.get_context("spawn").Process(target=neighbour, daemon=True)
    process.start()
    time.sleep(3.0)  # it has to import first
    beside = times(supernet, architectures, latent_size, arguments.rounds)
    process.kill()
    process.join()
    print("ratio alone  ratio beside  architecture")
    for architecture, one, two in zip(architectures, alone[0], beside[0], strict=True):
        print(f"{one:11.3f}  {two:12.3f}  {architecture}")
    names = ("paired ratios (goal: at least 0.9)", "median CPU time", "median wall time")
    for name, before, after in zip(names, alone, beside, strict=True):
        print(f"Kendall tau of {name}: {scipy.stats.kendalltau(before, after).statistic:.3f}")


if __name__ == "__main__":
    main()
