"""`make demo`: a search over the shipped supernet, from HTTP to a front that is drawn.

Starts everything here, registers the supernet, searches, prints the front and draws it.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from infra.ports import free_port
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
START_SECONDS = 360.0  # longer than `up` tries, which knows why it failed
PATIENCE_SECONDS = 10.0  # with a service that has gone: this one does not come back


def main() -> int:
    """0 with a summary, 1 with one line that says what went wrong, 130 when it was interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the service running")
    parser.add_argument("--evaluations", type=int, default=SEARCH["budget"]["evaluations"])
    parser.add_argument("--output", type=Path, default=ROOT / "demo")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        demonstrate(arguments.output.absolute(), arguments.evaluations, keep=arguments.keep)
    except GansearchError as error:
        return _told(str(error), 1)
    except OSError as error:
        return _told(f"{error.strerror or error}: {error.filename}", 1)
    except KeyboardInterrupt:
        return _told("interrupted", 130)
    return 0


def demonstrate(output: Path, evaluations: int, *, keep: bool) -> None:
    """Everything from start to stop. Raises GansearchError with what went wrong, OSError."""
    _clear(output)
    port = free_port()
    say(f"starting the service on port {port} (logs in {output / 'data' / 'logs'})")
    command = [sys.executable, "-m", "search_service.cli", "up"]
    words = output / "up.log"
    with words.open("wb") as log:
        service = subprocess.Popen(
            [*command, "--port", str(port), "--data", str(output / "data")],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to handle
        )
    kept = False
    try:
        run(service, f"http://127.0.0.1:{port}", output, evaluations)
        kept = keep
    except GansearchError as error:
        if service.poll() is None:
            raise
        # Its end is the cause of whatever went wrong here.
        last = words.read_text(errors="replace").strip().rpartition("\n")[2]
        raise Unreachable(f"the service ended: {last.removeprefix('gansearch: ')}") from error
    finally:
        if not kept:
            _stop(service)
    if kept:
        say(f"still running: http://127.0.0.1:{port}; stop it by: kill {service.pid}")


def run(service: "subprocess.Popen[bytes]", server: str, output: Path, evaluations: int) -> None:
    """Search and write what was found into `output`."""
    began = time.monotonic()
    with Client(server, patience_seconds=PATIENCE_SECONDS) as client:
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


def _told(text: str, code: int) -> int:
    sys.stderr.write(f"demo: {text}\n")
    return code


def _clear(output: Path) -> None:
    """Make the folder and remove what an earlier demo left there, and nothing else."""
    owner = _holder(output / "data")
    if owner:
        raise GansearchError(f"an earlier one still runs in {output}; stop it by: kill {owner}")
    shutil.rmtree(output / "data", ignore_errors=True)
    output.mkdir(parents=True, exist_ok=True)
    for name in ("front.json", "front.png"):
        (output / name).unlink(missing_ok=True)


def _holder(data: Path) -> str:
    """The process of the `gansearch up` on a data directory, which must not lose it; or empty."""
    lock = data / "up.lock"
    if not lock.exists():
        return ""
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return file.read().strip() or "unknown"
    return ""


def _wait_for_device(service: "subprocess.Popen[bytes]", client: Client) -> None:
    """The worker registers the device once its Ray is up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if service.poll() is not None:
            raise Unreachable("the service ended before it was ready")
        if client.ready() and client.devices():
            return
        time.sleep(0.3)
    raise Unreachable(f"the service was not ready within {START_SECONDS:g} s; see its logs")


def _stop(service: "subprocess.Popen[bytes]") -> None:
    """Wait until it is gone; interrupted meanwhile, tell it to hurry."""
    service.terminate()
    try:
        service.wait()
    except KeyboardInterrupt:
        service.terminate()
        service.wait()
        raise


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    os.replace(part, path)


if __name__ == "__main__":
    sys.exit(main())
