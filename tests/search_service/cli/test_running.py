"""Commands as a user runs them: one line on stderr, the right exit status, never a traceback."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from api.app import create_app
from search_service.cli.running import status
from search_service.domain.ids import new_id
from search_service.domain.supernet import Device, Supernet, SupernetStatus
from search_service.settings import Settings
from search_service.storage import open_storage


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real API over SQLite, with a ready supernet `tiny` and a device `cpu`."""
    settings = Settings.model_validate({"data_dir": tmp_path_factory.mktemp("data")})
    storage = open_storage(settings.database_url)
    now = datetime.now(UTC)
    storage.supernets.add(
        Supernet(
            id=new_id("sup"),
            name="tiny",
            family="anycost",
            parameters={"resolution": 32, "channel_multiplier": 0.0625, "image_channels": 1},
            checkpoint="tiny.safetensors",
            dataset="fashion-mnist-32",
            feature_extractor="fashion-classifier",
            status=SupernetStatus.READY,
            created_at=now,
        )
    )
    storage.devices.put(Device(id=new_id("dev"), name="cpu", protocol={}, created_at=now))
    storage.close()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(settings), log_config=None, timeout_graceful_shutdown=1)
        serving = uvicorn.Server(config)
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
        thread.start()
        while not serving.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving.should_exit = True
        thread.join()


@pytest.fixture(autouse=True)
def environment(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSEARCH_SERVER", server)


def test_a_search_is_submitted_listed_and_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["search", "tiny", "--where", "macs<=4e7", "--budget", "9", "--samples", "64,128"]
    assert status([*arguments, "--json"]) == 0
    job = json.loads(capsys.readouterr().out)
    assert job["spec"]["objectives"] == [{"name": "fid"}, {"name": "latency_ms", "device": "cpu"}]
    assert job["spec"]["constraints"] == [{"name": "macs", "op": "le", "value": 4e7}]
    assert job["spec"]["fidelity"]["samples"] == [64, 128]
    assert status(["job", "list"]) == 0
    assert job["id"] in capsys.readouterr().out
    assert status(["job", "cancel", job["id"]]) == 0
    assert status(["job", "watch", job["id"]]) == 1  # it did not succeed
    assert "cancelled" in capsys.readouterr().out
    assert status(["front", job["id"]]) == 0
    assert "0 on the front" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["job", "show", "job_none"], 1, "no job 'job_none'; `gansearch job list` shows"),
        (["job", "show", "?"], 1, "no job '?'"),
        (["job", "show", "../jobs"], 1, "nothing has the id or name '../jobs'"),
        (["search", "nothing"], 1, "no supernet 'nothing'; `gansearch supernet list` shows"),
        (["search", "tiny", "--searcher", "nsga2:[1]"], 1, "must be a JSON object such as"),
        (["best", "tiny", "--device", "tpu", "--where", "latency_ms<=5"], 1, "known: cpu"),
        (["front", "tiny", "--device", "tpu"], 1, "known: cpu"),
        (["search", "tiny", "--budget", "0"], 1, "evaluations"),
        (["search", "tiny", "--minimize", "beauty"], 1, "known: fid"),
        (["search", "tiny", "--where", "macs<=nan"], 1, "such as macs<=2e8"),
        (["search", "tiny", "--where", "macs<=1"], 1, "ranges from"),
        (["search", "tiny", "--searcher", "luck"], 1, "known:"),
        (["search", "tiny", "--samples", "many"], 1, "--samples"),
        (["search", "tiny", "--teacher", "file.pt"], 1, "--teacher must be JSON"),
        (["search", "tiny", "--teacher", "[1]"], 1, "--teacher must be like"),
        (["best", "tiny"], 1, "no stored evaluation"),
        (["front", "tiny", "--server", "http://127.0.0.1:9"], 1, "gansearch up"),
        (["supernet", "add", "no-such-file"], 1, "no checkpoint"),
        (["front"], 2, "--help"),
        (["dance"], 2, "No such command"),
        (["search", "tiny", "--budget", "few"], 2, "--budget"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(arguments) == code
    told = capsys.readouterr()
    assert words in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


@pytest.mark.parametrize("words", [[], ["job"], ["supernet"]])
def test_without_a_command_it_shows_its_help_as_it_is(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(words) == 2
    shown = capsys.readouterr().out
    assert status([*words, "--help"]) == 0
    assert shown == capsys.readouterr().out
    assert shown.count("\n") > 10


def test_an_unknown_setting_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GANSEARCH_COLOUR", "red")
    assert status(["config"]) == 1
    assert "unknown setting GANSEARCH_COLOUR" in capsys.readouterr().err


def test_a_port_in_use_and_a_data_directory_that_is_a_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert status(["up", "--port", port, "--data", str(tmp_path)]) == 1
    assert f"port {port} cannot be used" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert status(["up", "--port", port, "--data", str(tmp_path / "file")]) == 1
    assert "cannot write" in capsys.readouterr().err
