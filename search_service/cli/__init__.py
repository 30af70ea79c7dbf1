"""The command line, `gansearch`: `main` is what the console script calls."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that the process was given, and exit."""
    try:
        # Here, for it takes a second, in which Ctrl-C is to be as quiet as later.
        from search_service.cli.running import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()
