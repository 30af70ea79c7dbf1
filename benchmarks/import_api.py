"""How long `import api.app` takes in a fresh process, and that it loads neither torch nor Ray."""

import statistics
import subprocess
import sys

RUNS = 7
SCRIPT = """
import sys, time
started = time.perf_counter()
import api.app
print(time.perf_counter() - started, *({"torch", "ray", "workers"} & set(sys.modules)))
"""


def main() -> None:
    """Print the median and the range."""
    seconds = []
    for _ in range(RUNS):
        output = subprocess.check_output([sys.executable, "-c", SCRIPT], text=True).split()
        seconds.append(float(output[0]))
        if output[1:]:
            sys.exit(f"import api.app loads {', '.join(output[1:])}")
    print(
        f"import api.app: median {statistics.median(seconds):.2f} s of {RUNS} runs"
        f" ({min(seconds):.2f} to {max(seconds):.2f}); neither torch nor Ray is loaded"
    )


if __name__ == "__main__":
    main()
