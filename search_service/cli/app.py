"""The commands put together."""

from importlib.metadata import version
from typing import Annotated

import typer

from search_service.cli import devices, jobs, processes, supernets
from search_service.cli.fronts import best, front
from search_service.cli.scoring import score
from search_service.cli.searching import search
from search_service.cli.settings import config
from search_service.cli.training import finetune, train
from search_service.cli.up import up

app = typer.Typer(
    name="gansearch",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gansearch {version('gansearch')}")
        raise typer.Exit


@app.callback()
def gansearch(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Find the best generator for every device."""


app.command("up")(up)
app.command("api")(processes.api)
app.command("worker")(processes.worker)
app.add_typer(supernets.app, name="supernet")
app.command("search")(search)
app.add_typer(jobs.app, name="job")
app.command("train")(train)
app.command("finetune")(finetune)
app.command("score")(score)
app.command("front")(front)
app.command("best")(best)
app.add_typer(devices.app, name="device")
app.command("config")(config)
