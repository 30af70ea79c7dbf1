"""What is joined is of this Ray and this Python, or refused; a cluster that returns is joined."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search_service import catalog, jobs
from search_service.domain.job import JobState
from search_service.queue import open_wake_ups
from search_service.storage import open_storage
from tests.support.waiting import until

CONFTEST = Path(__file__).with_name("conftest.py")
ZOO = Path(__file__).parents[3] / "zoo" / "anycost-fashion32"
EVALUATIONS = 40

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("joining"),
    pytest.mark.timeout(900),
]

TELL_ANOTHER_VERSION = """
import json, sys
from ray._raylet import GcsClient
gcs = GcsClient(address=sys.argv[1])
key, space = b"CLUSTER_METADATA", b"cluster"
told = json.loads(gcs.internal_kv_get(key, space))
gcs.internal_kv_put(key, json.dumps({**told, "ray_version": "2.9.3"}).encode(), True, space)
"""

JOIN = """
import sys
from search_service.errors import InvalidSetting
from workers.pool.cluster import Cluster
try:
    Cluster(sys.argv[1])
except InvalidSetting as error:
    print(error)
"""

WORKER = """
import runpy, sys, time
from pathlib import Path
from search_service.artifacts import Artifacts
from search_service.domain.measurement import Measurement
from search_service.queue import open_wake_ups
from search_service.storage import open_storage
from workers.driver import Driver
from workers.pool.cluster import Cluster
from workers.pool.need import Need
from workers.pool.ray_pool import RayPool

folder, seats = Path(sys.argv[2]), runpy.run_path(sys.argv[3])["light_seats"]

class Light(Cluster):
    def pool(self, spec, *, check):
        return RayPool(seats(seconds=0.2), room=self, need=Need(), check=check)

storage = open_storage(f"sqlite:///{folder / 'gansearch.db'}")
driver = Driver(
    name="worker",
    storage=storage,
    wake_ups=open_wake_ups(None),
    artifacts=Artifacts(str(folder / "artifacts")),
    cluster=Light(sys.argv[1]),
    references=folder / "references",
    runs=folder / "runs",
)
driver.run()
"""


@pytest.fixture
def nodes(on_ground: Any) -> Iterator[Any]:
    with on_ground() as nodes:
        yield nodes


def test_a_cluster_that_dies_is_joined_again_at_its_address_and_the_job_goes_on(
    nodes: Any, tmp_path: Path
) -> None:
    """By the same process: a head that knows nothing of the worker ends it no more than silence."""
    storage = open_storage(f"sqlite:///{tmp_path / 'gansearch.db'}")
    log = tmp_path / "log"
    described = json.loads((ZOO / "parameters.json").read_text())
    wake_ups = open_wake_ups(None)
    catalog.register_supernet(
        **{**described, "name": "net", "checkpoint": str(ZOO / "weights.safetensors")},
        storage=storage,
        wake_ups=wake_ups,
    )
    first = [nodes.head(), nodes.add(num_cpus=1)]
    with log.open("w") as told:
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, nodes.address, tmp_path, CONFTEST],
            stderr=told,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
    try:
        until(lambda: not storage.supernets.pending(), said=log.read_text)
        spec = {
            "supernet": "net",
            "objectives": [{"name": "fid"}, {"name": "macs"}],
            "searcher": {"name": "random"},
            "budget": {"evaluations": EVALUATIONS},
            "fidelity": {"samples": [64], "final_samples": 128},
            "parallelism": 4,
        }
        job = jobs.submit("search", spec, storage=storage, wake_ups=wake_ups)
        until(lambda: storage.jobs.get(job.id).evaluations > 2, said=log.read_text)
        for number in first:
            nodes.kill(number)
        assert storage.jobs.get(job.id).evaluations < EVALUATIONS
        nodes.head()
        nodes.add(num_cpus=2)
        until(lambda: storage.jobs.get(job.id).state.terminal, said=log.read_text)
        assert worker.poll() is None
        ended = storage.jobs.get(job.id)
        assert (ended.state, ended.evaluations) == (JobState.SUCCEEDED, EVALUATIONS), ended.reason
    finally:
        worker.terminate()
        worker.wait()
        storage.close()


def test_a_cluster_of_another_version_is_refused_in_one_line(nodes: Any) -> None:
    """It is one of this version, told to say so."""
    nodes.head()
    subprocess.run([sys.executable, "-c", TELL_ANOTHER_VERSION, nodes.address], check=True)
    refused = subprocess.run(
        [sys.executable, "-c", JOIN, nodes.address], check=True, capture_output=True, text=True
    )
    assert f"the cluster at {nodes.address} has Ray 2.9.3 on Python" in refused.stdout
    assert refused.stdout.count("\n") == 1
