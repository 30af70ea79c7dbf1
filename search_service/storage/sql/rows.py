"""Rows and the values they hold: the only place where one becomes the other."""

import binascii
import hashlib
import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import RowMapping

from search_service.domain.evaluation import Evaluation, EvaluationState, Value
from search_service.domain.event import Event, EventKind
from search_service.domain.job import Job, JobKind, JobState
from search_service.domain.measurement import Measurement, MeasurementKey, Protocol
from search_service.domain.supernet import Device, Supernet, SupernetStatus
from search_service.storage.base import Answer


def row_of(value: Job | Supernet | Device | Answer) -> dict[str, Any]:
    """The columns that have the names of the value's fields."""
    return asdict(value)


def evaluation_row(evaluation: Evaluation) -> dict[str, Any]:
    """The columns that have the names of an evaluation's fields."""
    columns = dict(vars(evaluation))
    return columns | {
        "values": stored_values(evaluation.values),
        "final_values": stored_values(evaluation.final_values),
    }


def stored_values(values: Mapping[str, Value]) -> dict[str, dict[str, Any]]:
    """The JSON that values are kept as: replicates as the base64 of little-endian doubles, which
    is a third shorter than their digits, many times faster made, and gives the same bits back."""
    return {name: vars(v) | {"replicates": _packed(v.replicates)} for name, v in values.items()}


def values(column: Any) -> dict[str, Value]:
    """The inverse of `stored_values`."""
    stored = cast("Mapping[str, Mapping[str, Any]]", column)
    return {
        name: Value(**{**value, "replicates": _unpacked(value.get("replicates", ()))})
        for name, value in stored.items()
    }


def job(row: RowMapping) -> Job:
    """From a row of `jobs`."""
    columns = _columns(row, Job)
    return Job(**columns | {"kind": JobKind(row["kind"]), "state": JobState(row["state"])})


def evaluation(row: RowMapping) -> Evaluation:
    """From a row of `evaluations`."""
    read = {
        "state": EvaluationState(row["state"]),
        "values": values(row["values"]),
        "final_values": values(row["final_values"]),
    }
    return Evaluation(**_columns(row, Evaluation) | read)


def supernet(row: RowMapping) -> Supernet:
    """From a row of `supernets`."""
    return Supernet(**_columns(row, Supernet) | {"status": SupernetStatus(row["status"])})


def device(row: RowMapping) -> Device:
    """From a row of `devices`."""
    return Device(**_columns(row, Device))


def event(row: RowMapping) -> Event:
    """From a row of `events`."""
    return Event(**_columns(row, Event) | {"kind": EventKind(row["kind"])})


def answer(row: RowMapping) -> Answer:
    """From a row of `answers`."""
    return Answer(**_columns(row, Answer))


def measurement_row(key: MeasurementKey, measured: Measurement, *, now: datetime) -> dict[str, Any]:
    """The key's columns and the measurement's; images are left out."""
    return {
        **vars(key),
        "key": key_digest(key),
        "value": measured.value,
        "low": measured.low,
        "high": measured.high,
        "protocol_objective": measured.protocol.objective,
        "protocol_parameters": measured.protocol.parameters,
        "measured_on": measured.device,
        "samples": measured.samples,
        "seconds": measured.seconds,
        "details": measured.details,
        "created_at": now,
    }


def measurement(row: RowMapping) -> Measurement:
    """From a row of `measurements`."""
    protocol = Protocol(objective=row["protocol_objective"], parameters=row["protocol_parameters"])
    return Measurement(
        value=row["value"],
        low=row["low"],
        high=row["high"],
        protocol=protocol,
        device=row["measured_on"],
        samples=row["samples"],
        seconds=row["seconds"],
        details=row["details"],
    )


def having(names: Iterable[str]) -> str:
    """Under what an evaluation with values of these objectives is listed; no objective is named
    so."""
    return "=" + ",".join(sorted(names))


def order_rows(job_id: str, number: int, best: Mapping[str, Value]) -> list[dict[str, Any]]:
    """What an evaluation with these best values is ordered by."""
    named = {name: value.value for name, value in best.items()} | {having(best): 0.0}
    return [{"job": job_id, "name": n, "value": v, "number": number} for n, v in named.items()]


def key_digest(key: MeasurementKey) -> str:
    """One short primary key for what is up to a kilobyte of text."""
    text = json.dumps(vars(key), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _columns(row: RowMapping, type_: type) -> dict[str, Any]:
    return {field.name: row[field.name] for field in fields(type_)}


def _packed(replicates: Sequence[float]) -> str:
    if not replicates:
        return ""
    if not all(map(math.isfinite, replicates)):
        raise ValueError("numbers that are stored must be finite, and a replicate is not")
    return binascii.b2a_base64(
        struct.pack(f"<{len(replicates)}d", *replicates), newline=False
    ).decode()


def _unpacked(stored: str | Sequence[float]) -> tuple[float, ...]:
    """Of rows that are older, the digits."""
    if not isinstance(stored, str):
        return tuple(stored)
    packed = binascii.a2b_base64(stored)
    return struct.unpack(f"<{len(packed) // 8}d", packed)
