"""What Ray's own autoscaler makes of what a pool could use: the nodes that it starts and ends are
raylets on this machine."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from search_service.pools import Outcome
from tests.support.waiting import until
from workers.pool.cluster import Cluster
from workers.pool.need import Need
from workers.pool.ray_pool import RayPool

HEAD_ID = "f" * 51 + "0" * 5  # by which the provider of such nodes knows the head
HEAD = "ray.head.default"
DEVICE = "device:grown"
JUDGES = 2  # of which each needs a node of its own
COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
    "cluster_synced_files",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("front_desk"),
    pytest.mark.timeout(900),
]


def configuration(address: str) -> dict[str, Any]:
    """Of a cluster that may have as many nodes for judges, and one with a device."""
    return {
        "cluster_name": "ground",
        "max_workers": JUDGES + 1,
        "idle_timeout_minutes": 0.02,
        "upscaling_speed": 1.0,
        "provider": {
            "type": "fake_multinode",
            "gcs_address": address,
            "head_node_id": HEAD_ID,
            "use_node_id_as_ip": True,  # all of them have this machine's
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
        },
        "head_node_type": HEAD,
        "available_node_types": {
            HEAD: {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "judge": {"resources": {"CPU": 1}, "node_config": {}, "max_workers": JUDGES},
            "timer": {"resources": {"CPU": 0, DEVICE: 1}, "node_config": {}, "max_workers": 1},
        },
        **{key: {} for key in ("auth", "docker", "file_mounts")},
        **{key: [] for key in COMMANDS},
        "file_mounts_sync_continuously": False,
    }


def test_nodes_come_for_what_waits_and_go_when_nothing_does(
    on_ground: Any, seats: Any, ask_for: Any, tmp_path: Path
) -> None:
    """From a cluster without a core and without a device, and back to it. Actors that wait for room
    bring a node of themselves, but there is never more than one such judge."""
    go, marks = tmp_path / "go", tmp_path / "go.waiting"
    file = tmp_path / "autoscaler.json"
    environment = {
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_FAKE_CLUSTER": "1",
        "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD_ID,
    }
    with on_ground(**environment) as nodes:
        file.write_text(json.dumps(configuration(nodes.address)))
        nodes.head(autoscaling_config=str(file))
        with closing(Cluster(nodes.address)) as cluster:
            assert [node.resources.get("CPU", 0) for node in cluster.look()] == [0]
            with closing(RayPool(seats(), room=cluster, need=Need(), idle_seconds=1)) as pool:
                for device in ["", "", "", "grown"]:
                    pool.submit(ask_for(f"wait {go}", device=device))
                found: list[Outcome] = []

                def served(count: int) -> bool:
                    found.extend(pool.wait(0.2))
                    return len(found) == count

                until(lambda: served(0) and marks.exists() and marks.read_text() == "xxx")
                offers = {n.id: dict(n.resources) for n in cluster.look() if n.alive}
                assert sorted(offer.get("CPU", 0) for offer in offers.values()) == [0, 0, 1, 1]
                go.touch()
                until(lambda: served(4))
                assert [outcome.failure for outcome in found] == [""] * 4
                places = [offers[o.measurement.details["node"]] for o in found if o.measurement]
                assert sum(DEVICE in place for place in places) == 1
                assert sum(place.get("CPU", 0) for place in places) == 3

                def alone() -> bool:
                    pool.rest()
                    return sum(node.alive for node in cluster.nodes()) == 1

                until(alone)
