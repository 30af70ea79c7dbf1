"""`gansearch job`: look at jobs, follow them, and step them."""

from typing import Annotated

import typer

from search_service.cli.options import ApiKey, AsJson, Server, connect
from search_service.cli.output import number, print_json, print_table
from search_service.cli.points import volume_text
from search_service.cli.unmet import unmet_of, unmet_text
from search_service.cli.watching import watch_job
from search_service.client import Client, Record
from search_service.domain.unmet import Unmet

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Stored jobs.")

JobId = Annotated[str, typer.Argument(metavar="ID", help="job_…")]


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    supernet: Annotated[str | None, typer.Option(help="Only jobs of this supernet.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    server: Server = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    with connect(server, api_key) as client:
        jobs = client.jobs(state=state, supernet=supernet, limit=limit)
    if as_json:
        print_json(jobs)
        return
    columns = ["id", "kind", "state", "reason", "evaluations>", "front>", "hypervolume>", "created"]
    print_table(columns, [_row(job) for job in jobs])
    if any(job["hypervolume"] is not None for job in jobs):
        typer.echo(
            "hypervolume: up to a reference point of each job's own, which `job show` names; "
            "those of two jobs do not compare"
        )


@app.command()
def show(
    job: JobId, server: Server = None, api_key: ApiKey = None, as_json: AsJson = False
) -> None:
    """Show one job."""
    with connect(server, api_key) as client:
        record = client.job(job)
        told = "" if as_json else summary(client, record)
    if as_json:
        print_json(record)
    else:
        typer.echo(told)


@app.command()
def watch(job: JobId, server: Server = None, api_key: ApiKey = None) -> None:
    """Follow a job to its end, across restarts of the server; exits 1 unless it succeeds."""
    with connect(server, api_key) as client:
        record = watch_job(client, job)
        typer.echo(summary(client, record))
    if record["state"] != "succeeded":
        raise typer.Exit(1)


def _step(name: str) -> None:
    """Enter the command of one step."""

    def command(
        job: JobId, server: Server = None, api_key: ApiKey = None, as_json: AsJson = False
    ) -> None:
        with connect(server, api_key) as client:
            record = client.step(job, name)
        if as_json:
            print_json(record)
        else:
            typer.echo(f"{record['id']} is {record['state']}")

    app.command(name, help=f"{name.capitalize()} a job.")(command)


for _name in ("cancel", "pause", "resume", "retry"):
    _step(_name)


def summary(client: Client, job: Record) -> str:
    """One line: state, why, how much was found; asks for the evaluations where nothing was."""
    return summed_up(job, unmet_of(client, job))


def summed_up(job: Record, unmet: Unmet | None = None) -> str:
    """The same of what is known."""
    reason = f" ({job['reason']})" if job["reason"] else ""
    if job["kind"] != "search":
        return f"{job['id']} {job['state']}{reason}{_made(job['result'] or {})}"
    told = f"{job['id']} {job['state']}{reason}: {job['evaluations']} evaluations"
    if job["front_size"]:
        told += f", {job['front_size']} on the front"
        told += volume_text(job["hypervolume"], job["reference_point"] or {})
    return f"{told}; {unmet_text(unmet)} ({unmet.nearest})" if unmet else told


def _made(result: Record) -> str:
    """What a job left, as `: FID 2.1 before, 1.9 after, supernet sup_…, log art_…`."""
    scores = [
        f"{number(result[when]['fid']['value'])} {when}"
        for when in ("before", "after")
        if when in result
    ]
    said = [f"{name} {number(told['value'])}" for name, told in result.get("scores", {}).items()]
    made = {"supernet": result.get("supernet"), **result.get("artifacts", {})}
    said += [f"FID {', '.join(scores)}"] if scores else []
    said += [f"{name} {id_}" for name, id_ in made.items() if id_]
    return f": {', '.join(said)}" if said else ""


def _row(job: Record) -> list[str]:
    return [
        job["id"],
        job["kind"],
        job["state"],
        job["reason"],
        str(job["evaluations"]),
        str(job["front_size"]),
        number(job["hypervolume"]),
        job["created_at"][:19].replace("T", " "),
    ]
