"""The demo as a user runs it: what it writes, what it says, and that it leaves nothing running."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from tests.support.waiting import until

DEMO = Path(__file__).parents[2] / "infra" / "demo.py"
EVALUATIONS = 20  # of which 16 fix the reference point

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ray,
    pytest.mark.xdist_group("demo"),
    pytest.mark.timeout(400),
]


def test_a_short_demo_leaves_a_front_and_nothing_else(
    tmp_path: Path,
    children_of: Callable[[int], dict[str, int]],
    left_of: Callable[[Iterable[int]], list[int]],
) -> None:
    output = tmp_path / "demo"
    lock = output / "data" / "up.lock"
    seen: set[int] = set()
    with (tmp_path / "words").open("w") as words:
        demo = subprocess.Popen(
            [sys.executable, DEMO, "--evaluations", str(EVALUATIONS), "--output", output],
            cwd=tmp_path,
            stdout=words,
            stderr=words,
        )
        while demo.poll() is None:
            if lock.exists() and (holder := lock.read_text().strip()):
                seen |= {int(holder), *children_of(int(holder)).values()}
            time.sleep(0.2)
    said = (tmp_path / "words").read_text()
    assert demo.returncode == 0, said
    assert len(seen) == 3
    until(lambda: not left_of(seen))  # what was killed may take a moment

    assert re.search(r"follow it at http://127\.0\.0\.1:\d+/\?job=job_\w+", said)
    assert re.search(rf"^search: \d+/{EVALUATIONS} ", said, re.MULTILINE)
    assert said.splitlines()[-1].startswith(f"demo: {EVALUATIONS} architectures evaluated")
    assert "Traceback" not in said

    with Image.open(output / "front.png") as image:
        assert image.format == "PNG"
        assert 400 <= min(image.size) <= max(image.size) <= 4000
        extremes = image.convert("L").getextrema()
    assert extremes[0] != extremes[1]

    front = json.loads((output / "front.json").read_text())
    assert set(front) == {
        *("supernet", "job", "objectives", "reference_point", "hypervolume", "points")
    }
    assert [objective["name"] for objective in front["objectives"]] == ["fid", "latency_ms"]
    assert set(front["reference_point"]) == {"fid", "latency_ms"}
    assert front["hypervolume"] > 0
    points = front["points"]
    assert 1 <= len(points) <= EVALUATIONS
    for point in points:
        assert point["evaluation"].startswith("evl_")
        assert point["architecture"]["resolution"] in (8, 16, 32)
        assert point["values"]["macs"]["value"] > 0
        fid, latency = point["values"]["fid"], point["values"]["latency_ms"]
        assert fid["samples"] == 2048
        assert latency["device"] == "cpu"
        assert fid["low"] <= fid["value"] <= fid["high"]
        assert latency["low"] <= latency["value"] <= latency["high"]
    costs = [(p["values"]["fid"]["value"], p["values"]["latency_ms"]["value"]) for p in points]
    assert costs == sorted(costs)  # best first objective first
    assert [latency for _, latency in costs] == sorted((c[1] for c in costs), reverse=True)


def test_a_demo_whose_service_cannot_start_says_why_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSEARCH_DATABASE_URL", "memory://")
    kept = tmp_path / "demo" / "notes.txt"
    kept.parent.mkdir()
    kept.write_text("not the demo's")
    done = subprocess.run(
        [sys.executable, DEMO, "--output", kept.parent], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("demo: the service ended: GANSEARCH_DATABASE_URL: memory://")
    assert done.stderr.count("\n") == 1
    assert kept.exists()
