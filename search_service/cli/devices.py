"""`gansearch device`: where latency can be measured."""

import typer

from search_service.cli.options import ApiKey, AsJson, Server, connect
from search_service.cli.output import print_json, print_table

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Where latency is measured.")


@app.command("list")
def list_(server: Server = None, api_key: ApiKey = None, as_json: AsJson = False) -> None:
    """List the devices, by name."""
    with connect(server, api_key) as client:
        devices = client.devices()
    if as_json:
        print_json(devices)
        return
    rows = [(device["name"], device["kind"], device["id"]) for device in devices]
    print_table(["name", "kind", "id"], rows)
