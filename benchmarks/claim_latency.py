"""How long a job waits for an idle worker: from its POST to the moment that it is running.

python benchmarks/claim_latency.py [--submits 50]

A PostgreSQL, an API process and a worker process of the run's own, three times: with a Redis, with
a Redis that died after both had started, and without one. Each submit comes at a random moment
after the last job has ended, so that it does not keep step with the worker's looks at the queue.
The time is from just before the request is sent to the job's `started_at`, both by this machine's
clock. The jobs are searches of one evaluation that needs no measurement.
"""

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.servers import load_of_machine, postgres, redis
from infra.ports import free_port, is_listened_to

ZOO = Path(__file__).resolve().parents[1] / "zoo" / "anycost-fashion32"
SPEC = {
    "supernet": "net",
    "objectives": [{"name": "macs"}, {"name": "params"}],
    "searcher": {"name": "random"},
    "budget": {"evaluations": 1},
    "parallelism": 1,
}
WAYS = {"Redis up": 100.0, "Redis down": 2000.0, "no Redis": 2000.0}  # goals in ms


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submits", type=int, default=50)
    asked = parser.parse_args()
    found = {way: latencies_ms(way, asked.submits) for way in WAYS}
    print(load_of_machine())
    for way, times in found.items():
        times = sorted(times)
        print(
            f"{way:<11} median {median(times):6.0f} ms (goal: under {WAYS[way]:.0f})  "
            f"p90 {times[len(times) * 9 // 10]:6.0f} ms  longest {times[-1]:6.0f} ms  "
            f"of {len(times)} submits"
        )


def latencies_ms(way: str, submits: int) -> list[float]:
    """Of so many jobs, one after another."""
    rng = random.Random(0)
    with ExitStack() as here:
        folder = here.enter_context(tempfile.TemporaryDirectory())
        environment = {
            "GANSEARCH_DATA_DIR": folder,
            "GANSEARCH_DATABASE_URL": here.enter_context(postgres()),
        }
        server = here.enter_context(redis()) if way != "no Redis" else None
        if server is not None:
            environment["GANSEARCH_REDIS_URL"] = server.url
        port = free_port()
        here.enter_context(_running(["-m", "api", "--port", str(port)], environment))
        _wait(lambda: is_listened_to(port))
        api = Api(port)
        described = json.loads((ZOO / "parameters.json").read_text())
        checkpoint = str(ZOO / "weights.safetensors")
        api.ask("POST", "/v1/supernets", {**described, "name": "net", "checkpoint": checkpoint})
        here.enter_context(_running(["-m", "workers"], environment))
        _wait(lambda: api.ask("GET", "/v1/supernets/net")["status"] == "ready")
        if server is not None and way == "Redis down":
            server.process.kill()
        times = [api.submit() for _ in range(3)]  # not counted: connections are made
        times.clear()
        for _ in range(submits):
            time.sleep(rng.uniform(0.2, 1.3))
            times.append(api.submit())
        return times


@dataclass
class Api:
    """One connection to it."""

    port: int

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a good answer."""
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, path, body=content, headers=headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 400:
            raise SystemExit(text)
        return json.loads(text)

    def submit(self) -> float:
        """Milliseconds from before the POST to `started_at`; the job has ended on return."""
        sent = time.time()
        job = self.ask("POST", "/v1/jobs", {"kind": "search", "spec": SPEC})
        while job["state"] in ("queued", "running"):
            time.sleep(0.02)
            job = self.ask("GET", f"/v1/jobs/{job['id']}")
        if job["state"] != "succeeded":
            raise SystemExit(f"the job {job['state']}: {job['reason']}")
        return 1000 * (datetime.fromisoformat(job["started_at"]).timestamp() - sent)


@contextmanager
def _running(words: list[str], environment: dict[str, str]) -> Iterator[None]:
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("GANSEARCH_")}
    process = subprocess.Popen(
        [sys.executable, *words],
        env={**inherited, "GANSEARCH_LOG_LEVEL": "ERROR", **environment},
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait(condition: Any) -> None:
    while not condition():
        time.sleep(0.1)


if __name__ == "__main__":
    main()
