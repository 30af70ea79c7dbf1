"""Logging of a process: one line a record on stderr, as text or as JSON, with its extra fields."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from search_service.settings.values import Settings

# What every record has; whatever else is on one was handed in by `extra=`.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure_logging(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send the root logger's records to `stream` (stderr), replacing earlier handlers."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)


class TextLines(logging.Formatter):
    """Time, level, logger, message, then the extra fields as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        extras = "".join(f" {name}={value!r}" for name, value in _extras(record).items())
        head = f"{_time(record)} {record.levelname:<7} {record.name}: {record.getMessage()}{extras}"
        return f"{head}\n{self.formatException(record.exc_info)}" if record.exc_info else head


class JsonLines(logging.Formatter):
    """One JSON object a line; the extra fields stand beside `time, level, logger, message`."""

    def format(self, record: logging.LogRecord) -> str:
        line = _extras(record) | {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    """Ray adds a private one of its own to every record; those with an underscore are left out."""
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD and not name.startswith("_")
    }


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
