"""`gansearch front` and `gansearch best`: what was found."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from search_service.cli.options import ApiKey, AsJson, Device, Server, Where, connect, device_for
from search_service.cli.output import print_json
from search_service.cli.points import architecture_text, front_csv, print_front, value_text
from search_service.cli.unmet import unmet_of, unmet_text
from search_service.client import Client, Record
from search_service.domain.spec import Op, parse_constraint
from search_service.errors import InvalidInput

DEFAULT_OBJECTIVES = ["fid", "latency_ms"]


class Format(StrEnum):
    """How a front is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def front(
    target: Annotated[str, typer.Argument(metavar="SUPERNET|JOB", help="A name or an id.")],
    minimize: Annotated[
        list[str] | None,
        typer.Option(help="Of a supernet: an objective; repeatable. fid and latency_ms if none."),
    ] = None,
    device: Device = None,
    where: Where = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw it, with the images made.")
    ] = None,
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show the Pareto front of a job, or of a supernet over all its jobs."""
    why = ""  # there is nothing on it, where that is known
    with connect(server, api_key) as client:
        if target.startswith("job_"):
            if minimize or device:
                raise InvalidInput(
                    "a job has its own objectives: leave --minimize and --device out"
                )
            whole = client.job_front(target)
            found = cut(whole, where or [])
            if not whole["points"]:
                unmet = unmet_of(client, client.job(target))
                why = f"{unmet_text(unmet)} ({unmet.nearest})" if unmet else ""
        else:
            found = _of_supernet(
                client, target, minimize or DEFAULT_OBJECTIVES, device, where or []
            )
            if not found["points"]:
                has = " and ".join(named["name"] for named in found["objectives"])
                meets = f" and meets {' and '.join(where)}" if where else ""
                why = f"no stored evaluation has {has}{meets}: search more"
        if plot is not None:
            from search_service.cli.plotting import plot_front  # with matplotlib, half a second

            plot_front(client, found, plot)
    if as_json or format_ is Format.JSON:
        print_json(found)
    elif format_ is Format.CSV:
        typer.echo(front_csv(found), nl=False)
    else:
        print_front(found)
    if why:
        typer.echo(why, err=True)


def best(
    supernet: Annotated[str, typer.Argument(help="The supernet's name or id.")],
    minimize: Annotated[str, typer.Option(help="The objective.")] = "fid",
    device: Device = None,
    where: Where = None,
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show the stored evaluation with the least value under the constraints; exits 1 if none."""
    with connect(server, api_key) as client:
        bounds = [parse_constraint(text).name for text in where or ()]
        named = device_for(client, [minimize, *bounds], device)
        found = client.best(supernet, minimize=minimize, device=named, where=where or [])
    evaluation = found["evaluation"]
    if as_json:
        print_json(found)
    elif evaluation is not None:
        values = evaluation["values"] | evaluation["final_values"]
        typer.echo(f"{evaluation['id']}  {architecture_text(evaluation['architecture'])}")
        for name, value in values.items():
            typer.echo(f"  {name} {value_text(value)}")
        count = found["support"]["evaluations"]
        typer.echo(f"best of {count} evaluations; {len(found['tied'])} more within its interval")
    if evaluation is None:
        typer.echo("gansearch: no stored evaluation meets this: search more", err=True)
        raise typer.Exit(1)


def cut(front: Record, where: list[str]) -> Record:
    """A job's front under upper bounds on its objectives; any other bound could let in points
    that are not on it, so it raises InvalidInput."""
    bounds = [parse_constraint(text) for text in where]
    names = [named["name"] for named in front["objectives"]]
    for text, bound in zip(where, bounds, strict=True):
        if bound.op is not Op.LE or bound.name not in names:
            raise InvalidInput(
                f"--where {text!r}: a job's front takes upper bounds on what it minimised "
                f"({', '.join(names)}); ask the supernet's front for others"
            )
    kept = [
        point
        for point in front["points"]
        if not any(bound.violation(point["values"][bound.name]["value"]) for bound in bounds)
    ]
    return front | {"points": kept, "hypervolume": None if where else front["hypervolume"]}


def _of_supernet(
    client: Client, supernet: str, objectives: list[str], device: str | None, where: list[str]
) -> Record:
    names = [*objectives, *(parse_constraint(text).name for text in where)]
    named = device_for(client, names, device)
    return client.supernet_front(supernet, objectives=objectives, device=named, where=where)
