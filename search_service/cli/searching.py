"""`gansearch search`: submit a search, and follow it if asked to."""

import json
from typing import Annotated, Any

import typer

from search_service.cli.options import ApiKey, AsJson, Device, Server, Where, connect, device_for
from search_service.cli.submitting import Label, Priority, Watch, conclude, labels_of
from search_service.domain.objective import Source, objective
from search_service.domain.spec import parse_constraint
from search_service.errors import InvalidInput
from search_service.recipes.reading import whole_path

Minimize = Annotated[
    list[str] | None,
    typer.Option("--minimize", help="An objective; repeatable. fid and latency_ms if left out."),
]
DEFAULT_OBJECTIVES = ["fid", "latency_ms"]


def search(
    supernet: Annotated[str, typer.Argument(help="The supernet's name or id.")],
    minimize: Minimize = None,
    device: Device = None,
    where: Where = None,
    budget: Annotated[int, typer.Option(help="How many architectures to evaluate.")] = 300,
    searcher: Annotated[
        str,
        typer.Option(help="A name, or a name and parameters: 'nsga2:{\"population_size\": 32}'."),
    ] = "nsga2",
    parallelism: Annotated[int, typer.Option(help="How many may be in flight.")] = 16,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal searches.")] = 0,
    samples: Annotated[
        str | None, typer.Option(help="Images per FID, ascending: '512,2048'.")
    ] = None,
    final_samples: Annotated[
        int | None, typer.Option(help="Images per FID when the front is measured again.")
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            help="JSON of whose images teacher_distance compares with: checkpoint, base_channels, "
            "kind, blocks; the supernet's largest architecture if left out."
        ),
    ] = None,
    wall_seconds: Annotated[float | None, typer.Option(help="Stop after so long.")] = None,
    priority: Priority = 0,
    label: Label = None,
    watch: Watch = False,
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Search a supernet for its best subnets."""
    names = minimize or DEFAULT_OBJECTIVES
    labels = labels_of(label)
    with connect(server, api_key) as client:
        bounds = [parse_constraint(text) for text in where or ()]
        named = device_for(client, [*names, *(bound.name for bound in bounds)], device)
        spec: dict[str, Any] = {
            "supernet": supernet,
            "objectives": [_with_device({"name": name}, named) for name in names],
            "constraints": [
                _with_device({"name": b.name, "op": b.op.value, "value": b.value}, named)
                for b in bounds
            ],
            "searcher": _searcher(searcher),
            "budget": {"evaluations": budget}
            | ({"wall_seconds": wall_seconds} if wall_seconds is not None else {}),
            "parallelism": parallelism,
            "seed": seed,
        }
        fidelity = _fidelity(samples, final_samples)
        if fidelity:
            spec["fidelity"] = fidelity
        if teacher is not None:
            spec["teacher"] = _teacher(teacher)
        job = client.submit("search", spec, priority=priority, labels=labels)
        conclude(client, job, watch=watch, as_json=as_json)


def _with_device(named: dict[str, Any], device: str | None) -> dict[str, Any]:
    timed = objective(named["name"]).source is Source.DEVICE
    return {**named, "device": device} if timed and device else named


def _teacher(text: str) -> dict[str, Any]:
    """With the whole path of its checkpoint."""
    try:
        told = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"--teacher must be JSON: {error}") from error
    if not isinstance(told, dict) or not isinstance(told.get("checkpoint"), str):
        raise InvalidInput(
            f'--teacher must be like \'{{"checkpoint": FILE, "base_channels": 64}}\', got {text}'
        )
    return told | {"checkpoint": whole_path(told["checkpoint"])}


def _searcher(text: str) -> dict[str, Any]:
    name, colon, parameters = text.partition(":")
    try:
        given = json.loads(parameters) if colon else {}
    except ValueError as error:
        raise InvalidInput(
            f"the searcher's parameters must be JSON, got {parameters!r}: {error}"
        ) from error
    if not isinstance(given, dict):
        raise InvalidInput(
            f"the searcher's parameters must be a JSON object such as "
            f'{{"population_size": 32}}, got {parameters!r}'
        )
    return {"name": name, "parameters": given}


def _fidelity(samples: str | None, final_samples: int | None) -> dict[str, Any]:
    fidelity: dict[str, Any] = {}
    if samples is not None:
        try:
            fidelity["samples"] = [int(count) for count in samples.split(",")]
        except ValueError as error:
            raise InvalidInput(
                f"--samples must be counts such as '512,2048', got {samples!r}"
            ) from error
    if final_samples is not None:
        fidelity["final_samples"] = final_samples
    return fidelity
