"""Questions about a supernet, put to an API process of the run's own, and how long they take."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.known import Question
from benchmarks.servers import cpu_seconds, load_of_machine
from infra.ports import free_port, is_listened_to

GOAL_MS = 30.0


class Client:
    """One connection."""

    def __init__(self, port: int, supernet: str) -> None:
        self._supernet = supernet
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, question: Question) -> tuple[float, Any]:
        """Seconds until the answer was there, and what it says."""
        path = question.path(self._supernet)
        began = time.perf_counter()
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        content = answer.read()
        took = time.perf_counter() - began
        if answer.status != 200:
            raise SystemExit(content.decode())
        return took, json.loads(content)


@contextmanager
def api(url: str, supernet: str) -> Iterator[tuple[Client, int]]:
    """A client of it, and its process id."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        inherited = {n: v for n, v in os.environ.items() if not n.startswith("GANSEARCH_")}
        environment = {
            "GANSEARCH_DATA_DIR": folder,
            "GANSEARCH_DATABASE_URL": url,
            "GANSEARCH_LOG_LEVEL": "ERROR",
        }
        words = [sys.executable, "-m", "api", "--port", str(port)]
        process = subprocess.Popen(words, env=inherited | environment)
        try:
            while not is_listened_to(port):
                time.sleep(0.1)
            yield Client(port, supernet), process.pid
        finally:
            process.terminate()
            process.wait()


def report(kind: str, questions: Sequence[Question], client: Client, pid: int) -> None:
    """Ask them one after another; print what they took."""
    times, sizes, before = [], [], cpu_seconds(pid)
    for question in questions:
        took, answer = client.ask(question)
        times.append(1000 * took)
        sizes.append(len(answer.get("points", ())) or len(answer.get("tied", ())))
    cpu = 1000 * (cpu_seconds(pid) - before) / len(questions)
    times.sort()
    print(
        f"{kind:<15} median {median(times):5.1f} ms  p90 {times[len(times) * 9 // 10]:5.1f} ms  "
        f"p99 {times[len(times) * 99 // 100]:5.1f} ms (goal: {GOAL_MS:.0f})  longest "
        f"{times[-1]:6.1f} ms  processor time of the API {cpu:4.1f} ms  median of "
        f"{median(sizes):.0f} points or ties  {load_of_machine()}",
        flush=True,
    )


def resident_mb(pid: int) -> float:
    """Memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
