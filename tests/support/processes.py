"""Processes of this test run: other runs on the machine are left alone."""

import os
from contextlib import suppress
from pathlib import Path


def titled(title: str) -> list[int]:
    """Those whose title starts so: Ray's is of an actor's class and what it does."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            if words.startswith(title.encode()) and _is_ours(int(entry.name)):
                found.append(int(entry.name))
    return found


def commands() -> list[str]:
    """What this process and its descendants run, arguments included."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if _is_ours(int(entry.name)):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                found.append(" ".join(word.decode(errors="replace") for word in words))
    return found


def _is_ours(process: int) -> bool:
    """A descendant of this one."""
    while process > 1:
        if process == os.getpid():
            return True
        try:
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False
