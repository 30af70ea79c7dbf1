"""`gansearch config`: the effective settings."""

import os

import typer

from search_service.settings import read_settings


def config() -> None:
    """Print the settings that this environment makes, secrets masked."""
    for name, value in read_settings(os.environ, prepare=False).masked().items():
        typer.echo(f"{name}={value}")
