"""`python -m workers`: one worker, configured by the environment."""

import argparse
import faulthandler
import importlib.util
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from workers.ray_folders import remove_abandoned_folders
from workers.succession import Succession

NEEDED = ("torch", "ray", "safetensors")


def main() -> int:
    """Run until SIGTERM or SIGINT; 1 with one line on stderr when it cannot start. A process that
    dies after it could is followed by another."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument(
        "--announce", type=int, metavar="FD", help="a descriptor that is told when it is ready"
    )
    arguments = parser.parse_args()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"gansearch worker: {', '.join(missing)} not installed: "
            "pip install 'gansearch[workers]'\n"
        )
        return 1

    def heard(word: str) -> None:
        if arguments.announce is not None:
            with suppress(BrokenPipeError):
                os.write(arguments.announce, f"{word}\n".encode())

    return Succession(work, heard=heard, bury=remove_abandoned_folders).run()


def work(*, tell: Callable[[str], None], is_successor: bool) -> int:
    """What one process does; see Work."""
    faulthandler.enable()  # Ray's core aborts where others raise
    # Not before: these import what may be missing.
    from workers.process import run

    return run(tell=tell, is_successor=is_successor)


if __name__ == "__main__":
    sys.exit(main())
