"""Two workers on one cluster: this process is one of them, the other has a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from search_service.telemetry.metrics import REGISTRY
from tests.support.waiting import PATIENCE_SECONDS

CORES = 2  # of the node that is always there
ASKED = 4  # measurements of the neighbour's search
SEATS = Path(__file__).parents[1] / "workers" / "pool" / "conftest.py"

SEARCH = """
import json, runpy, sys
from workers.pool.cluster import Cluster
from workers.pool.need import Need
from workers.pool.ray_pool import RayPool
cluster = Cluster(sys.argv[1])
made = runpy.run_path(sys.argv[2])
pool = RayPool(made["light_seats"](), room=cluster, need=Need())
for _ in range(int(sys.argv[4])):
    pool.submit(made["request"](f"wait {sys.argv[3]}"))
found = []
while len(found) < int(sys.argv[4]):
    found += pool.wait(0.2)
pool.close()
cluster.close()
print(json.dumps([
    [outcome.failure, outcome.measurement and outcome.measurement.details["process"]]
    for outcome in found
]))
"""


def actors(device: str = "") -> float | None:
    """Those that this worker has."""
    return REGISTRY.get_sample_value("gansearch_workers", {"device": device})


class Neighbour:
    """The other worker. Its search waits for a file."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def measured(self) -> list[tuple[str, int | None]]:
        """When it has ended: of each measurement why there is none, and who made it."""
        out, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        assert self._process.returncode == 0
        found: list[Any] = json.loads(out)
        assert len(found) == ASKED
        return [(failure, process) for failure, process in found]


@contextmanager
def neighbour(address: str, go: Path) -> Iterator[Neighbour]:
    """It has begun to come; it is killed if it is still there in the end."""
    words: list[Any] = [sys.executable, "-c", SEARCH, address, SEATS, go, str(ASKED)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Neighbour(process)
        finally:
            process.kill()
