"""`python -m workers`: one worker process, configured by the environment."""

import argparse
import importlib.util
import signal
import sys

NEEDED = ("torch", "ray", "safetensors")


def main() -> int:
    """Run until SIGTERM or SIGINT; 1 with one line on stderr when it cannot start."""
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
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback from amidst an import
    # Not before: these import what may be missing.
    from workers.process import run

    return run(announcements=arguments.announce)


if __name__ == "__main__":
    sys.exit(main())
