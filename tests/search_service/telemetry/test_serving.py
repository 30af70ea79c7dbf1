"""A process that serves nothing else answers scrapes."""

import socket
import urllib.request
from urllib.error import URLError

import pytest

from search_service import telemetry
from search_service.errors import InvalidSetting


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def test_what_was_counted_is_read_over_http() -> None:
    telemetry.set_workers(3, device="served")
    with telemetry.served("127.0.0.1", 0) as port:
        assert 'gansearch_workers{device="served"} 3.0' in scrape(port)


def test_nobody_listens_afterwards() -> None:
    with telemetry.served("127.0.0.1", 0) as port:
        pass
    with pytest.raises(URLError):
        scrape(port)


def test_a_port_in_use_is_refused_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(InvalidSetting, match=rf"METRICS_PORT: .*127\.0\.0\.1:{port}") as caught,
            telemetry.served("127.0.0.1", port),
        ):
            pass
    assert "\n" not in str(caught.value)


def test_a_host_that_is_not_this_machine_is_refused() -> None:
    with (
        pytest.raises(InvalidSetting, match=r"192\.0\.2\.1"),
        telemetry.served("192.0.2.1", 0),
    ):
        pass
