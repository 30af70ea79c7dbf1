"""What a supernet costs a cluster: its file is read once, and its weights come to a node once."""

import ctypes
import math
import os
import re
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import ray
import torch

from search_service import spaces
from search_service.domain.ids import new_id
from search_service.domain.measurement import MeasurementRequest, Protocol
from search_service.domain.space import smallest
from search_service.domain.supernet import Supernet
from tests.support.waiting import until
from workers import supernets
from workers.checkpoints import save_weights
from workers.kept_pool import KeptPool
from workers.pool.cluster import Cluster
from workers.pool.ray_pool import RayPool

OPENED = 0x20  # IN_OPEN of inotify(7)
EVENT = struct.Struct("iIII")
CHUNK_BYTES = 1024**2
NODE = re.compile(r"^Node ID: (\w+)", re.MULTILINE)
RECEIVED = re.compile(r"^- num chunks received total: (\d+)", re.MULTILINE)
NODES, CORES = 2, 2  # besides the head, on whose store they are put
PARAMETERS = {"resolution": 32, "channel_multiplier": 0.5, "image_channels": 1}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("seat"),
    pytest.mark.timeout(900),
]


@pytest.fixture
def folders() -> Iterator[list[Path]]:
    """One for each node, with paths short enough for sockets."""
    with ExitStack() as stack:
        yield [
            Path(stack.enter_context(TemporaryDirectory(prefix="gs-nd-", dir="/tmp")))
            for _ in range(1 + NODES)
        ]


@pytest.fixture
def cluster(on_ground: Any, folders: list[Path]) -> Iterator[Cluster]:
    counted = {
        "RAY_debug_dump_period_milliseconds": "500",
        "RAY_object_manager_default_chunk_size": str(CHUNK_BYTES),
    }
    with on_ground(**counted) as nodes:
        nodes.head(temp_dir=str(folders[0]))
        for folder in folders[1:]:
            nodes.add(num_cpus=CORES, temp_dir=str(folder))
        with closing(Cluster(nodes.address)) as cluster:
            yield cluster


class Opened:
    """How often a file has been opened since, by any process."""

    def __init__(self, path: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._events = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._events, bytes(path), OPENED) > 0

    def times(self) -> int:
        return len(os.read(self._events, 1 << 16)) // EVENT.size

    def close(self) -> None:
        os.close(self._events)


def received(folder: Path, *, since: float) -> tuple[str, int]:
    """A node's id, and how many chunks of objects it has had from others, by its own account."""
    account = folder / "session_latest" / "logs" / "debug_state.txt"
    until(lambda: account.exists() and account.stat().st_mtime > since)
    text = account.read_text()
    id_, chunks = (re.search(pattern, text) for pattern in (NODE, RECEIVED))
    assert id_ is not None
    assert chunks is not None
    return id_[1], int(chunks[1])


def test_a_checkpoint_is_read_once_and_comes_to_each_node_once(
    cluster: Cluster,
    folders: list[Path],
    processes: Callable[[str], list[int]],
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    network = supernets.build("anycost", PARAMETERS)
    path = tmp_path / "weights.safetensors"
    save_weights(network, path)
    once = math.ceil(path.stat().st_size / CHUNK_BYTES)
    supernet = Supernet(
        id=new_id("sup"),
        name="net",
        family="anycost",
        parameters=PARAMETERS,
        checkpoint=str(path),
        dataset="fashion-mnist-32",
        feature_extractor="fashion-classifier",
        created_at=datetime.now(UTC),
    )
    kept = KeptPool(cluster.pool, references=tmp_path / "references")
    with closing(Opened(path)) as opened, closing(kept):
        pool = kept.of(supernet, check=lambda: None)
        assert isinstance(pool, RayPool)
        asked = {name: v for name, v in pool.image_protocols.items() if name != "others"}
        protocol = Protocol(objective="fid", parameters={**asked, "samples": 64})
        request = MeasurementRequest(
            supernet=supernet.id,
            supernet_digest=kept.digest,
            architecture=str(smallest(spaces.build("anycost", PARAMETERS))),
            protocol=protocol,
        )
        tickets: list[int] = []
        answered: list[str] = []
        measuring: set[int] = set()

        def everywhere() -> bool:
            """There is work until every actor that there is room for has had some."""
            while len(tickets) < len(answered) + 2 * NODES * CORES:
                asking = protocol.with_(seed=len(tickets))
                tickets.append(pool.submit(replace(request, protocol=asking)))
            answered.extend(outcome.failure for outcome in pool.wait(0.1))
            measuring.update(processes("ray::Seat.measure"))
            return len(measuring) == NODES * CORES

        until(everywhere)
        assert set(answered) <= {""}
        assert opened.times() == 1
        now = time.time()
        came = dict(received(folder, since=now) for folder in folders)
    own = ray.get_runtime_context().get_node_id()
    judging = {node.id for node in cluster.nodes() if node.resources.get("CPU")}
    assert came == {node: once if node in judging - {own} else 0 for node in came}
    assert len(judging) == NODES
