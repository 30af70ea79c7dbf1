"""The folders of a local Ray, and its start; what actors do is tested where they are used."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from search_service.errors import InvalidSetting
from workers.pool import FOLDERS, Cluster, RayFolder, remove_abandoned_folders

OWNER = """
import sys, time
from workers.pool import RayFolder
print(RayFolder().path, flush=True)
time.sleep(60)
"""


@contextmanager
def owner() -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """A process with a folder of its own."""
    process = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


def lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_stays() -> None:
    with owner() as (killed, abandoned), owner() as (_, kept):
        mine = RayFolder()
        lingering = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)", f"--dir={abandoned}/x"]
        )
        killed.kill()
        killed.wait()
        remove_abandoned_folders()
        assert not abandoned.exists()
        assert kept.is_dir()
        assert Path(mine.path).is_dir()
        assert lingering.wait(10) == -signal.SIGKILL
        mine.remove()
        assert not Path(mine.path).exists()
    remove_abandoned_folders()
    assert not kept.exists()


def test_a_folder_that_is_locked_stays_although_its_process_is_not_to_be_seen() -> None:
    """As when a container shares the folder: a number that names nobody here."""
    folder = RayFolder()
    foreign = FOLDERS / "gs-ray-99999999-foreign"
    os.rename(folder.path, foreign)
    remove_abandoned_folders()
    assert foreign.is_dir()
    os.rename(foreign, folder.path)
    folder.remove()


def test_names_of_another_form_are_left_alone() -> None:
    others = [FOLDERS / "gs-ray-notanumber-x", FOLDERS / "gs-ray-other"]
    try:
        for other in others:
            other.mkdir()
        remove_abandoned_folders()
        assert all(other.is_dir() for other in others)
    finally:
        for other in others:
            other.rmdir()


def test_paths_of_sockets_fit() -> None:
    """As Ray 2.60 names them, for the longest process number that Linux gives."""
    session = "session_2026-11-24_07-22-01_128012_4194304"
    folder = RayFolder()
    own = str(os.getpid())
    longest = f"{folder.path}/{session}/sockets/plasma_store".replace(own, "4194304", 1)
    folder.remove()
    assert len(longest) <= 107


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
from workers.pool import Cluster
cluster = Cluster(cpus=1)
print(cluster.devices(), flush=True)
cluster.close()
"""


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.xdist_group("ray")
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
