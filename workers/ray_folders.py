"""Where a local Ray keeps its files, and the removal of what killed processes left of theirs."""

import fcntl
import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

FOLDERS = Path("/tmp")
FOLDER_PREFIX = "gs-ray-"
REMOVAL_SECONDS = 5.0  # for what is killed to be gone, which may make files until then
_AGAIN_SECONDS = 0.05
_TITLE = b"ray::"  # what Ray's Python processes write over their arguments


class RayFolder:
    """Where a local Ray keeps its sockets and logs: it names its owner, and is locked by it.

    Ray must be started there, with it as the working directory.
    """

    def __init__(self) -> None:
        # Short: the paths of sockets have at most 107 bytes, and Ray appends up to 66.
        prefix = f"{FOLDER_PREFIX}{os.getpid()}-"
        self.path = tempfile.mkdtemp(prefix=prefix, dir=FOLDERS)
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """End what still works there, and remove it."""
        _remove(self.path)
        os.close(self._lock)


def remove_abandoned_folders() -> None:
    """Remove the folders whose owners were killed, and end what of their Rays still runs."""
    for folder in FOLDERS.glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        if owner.isdecimal() and not _lives(int(owner)) and not _is_locked(folder):
            logger.info("removing what a killed process left", extra={"folder": str(folder)})
            _remove(str(folder))


def _remove(folder: str) -> None:
    deadline = time.monotonic() + REMOVAL_SECONDS
    while True:
        at_work = list(_processes_of(folder))
        for process in at_work:
            with suppress(OSError):  # it has gone, or is another user's
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        if not at_work and not os.path.exists(folder):
            return
        if time.monotonic() > deadline:
            logger.warning("could not remove all of it", extra={"folder": folder})
            return
        time.sleep(_AGAIN_SECONDS)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; a number that no process has
        return True
    return True


def _is_locked(folder: Path) -> bool:
    """Also where it cannot be told, so that nothing is taken from another user. The lock is seen
    where the process is not: by a container that shares the folder.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _processes_of(folder: str) -> Iterator[int]:
    """Those that name the folder among their arguments, and those of Ray's that were started there:
    it forgets what it began when its start fails."""
    deleted = f"{folder} (deleted)"
    for entry in Path("/proc").glob("[0-9]*"):  # none where the system has no such folder
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            is_of_ray = not words or words.startswith(_TITLE)  # none yet: it is about to begin
            if folder.encode() in words or (
                is_of_ray and os.readlink(entry / "cwd") in (folder, deleted)
            ):
                yield int(entry.name)
