"""What a child of `gansearch up` runs: a module of ours, until that ends or the parent is gone.

A file that is run, not imported: `python -P child.py ROOT PIPE SECONDS MODULE ARGUMENTS...`.
"""

import os
import runpy
import signal
import sys
import threading
import time

MORE_SECONDS = 5.0  # than the parent itself would wait, SECONDS, were it there


def main() -> None:
    """Run MODULE as `python -m` would, were ROOT installed and the working directory empty."""
    root, pipe, seconds, module = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    threading.Thread(target=_end_with_parent, args=(pipe, seconds), daemon=True).start()
    if root not in sys.path:
        sys.path.append(root)
    sys.argv = sys.argv[4:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_parent(pipe: int, seconds: float) -> None:
    """Nothing is ever written to the pipe; its other end closes when the parent is no more."""
    os.set_inheritable(pipe, False)
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(seconds + MORE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
