"""Options that many commands share, and the client they make."""

import os
from typing import Annotated

import typer

from search_service.client import Client
from search_service.domain.objective import Source, objective
from search_service.errors import InvalidInput
from search_service.settings import read_settings

Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="The API's address; or GANSEARCH_SERVER."),
]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", metavar="KEY", help="Who asks; or GANSEARCH_API_KEY."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the API returned.")]
Device = Annotated[
    str | None,
    typer.Option("--device", help="Where latency counts; may be left out if there is only one."),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="BOUND", help="A constraint such as 'macs<=2e8'; repeatable."),
]


def connect(server: str | None, api_key: str | None) -> Client:
    """A client of the server named by option or environment. Raises InvalidSetting."""
    settings = read_settings(os.environ, prepare=False)
    return Client(server or settings.server, api_key or settings.api_key)


def device_for(client: Client, names: list[str], given: str | None) -> str | None:
    """The device of the timed ones among these objectives: the given one, or the only one.

    None when none is timed. Raises UnknownName for an unknown objective, and InvalidInput when
    there is a choice to be made.
    """
    timed = [name for name in names if objective(name).source is Source.DEVICE]
    if not timed or given:
        return given
    known = [device["name"] for device in client.devices()]
    if len(known) == 1:
        return str(known[0])
    if not known:
        raise InvalidInput(
            f"{timed[0]} needs a device and there is none yet: a worker adds its own when it starts"
        )
    raise InvalidInput(f"{timed[0]} needs --device; known: {', '.join(known)}")
