"""What commands print: JSON, tables, one number."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def print_json(record: Any) -> None:
    """A record as the API gave it, indented."""
    typer.echo(json.dumps(record, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns whose name ends in `>` are set to the right; nothing is ever cut or wrapped."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column.endswith(">")
        table.add_column(column.rstrip(">"), justify="right" if right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # As wide as it takes: a terminal goes on in the next line, where rich would leave columns out.
    Console(highlight=False, markup=False, width=1000).print(table, overflow="ignore", crop=False)


def print_record(record: Mapping[str, Any]) -> None:
    """A line for each field that says something; what has fields of its own comes last, below its
    name and further in."""
    for line in _lines(record):
        typer.echo(line)


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    told = {name: value for name, value in record.items() if value not in ("", None, {}, [])}
    for name, value in sorted(told.items(), key=lambda item: isinstance(item[1], dict)):
        if isinstance(value, dict):
            yield f"{name}:"
            yield from (f"  {line}" for line in _lines(value))
        else:
            yield f"{name}: {value if isinstance(value, str) else json.dumps(value)}"


def number(value: float | None) -> str:
    """Four significant digits, without an exponent up to a million and with one beyond."""
    if value is None:
        return ""
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 1e4 or abs(value) >= 1e6 else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Minutes and seconds, as `2:05`; hours where there are any."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
