"""`gansearch supernet`: register trained checkpoints and look at them."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from search_service.cli.options import ApiKey, AsJson, Server, connect
from search_service.cli.output import print_json, print_record, print_table
from search_service.client import Client, Record
from search_service.errors import InvalidFile, InvalidInput, Refused

POLL_SECONDS = 0.3
DEFAULTS = {
    "family": "anycost",
    "dataset": "fashion-mnist-32",
    "feature_extractor": "fashion-classifier",
}

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Trained supernets.")


@app.command()
def add(
    checkpoint: Annotated[
        str,
        typer.Argument(
            help="A safetensors or .pth file or URI, or a folder with weights.safetensors."
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="A unique name; the folder's when it is left out.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="The family of its space.")] = None,
    parameters: Annotated[
        str | None,
        typer.Option(
            help="The family's parameters as JSON, or a file of them; parameters.json beside the "
            "weights if left out, which may name family, dataset and feature extractor too."
        ),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="The images it learnt.")] = None,
    feature_extractor: Annotated[str | None, typer.Option(help="What FID sees with.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until a worker has loaded it.")] = True,
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Register a checkpoint; a worker then loads it and says whether it is ready."""
    folder, weights = located(checkpoint)
    given = {"family": family, "dataset": dataset, "feature_extractor": feature_extractor}
    body = {
        **DEFAULTS,
        **description(parameters, folder),
        **{field: value for field, value in given.items() if value is not None},
        "name": name or folder.name,
        "checkpoint": weights,
    }
    with connect(server, api_key) as client:
        supernet = client.add_supernet(body)
        if wait:
            supernet = settled(client, supernet["id"])
    if as_json:
        print_json(supernet)
    else:
        typer.echo(f"{supernet['name']} is {supernet['status']} ({supernet['id']})")


@app.command("list")
def list_(server: Server = None, api_key: ApiKey = None, as_json: AsJson = False) -> None:
    """List the supernets, newest first."""
    with connect(server, api_key) as client:
        supernets = client.supernets()
    if as_json:
        print_json(supernets)
        return
    columns = ("name", "family", "status", "dataset", "id")
    print_table(columns, [[str(s[column]) for column in columns] for s in supernets])


@app.command()
def show(
    supernet: Annotated[str, typer.Argument(help="Its name or id.")],
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show one supernet."""
    with connect(server, api_key) as client:
        record = client.supernet(supernet)
    if as_json:
        print_json(record)
    else:
        print_record(record)


def settled(client: Client, supernet: str) -> Record:
    """Wait until a worker has loaded it. Raises Refused when it found it invalid."""
    while (record := client.supernet(supernet))["status"] == "pending":
        time.sleep(POLL_SECONDS)
    if record["status"] == "invalid":
        raise Refused(f"{record['name']} is invalid: {record['reason']}", status=409)
    return record


def located(checkpoint: str) -> tuple[Path, str]:
    """The folder that describes it, and the URI of the weights."""
    path = Path(checkpoint)
    if path.is_dir():
        path = path / "weights.safetensors"
    if "://" in checkpoint:
        return path.parent, checkpoint
    if not path.is_file():
        raise InvalidFile(f"no checkpoint at {path}: name a file of weights")
    return path.absolute().parent, str(path.absolute())


def description(given: str | None, folder: Path) -> dict[str, Any]:
    """`parameters`, and what else the JSON says of a supernet. Raises InvalidFile, InvalidInput."""
    source = given or str(folder / "parameters.json")
    if source.lstrip().startswith("{"):
        text = source
    else:
        try:
            text = Path(source).read_text()
        except OSError as error:
            raise InvalidFile(
                f"cannot read {source}: {error.strerror}; give the family's parameters with "
                "--parameters '{…}' or --parameters FILE"
            ) from error
    try:
        parameters = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"--parameters must be JSON: {error}") from error
    if not isinstance(parameters, dict):
        raise InvalidInput(f"--parameters must be a JSON object, got {text.strip()[:40]}")
    return parameters if "parameters" in parameters else {"parameters": parameters}
