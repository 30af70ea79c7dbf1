"""The folders of a local Ray."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.pool import FOLDERS, RayFolder, remove_abandoned_folders

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
    others = [FOLDERS / f"gs-ray-{name}" for name in ("notanumber-x", "other", "9" * 30 + "-x")]
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
