"""`make demo`: a search over the shipped supernet, from HTTP to a front that is drawn.

Starts everything here, registers the supernet, searches, prints the front and draws it.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from search_service.cli.plotting import plot_front
from search_service.cli.points import print_front
from search_service.cli.supernets import settled
from search_service.cli.watching import watch_job
from search_service.client import Client
from search_service.errors import GansearchError, Unreachable

ROOT = Path(__file__).resolve().parents[1]
SUPERNET = ROOT / "zoo" / "anycost-fashion32"
SEARCH: dict[str, Any] = {
    "objectives": [{"name": "fid"}, {"name": "latency_ms", "device": "cpu"}],
    "searcher": {"name": "nsga2", "parameters": {"population_size": 20}},
    "budget": {"evaluations": 120},
    "fidelity": {"samples": [256, 1024], "final_samples": 2048},
    "parallelism": 8,
    "seed": 0,
}
START_SECONDS = 90.0


def main() -> int:
    """0 with a summary, 1 with one line that says what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the service running")
    parser.add_argument("--evaluations", type=int, default=SEARCH["budget"]["evaluations"])
    parser.add_argument("--output", type=Path, default=ROOT / "demo")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    output: Path = arguments.output
    if _in_use(output / "data"):
        sys.stderr.write(f"demo: an earlier one still runs in {output}; stop it as it told you\n")
        return 1
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    port = _free_port()
    say(f"starting the service on port {port} (logs in {output / 'data' / 'logs'})")
    command = [sys.executable, "-m", "search_service.cli", "up"]
    service = subprocess.Popen(
        [*command, "--port", str(port), "--data", str(output / "data")],
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    kept = False
    try:
        run(service, f"http://127.0.0.1:{port}", output, arguments.evaluations)
        kept = bool(arguments.keep)
        if kept:
            say(f"still running: http://127.0.0.1:{port}; stop it by: kill {service.pid}")
    except GansearchError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("demo: interrupted\n")
        return 130
    finally:
        if not kept:
            service.terminate()
            service.wait()
    return 0


def run(service: "subprocess.Popen[bytes]", server: str, output: Path, evaluations: int) -> None:
    """Search and write what was found into `output`."""
    began = time.monotonic()
    with Client(server) as client:
        _wait_for_device(service, client)
        say(f"registering {SUPERNET.name}")
        body = json.loads((SUPERNET / "parameters.json").read_text())
        checkpoint = str(SUPERNET / "weights.safetensors")
        supernet = client.add_supernet({**body, "name": SUPERNET.name, "checkpoint": checkpoint})
        settled(client, supernet["id"])
        spec = {**SEARCH, "supernet": SUPERNET.name, "budget": {"evaluations": evaluations}}
        job = client.submit("search", spec)
        say(f"searching; follow it at {server}/?job={job['id']}")
        job = watch_job(client, job["id"])
        if job["state"] != "succeeded":
            raise GansearchError(f"the search {job['state']}: {job['reason']}")
        front = client.job_front(job["id"])
        print_front(front)
        _write(output / "front.json", json.dumps(front, indent=2) + "\n")
        plot_front(client, front, output / "front.png")
    seconds = time.monotonic() - began
    say(
        f"{job['evaluations']} architectures evaluated, {len(front['points'])} on the front, "
        f"{seconds:.0f} s; see {output / 'front.png'} and front.json"
    )


def say(text: str) -> None:
    """A line of what is going on."""
    sys.stdout.write(f"demo: {text}\n")
    sys.stdout.flush()


def _in_use(data: Path) -> bool:
    """Whether a `gansearch up` holds the data directory; removing that under it would lose jobs."""
    lock = data / "up.lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _wait_for_device(service: "subprocess.Popen[bytes]", client: Client) -> None:
    """The worker registers the device once its Ray is up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if service.poll() is not None:
            raise Unreachable("the service ended before it was ready; its reason stands above")
        if client.ready() and client.devices():
            return
        time.sleep(0.3)
    raise Unreachable(f"the service was not ready within {START_SECONDS:g} s; see its logs")


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    os.replace(part, path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.exit(main())
