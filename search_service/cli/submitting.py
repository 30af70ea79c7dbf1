"""What the commands that submit a job share: its priority and labels, and following it."""

from typing import Annotated

import typer

from search_service.cli.jobs import summary
from search_service.cli.output import print_json
from search_service.cli.watching import watch_job
from search_service.client import Client, Record
from search_service.errors import InvalidInput

Priority = Annotated[int, typer.Option(help="Higher goes first.")]
Label = Annotated[list[str] | None, typer.Option(help="KEY=VALUE, kept with the job; repeatable.")]
Watch = Annotated[bool, typer.Option("--watch", help="Follow it to its end.")]


def labels_of(texts: list[str] | None) -> dict[str, str]:
    """From KEY=VALUE each. Raises InvalidInput."""
    return dict(_pair(text) for text in texts or ())


def conclude(client: Client, job: Record, *, watch: bool, as_json: bool) -> None:
    """Print what was submitted, or follow it to its end; exits 1 unless it then succeeds."""
    if watch:
        typer.echo(f"{job['id']} at {client.server}", err=True)
        job = watch_job(client, job["id"])
    if as_json:
        print_json(job)
    else:
        typer.echo(summary(client, job) if watch else job["id"])
    if watch and job["state"] != "succeeded":
        raise typer.Exit(1)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise InvalidInput(f"--label must be KEY=VALUE, got {text!r}")
    return key, value
