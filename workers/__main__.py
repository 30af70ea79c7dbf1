"""`python -m workers`: one worker process, configured by the environment."""

import importlib.util
import sys

NEEDED = ("torch", "ray", "safetensors")


def main() -> int:
    """Run until SIGTERM or SIGINT; 1 with one line on stderr when it cannot start."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"gansearch worker: {', '.join(missing)} not installed: "
            "pip install 'gansearch[workers]'\n"
        )
        return 1
    # Not before: these import what may be missing.
    from workers.process import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
