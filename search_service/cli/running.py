"""Running a command: whatever goes wrong is one line on stderr and an exit status."""

import os
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from search_service.cli.app import app
from search_service.errors import GansearchError

REFUSED, USAGE, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `gansearch ARGUMENTS` (those of the process) and exit: 1 a refusal, 2 wrong usage."""
    sys.exit(status(arguments))


def status(arguments: Sequence[str] | None = None) -> int:
    """The exit status of a command, its errors told."""
    given = None if arguments is None else list(arguments)
    try:
        return app(given, prog_name="gansearch", standalone_mode=False) or 0
    except typer.Exit as exit_:
        return exit_.exit_code
    except TyperException as error:
        context = getattr(error, "ctx", None)
        if context and type(error).__name__ == "NoArgsIsHelpError":  # which typer keeps to itself
            typer.echo(context.get_help())
            return USAGE
        path = context.command_path if context else "gansearch"
        return _told(f"{_one_line(error.format_message())}; see {path} --help", USAGE)
    except GansearchError as error:
        return _told(_one_line(f"{error}{_where_to_look(str(error))}"), REFUSED)
    except (KeyboardInterrupt, typer.Abort):
        return _told("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has seen enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _told(f"{error.strerror or error}: {error.filename}", REFUSED)


def _told(text: str, code: int) -> int:
    typer.echo(f"gansearch: {text}", err=True)
    return code


def _where_to_look(refusal: str) -> str:
    """What lists the things there are, where one was named that is not."""
    for thing in ("supernet", "job", "device"):
        if refusal.startswith(f"no {thing} '"):
            return f"; `gansearch {thing} list` shows those there are"
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
