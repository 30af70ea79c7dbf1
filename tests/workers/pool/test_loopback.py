"""A cluster that is on another machine and says of its nodes that they are on this one."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.ports import free_port
from search_service.errors import InvalidSetting
from tests.support.waiting import PATIENCE_SECONDS
from workers.pool import joining

ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}


@pytest.fixture
def head() -> Iterator[str]:
    """Its store listens everywhere, its node at a loopback address."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="gs-r-", ignore_cleanup_errors=True) as folder:
        command = [
            *(str(Path(sys.executable).with_name("ray")), "start", "--head", "--block"),
            *("--node-ip-address=127.0.0.2", f"--port={port}", f"--temp-dir={folder}"),
            *("--num-cpus=1", "--include-dashboard=false", "--object-store-memory=100000000"),
        ]
        process = subprocess.Popen(
            command, env=os.environ | ENVIRONMENT, stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            yield f"127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.slow
@pytest.mark.ray
def test_its_nodes_cannot_be_reached_and_it_is_refused_in_one_line(
    head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    refused = None
    deadline = time.monotonic() + PATIENCE_SECONDS
    while refused is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        try:
            if joining._listener_is_here(head):  # raises until there is one
                joining._require_reachable_nodes(head)  # does not until there are nodes
        except OSError:
            continue
        except InvalidSetting as error:
            refused = str(error)
    assert refused.startswith(
        f"cannot join Ray at {head}: its nodes say that they are at 127.0.0.2"
    )
    assert "--node-ip-address" in refused
    assert "\n" not in refused


def test_what_listens_on_this_machine_is_told_from_what_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert joining._listener_is_here(f"127.0.0.1:{port}")
        assert joining._listener_is_here(f"ray://127.0.0.1:{port}")
    assert joining._listener_is_here("auto")
    with pytest.raises(OSError, match="refused"):
        joining._listener_is_here(f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.0.1.1", True), ("::1", True), ("10.0.0.7", False), ("a.b", False)],
)
def test_a_loopback_address_is_known(address: str, expected: bool) -> None:
    assert joining.is_loopback(address) is expected
