"""Server-sent events: text lines into events."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class StreamedEvent:
    """One event of a job's stream; `sequence` is what `Last-Event-ID` takes."""

    sequence: int
    kind: str  # state, evaluation, front, progress, log, end
    data: dict[str, Any]


def read_events(lines: Iterable[str]) -> Iterator[StreamedEvent]:
    """Events as they complete; comments are skipped, one that the stream cut short is dropped."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            # Lines of data belong together; of any other field the last one counts.
            fields[name] = f"{fields['data']}\n{value}" if name == "data" in fields else value
            continue
        if "data" in fields and fields.get("id", "").isdecimal():
            yield StreamedEvent(
                sequence=int(fields["id"]),
                kind=fields.get("event", "message"),
                data=json.loads(fields["data"]),
            )
        fields = {}
