"""One line a record, with what was handed in beside the message."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from search_service.settings import configure_logging, read_settings

logger = logging.getLogger("tests.logs")


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []  # else they would be closed, and pytest's are among them
    yield
    root.handlers, root.level = handlers, level


def logged(tmp_path: Path, *, format_: str) -> str:
    stream = io.StringIO()
    environment = {"GANSEARCH_DATA_DIR": str(tmp_path), "GANSEARCH_LOG_FORMAT": format_}
    configure_logging(read_settings(environment), stream=stream)
    logger.debug("unheard")
    logger.info("job claimed", extra={"job": "job_1", "fence": 2, "path": tmp_path})
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logger.exception("it failed")
    return stream.getvalue()


def test_json_lines_carry_the_extra_fields(tmp_path: Path) -> None:
    first, second = map(json.loads, logged(tmp_path, format_="json").splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "info",
        "logger": "tests.logs",
        "message": "job claimed",
        "job": "job_1",
        "fence": 2,
        "path": str(tmp_path),
    }
    assert "RuntimeError: boom" in second["exception"]


def test_text_lines_carry_them_too(tmp_path: Path) -> None:
    lines = logged(tmp_path, format_="text").splitlines()
    assert "INFO    tests.logs: job claimed job='job_1' fence=2" in lines[0]
    assert lines[-1] == "RuntimeError: boom"


def test_private_fields_that_a_library_adds_to_records_stay_out(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logging(read_settings({"GANSEARCH_DATA_DIR": str(tmp_path)}), stream=stream)
    logger.info("job claimed", extra={"_library_ns": 1, "job": "job_1"})
    assert stream.getvalue().endswith("job claimed job='job_1'\n")
