"""The command line, `gansearch`: `main` is what the console script calls."""

from search_service.cli.running import main

__all__ = ["main"]
