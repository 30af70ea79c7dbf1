"""Ray nodes on this machine, each a set of processes of its own: a line of JSON on standard input
says what comes or goes, one on standard output that it is done.

`{"add": {…}}` starts a node with these parameters of Ray's, the head when there is none, and
answers with its number; `{"kill": 2}` ends all its processes as a power cut would. All end with
this process, and so do the nodes that their autoscaler started.
"""

import json
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from ray._private.node import Node
from ray._private.parameter import RayParams

PARAMETERS = {
    "num_gpus": 0,
    "object_store_memory": 80 * 1024**2,
    "min_worker_port": 0,
    "max_worker_port": 0,
    "include_log_monitor": False,
}


class Bare(Node):
    """Without what only a dashboard would show."""

    def start_api_server(self, **_: Any) -> None:
        """Nothing."""


class Ground:
    """The nodes by number; None are those that were killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._nodes: list[Node | None] = []
        self._head: Node | None = None

    def add(self, given: dict[str, Any]) -> int:
        if self._head is None:
            no_monitor = "autoscaling_config" not in given
            own = {"temp_dir": str(self._folder), "no_monitor": no_monitor}
        else:
            own = {"gcs_address": self._head.gcs_address, "node_manager_port": 0}
        node = Bare(
            RayParams(**{**PARAMETERS, **own, **given}),
            head=self._head is None,
            shutdown_at_exit=True,
            spawn_reaper=True,
        )
        self._head = self._head or node
        self._nodes.append(node)
        return len(self._nodes) - 1

    def kill(self, number: int) -> int:
        node, self._nodes[number] = self._nodes[number], None
        assert node is not None
        node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
        if node is self._head:
            self._head = None
        return number

    def close(self) -> None:
        for number, node in enumerate(self._nodes):
            if node is not None:
                self.kill(number)
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if bytes(self._folder) in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)


def main() -> None:
    """Serve until standard input closes."""
    with tempfile.TemporaryDirectory(prefix="gs-gr-", ignore_cleanup_errors=True) as folder:
        ground = Ground(Path(folder))
        try:
            for line in sys.stdin:
                (order, what), *_ = json.loads(line).items()
                sys.stdout.write(json.dumps(getattr(ground, order)(what)) + "\n")
                sys.stdout.flush()
        finally:
            ground.close()


if __name__ == "__main__":
    main()
