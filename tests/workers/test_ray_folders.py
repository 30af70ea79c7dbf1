"""The folders of a local Ray."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import PATIENCE_SECONDS, until
from workers.ray_folders import FOLDERS, RayFolder, remove_abandoned_folders

OWNER = """
import sys, time
from workers.ray_folders import RayFolder
print(RayFolder().path, flush=True)
time.sleep(60)
"""

LINGERING = """
import time
print("there", flush=True)
time.sleep(60)
"""
BUSY = """
import os, time
from contextlib import suppress
from pathlib import Path
place = Path(os.environ["PLACE"]) / "logs"
place.mkdir()
for number in range(2000):
    (place / str(number)).touch()
print("busy", flush=True)
end = time.monotonic() + 1
while time.monotonic() < end:
    number += 1
    with suppress(OSError):
        (place / str(number)).touch()
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


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_stays() -> None:
    with owner() as (killed, abandoned), owner() as (_, kept):
        mine = RayFolder()
        lingering = subprocess.Popen(
            [sys.executable, "-c", LINGERING, f"--dir={abandoned}/x"], stdout=subprocess.PIPE
        )
        assert lingering.stdout is not None
        lingering.stdout.readline()  # while a program begins, its arguments cannot be seen
        killed.kill()
        killed.wait()
        remove_abandoned_folders()
        until(lambda: not abandoned.exists())  # another Ray that starts now may be removing it too
        assert kept.is_dir()
        assert Path(mine.path).is_dir()
        lingering.communicate(timeout=PATIENCE_SECONDS)
        assert lingering.returncode == -signal.SIGKILL
        mine.remove()
        assert not Path(mine.path).exists()
    remove_abandoned_folders()
    until(lambda: not kept.exists())


def test_what_is_killed_may_still_make_files_for_a_moment() -> None:
    """Here one that is not even found does, while those that were there are removed."""
    folder = RayFolder()
    words = [sys.executable, "-c", BUSY]
    with subprocess.Popen(words, env={"PLACE": folder.path}, stdout=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        folder.remove()
    assert busy.returncode == 0
    assert not Path(folder.path).exists()


def test_a_process_of_rays_that_names_itself_otherwise_is_ended() -> None:
    """Its arguments are overwritten, but it works in the folder. Anyone else there is let alone."""
    folder = RayFolder()
    agent, other = (
        subprocess.Popen([name, "60"], executable=shutil.which("sleep"), cwd=folder.path)
        for name in ("ray::DashboardAgent", "other")
    )
    try:
        for process in (agent, other):  # while a program begins, its arguments cannot be seen
            while not Path(f"/proc/{process.pid}/cmdline").read_bytes():
                time.sleep(0.01)
        folder.remove()
        assert agent.wait(PATIENCE_SECONDS) == -signal.SIGKILL
        assert other.poll() is None
        assert not Path(folder.path).exists()
    finally:
        for process in (agent, other):
            process.kill()
            process.wait()


def test_a_folder_that_is_locked_stays_although_its_process_is_not_to_be_seen() -> None:
    """As when a container shares the folder: a number that names nobody here."""
    folder = RayFolder()
    foreign = FOLDERS / f"gs-ray-99999999-foreign{os.getpid()}"
    os.rename(folder.path, foreign)
    remove_abandoned_folders()
    assert foreign.is_dir()
    os.rename(foreign, folder.path)
    folder.remove()


def test_names_of_another_form_are_left_alone() -> None:
    own = os.getpid()
    names = (f"notanumber-{own}", f"other{own}", f"{'9' * 30}-{own}")
    others = [FOLDERS / f"gs-ray-{name}" for name in names]
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
