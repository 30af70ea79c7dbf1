"""The start of a local Ray, and an address; what actors do is tested where they are used."""

import os
import platform
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import ray
from ray._private.utils import check_version_info

from search_service.errors import InvalidSetting
from workers.pool.cluster import Cluster


def lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


START = """
import logging, os, signal, sys, threading, time
from pathlib import Path
logging.basicConfig(level=logging.WARNING, format="%(message)s")

def stopped_once():
    '''Stop the first store of state that this process starts, once its raylet is there.'''
    while True:
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                    found[(entry / "cmdline").read_text().partition("\\0")[0]] = int(entry.name)
            except OSError:
                continue
        names = {path.rpartition("/")[2]: process for path, process in found.items()}
        if {"gcs_server", "raylet"} <= set(names):
            os.kill(names["gcs_server"], signal.SIGSTOP)
            print(names["gcs_server"], flush=True)
            return
        time.sleep(0.01)

threading.Thread(target=stopped_once, daemon=True).start()
from workers.pool.cluster import Cluster
cluster = Cluster(cpus=1)
print([*cluster.devices()], flush=True)
cluster.close()
"""


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.xdist_group("cluster")
def test_a_local_ray_that_does_not_start_is_tried_again_and_its_rest_ended() -> None:
    environment = {**os.environ, "RAY_gcs_rpc_server_reconnect_timeout_s": "6"}
    started = subprocess.run(
        [sys.executable, "-c", START], env=environment, capture_output=True, text=True, timeout=200
    )
    assert started.returncode == 0, started.stderr
    store, devices = started.stdout.splitlines()
    assert devices == "['cpu']"
    assert started.stderr.count("Ray did not start, trying again") == 1
    assert not lives(int(store))


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://127.0.0.1:{}"])
def test_an_address_where_nothing_listens_is_refused_at_once(form: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = form.format(closed.getsockname()[1])
    with pytest.raises(InvalidSetting, match=f"cannot reach Ray at {address}: .*refused"):
        Cluster(address)


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.xdist_group("cluster")
def test_a_folder_named_as_ours_where_it_was_started_is_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "__init__.py").write_text("raise RuntimeError('a stranger')")
    script = (
        "from workers.pool.cluster import Cluster\n"
        "cluster = Cluster(cpus=1)\n"
        "print(cluster.calibrate('cpu')['reference_ms'] > 0)\n"
        "cluster.close()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "True\n", ran.stderr[-2000:]


@pytest.mark.parametrize(
    ("ray_there", "python_there"), [("2.9.3", None), (None, "3.12.4")], ids=["ray", "python"]
)
def test_a_cluster_of_other_versions_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, ray_there: str | None, python_there: str | None
) -> None:
    ray_here, python_here = ray.__version__, platform.python_version()
    there = (ray_there or ray_here, python_there or python_here)

    def init(**_: object) -> None:
        """As far as Ray itself comes: it compares what the cluster says of itself."""
        check_version_info({"ray_version": there[0], "python_version": there[1]}, "node 10.0.0.1")

    monkeypatch.setattr("ray.init", init)
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        pytest.raises(InvalidSetting) as refused,
    ):
        Cluster(f"127.0.0.1:{listening.getsockname()[1]}")
    assert str(refused.value).endswith(
        f" has Ray {there[0]} on Python {there[1]}, this worker Ray {ray_here} on Python "
        f"{python_here}: they must be the same"
    )
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("raised", "seen", "starts"),
    [
        (Exception("the start took too long"), InvalidSetting, 3),
        (TypeError("a mistake"), TypeError, 1),
    ],
)
def test_only_what_ray_raises_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, seen: type[Exception], starts: int
) -> None:
    begun: list[int] = []

    def init(**_: object) -> None:
        begun.append(1)
        raise raised

    monkeypatch.setattr("ray.init", init)
    with pytest.raises(seen, match=str(raised)):
        Cluster(cpus=1)
    assert len(begun) == starts


def test_a_signal_amidst_the_start_leaves_time_to_clear_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's core, where SIGTERM finds it, sets an alarm and passes the signal on."""
    handler = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    armed = signal.getitimer(signal.ITIMER_REAL)

    def init(**_: object) -> None:
        signal.alarm(3)
        raise KeyboardInterrupt

    try:
        monkeypatch.setattr("ray.init", init)
        with pytest.raises(KeyboardInterrupt):
            Cluster(cpus=1)
        assert signal.alarm(0) == 0
    finally:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *armed)
