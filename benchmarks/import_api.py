"""How long `import api.app` takes in a fresh process, and that it loads neither torch nor Ray.

Wall time is what a user waits; CPU time is what a busy neighbour does not change much.
"""

import statistics
import subprocess
import sys

RUNS = 7
SCRIPT = """
import sys, time
wall, cpu = time.perf_counter(), time.process_time()
import api.app
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
forbidden = {"torch", "ray", "workers"} & {*sys.modules}
print(wall, cpu, *forbidden)
"""


def main() -> None:
    """Print the median and the range."""
    walls, cpus = [], []
    for _ in range(RUNS):
        output = subprocess.check_output([sys.executable, "-c", SCRIPT], text=True).split()
        wall, cpu, *forbidden = output
        walls.append(float(wall))
        cpus.append(float(cpu))
        if forbidden:
            sys.exit(f"import api.app loads {', '.join(forbidden)}")
    print(
        f"import api.app, median of {RUNS} runs: {statistics.median(walls):.2f} s wall"
        f" ({min(walls):.2f} to {max(walls):.2f}), {statistics.median(cpus):.2f} s CPU;"
        " neither torch nor Ray is loaded"
    )


if __name__ == "__main__":
    main()
