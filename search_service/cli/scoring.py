"""`gansearch score`: a folder of images, or a generator's, against real ones."""

from pathlib import Path
from typing import Annotated, Any

import typer

from search_service.cli.jobs import summed_up
from search_service.cli.options import ApiKey, AsJson, Server, connect
from search_service.cli.output import number, print_json, print_table
from search_service.cli.points import value_text
from search_service.cli.submitting import Label, Priority, labels_of
from search_service.cli.supernets import DEFAULTS, description, located
from search_service.cli.watching import watch_job
from search_service.client import Client, Record
from search_service.domain.score import SCORES
from search_service.domain.scoring import ReferenceKind, ReferenceSource
from search_service.errors import InvalidInput, Refused

WEIGHTS = (".safetensors", ".pth", ".pt")


def score(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CHECKPOINT|FOLDER",
            help="A folder of images; or of weights, a file of them, or a supernet's name.",
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET|FOLDER|FILE",
            help="A data set (fashion-mnist-32.test), a folder of images, or a file of statistics; "
            "a generator's own data set if left out.",
        ),
    ] = None,
    metric: Annotated[
        str, typer.Option(help=f"Any of {', '.join(SCORES)}, with commas between.")
    ] = "fid",
    extractor: Annotated[str | None, typer.Option(help="What images are seen with.")] = None,
    samples: Annotated[int | None, typer.Option(help="Images; all there are if fewer.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of a generator's inputs.")] = None,
    architecture: Annotated[
        str | None, typer.Option(help="Of a generator, in text form; the largest if left out.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="The family of a generator.")] = None,
    parameters: Annotated[
        str | None,
        typer.Option(help="The family's parameters as JSON, or a file; parameters.json beside."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Whose inputs a generator takes.")] = None,
    watch: Annotated[bool, typer.Option(help="Wait for the scores, or print the job's id.")] = True,
    priority: Priority = 0,
    label: Label = None,
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Score images against real ones."""
    given = {"family": family, "dataset": dataset, "feature_extractor": extractor}
    with connect(server, api_key) as client:
        images = Path(target)
        spec: dict[str, Any] = {"metrics": [name.strip() for name in metric.split(",")]}
        if images.is_dir() and not (images / "weights.safetensors").exists():
            spec |= {"images": str(images.absolute())}
            known: dict[str, Any] = {"feature_extractor": extractor}
        else:
            known = _described(client, target, parameters) | {
                field: value for field, value in given.items() if value is not None
            }
            wanted = ("checkpoint", "family", "parameters", "dataset")
            spec["generator"] = {field: known[field] for field in wanted}
            if architecture is not None:
                spec["generator"]["architecture"] = architecture
        reference = reference or known.get("dataset")
        if reference is None:
            raise InvalidInput("say what the images are scored against: --reference")
        spec["reference"] = _whole(reference)
        options = {
            "feature_extractor": known["feature_extractor"],
            "samples": samples,
            "seed": seed,
        }
        spec |= {field: value for field, value in options.items() if value is not None}
        job = client.submit("score", spec, priority=priority, labels=labels_of(label))
        if watch:
            typer.echo(f"{job['id']} at {client.server}", err=True)
            job = watch_job(client, job["id"])
    if as_json:
        print_json(job)
    elif not watch:
        typer.echo(job["id"])
    elif job["state"] == "succeeded":
        print_scores(job["result"]["scores"])
    else:
        typer.echo(summed_up(job), err=True)
    if watch and job["state"] != "succeeded":
        raise typer.Exit(1)


def print_scores(scores: Record) -> None:
    """A table: value with interval, which way is better, and the limit where there is one."""
    rows = [
        [
            name,
            value_text(told),
            "more" if told["more_is_better"] else "less",
            f"{told['samples']:,}",
            number(told["limit"]["value"]) if "limit" in told else "",
            told["protocol_digest"][:12],
        ]
        for name, told in scores.items()
    ]
    print_table(["metric", "value [95 %]>", "better", "images>", "limit>", "protocol"], rows)


def _described(client: Client, target: str, parameters: str | None) -> dict[str, Any]:
    """Checkpoint, family, parameters, dataset and feature extractor: of files, or of a registered
    supernet."""
    there = Path(target).exists() or "://" in target or target.endswith(WEIGHTS)
    if not there:
        try:
            return client.supernet(target)
        except Refused as error:
            raise InvalidInput(f"no folder or file at {target!r}, and {error}") from error
    folder, weights = located(target)
    return {**DEFAULTS, **description(parameters, folder), "checkpoint": weights}


def _whole(reference: str) -> str:
    """With the path that it names made absolute: the worker is at another place."""
    source = ReferenceSource.parse(reference)
    if source.kind is ReferenceKind.DATASET:
        named, colon, path = reference.partition(":")
        return f"{named}{colon}{Path(path).absolute()}" if path else reference
    return str(Path(reference).absolute())
