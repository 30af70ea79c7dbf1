"""Where a local Ray keeps its files, and the removal of what killed processes left of theirs."""

import fcntl
import logging
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

FOLDERS = Path("/tmp")
FOLDER_PREFIX = "gs-ray-"


class RayFolder:
    """Where a local Ray keeps its sockets and logs: it names its owner, and is locked by it."""

    def __init__(self) -> None:
        # Short: the paths of sockets have at most 107 bytes, and Ray appends up to 66.
        prefix = f"{FOLDER_PREFIX}{os.getpid()}-"
        self.path = tempfile.mkdtemp(prefix=prefix, dir=FOLDERS)
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """End what still works there, and remove it."""
        _end_processes_of(self.path)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def remove_abandoned_folders() -> None:
    """Remove the folders whose owners were killed, and end what of their Rays still runs."""
    for folder in FOLDERS.glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        if owner.isdecimal() and not _lives(int(owner)) and not _is_locked(folder):
            logger.info("removing what a killed process left", extra={"folder": str(folder)})
            _end_processes_of(str(folder))
            shutil.rmtree(folder, ignore_errors=True)


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


def _end_processes_of(folder: str) -> None:
    """SIGKILL to those that name the folder among their arguments. Ray forgets what it began when
    its start fails.
    """
    for entry in Path("/proc").glob("[0-9]*"):  # none where the system has no such folder
        with suppress(OSError):
            if folder.encode() in (entry / "cmdline").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
