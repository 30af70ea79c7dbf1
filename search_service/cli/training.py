"""`gansearch train` and `gansearch finetune`: submit a training, and follow it if asked to."""

from pathlib import Path
from typing import Annotated

import typer

from search_service import recipes
from search_service.cli.options import ApiKey, AsJson, Server, connect
from search_service.cli.submitting import Label, Priority, Watch, conclude, labels_of

Workers = Annotated[int, typer.Option(min=1, help="Processes that share each batch.")]
Data = Annotated[
    Path | None, typer.Option(help="The data set's folder where the workers run, if not as usual.")
]


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="See infra/recipes.")],
    name: Annotated[
        str | None, typer.Option(help="Register the supernet that comes out under this name.")
    ] = None,
    feature_extractor: Annotated[
        str | None, typer.Option(help="What FID of that supernet sees with.")
    ] = None,
    workers: Workers = 1,
    data: Data = None,
    priority: Priority = 0,
    label: Label = None,
    watch: Watch = False,
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Train by a recipe."""
    table = recipes.read_toml(recipe)
    _, parsed = recipes.parse(table)
    given = {"name": name, "feature_extractor": feature_extractor}
    spec = {
        "recipe": recipes.with_whole_paths(table, parsed),
        "workers": workers,
        **{field: value for field, value in given.items() if value is not None},
        **({"data": str(data.absolute())} if data else {}),
    }
    with connect(server, api_key) as client:
        job = client.submit("train", spec, priority=priority, labels=labels_of(label))
        conclude(client, job, watch=watch, as_json=as_json)


def finetune(
    evaluation: Annotated[str, typer.Argument(help="evl_…, whose architecture it is.")],
    images: Annotated[int | None, typer.Option(min=1, help="How many it sees.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Or how many batches.")] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="What differs from the supernet's own training."),
    ] = None,
    workers: Workers = 1,
    data: Data = None,
    watch: Watch = False,
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Go on training one architecture that a search found."""
    given = {"images": images, "steps": steps, "data": str(data.absolute()) if data else None}
    body = {
        "recipe": recipes.read_toml(recipe) if recipe else {},
        "workers": workers,
        **{field: value for field, value in given.items() if value is not None},
    }
    with connect(server, api_key) as client:
        job = client.finetune(evaluation, body)
        conclude(client, job, watch=watch, as_json=as_json)
