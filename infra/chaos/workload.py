"""Small jobs of three kinds, some of which need the same measurements."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ZOO = Path(__file__).resolve().parents[2] / "zoo"
SUPERNET = ZOO / "anycost-fashion32"
SUPERNET_NAME = "net"
NAME = "name"  # the label by which a job is found again
DEVICE = "cpu"  # on which latency is timed
PAIRS = 20

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """How many jobs of each kind, and how long they are. The last ones of two kinds are doomed: to
    be cancelled."""

    searches: int = 4
    timed: int = 2  # searches of one seed that share a device
    trainings: int = 2
    scorings: int = 2
    evaluations: int = 24  # of each search
    images: int = 2000  # of each training
    samples: int = 2048  # of each scoring
    doomed_searches: int = 1
    doomed_trainings: int = 1

    @property
    def doomed(self) -> Collection[str]:
        """Names."""
        searches = range(self.searches - self.doomed_searches, self.searches)
        trainings = range(self.trainings - self.doomed_trainings, self.trainings)
        return [f"search-{i}" for i in searches] + [f"train-{i}" for i in trainings]


def supernet() -> Body:
    """What is registered before anything is searched."""
    about = json.loads((SUPERNET / "parameters.json").read_text())
    checkpoint = str(SUPERNET / "weights.safetensors")
    return {**about, "name": SUPERNET_NAME, "checkpoint": checkpoint}


def bodies(workload: Workload, data: Path) -> Mapping[str, Body]:
    """The jobs by name, kinds mixed; `data` is the folder from `write_data`."""
    kinds = [
        {f"search-{i}": _search(i // 2, workload.evaluations) for i in range(workload.searches)},
        {f"timed-{i}": _timed(workload.evaluations) for i in range(workload.timed)},
        {f"train-{i}": _training(i, workload.images, data) for i in range(workload.trainings)},
        {f"score-{i}": _scoring(i, workload.samples) for i in range(workload.scorings)},
    ]
    longest = max(map(len, kinds))
    names = [list(kind)[i] for i in range(longest) for kind in kinds if i < len(kind)]
    every = {name: body for kind in kinds for name, body in kind.items()}
    return {name: {**every[name], "labels": {NAME: name}} for name in names}


def is_timed(spec: Mapping[str, Any]) -> bool:
    """Whether a job with this needs a device."""
    return any("device" in objective for objective in spec.get("objectives", ()))


def write_data(folder: Path) -> Path:
    """A few pairs of small pictures of noise, the same ones every time; their folder."""
    rng = np.random.default_rng(0)
    for side in ("A", "B"):
        (folder / side).mkdir(parents=True)
        for i in range(PAIRS):
            pixels = rng.integers(256, size=(16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / side / f"{i:02}.png")
    return folder


def _search(seed: int, evaluations: int) -> Body:
    spec = {
        "supernet": SUPERNET_NAME,
        "objectives": [{"name": "fid"}, {"name": "macs"}],
        "searcher": {"name": "nsga2", "parameters": {"population_size": 6}},
        "budget": {"evaluations": evaluations},
        "fidelity": {"samples": [64, 128], "final_samples": 256},
        "parallelism": 5,
        "seed": seed,
    }
    return {"kind": "search", "spec": spec}


def _timed(evaluations: int) -> Body:
    """Its values are never the same twice: what is proposed, and how far it is judged, depends on
    none of them."""
    spec = {
        "supernet": SUPERNET_NAME,
        "objectives": [{"name": "macs"}, {"name": "latency_ms", "device": DEVICE}],
        "searcher": {"name": "random"},
        "budget": {"evaluations": evaluations},
        "parallelism": 2,
        "seed": 100,
    }
    return {"kind": "search", "spec": spec}


def _training(seed: int, images: int, data: Path) -> Body:
    recipe = {
        "method": "pix2pix",
        "dataset": "folder-of-pairs",
        "images": images,
        "batch": 4,
        "seed": seed,
        "generator": {"base_channels": 2, "blocks": 1},
        "critic": {"base_channels": 2, "layers": 1},
        "records": {"log_every": 20, "checkpoint_every": 20, "grid_every": images // 8},
    }
    return {"kind": "train", "spec": {"recipe": recipe, "data": str(data)}}


def _scoring(seed: int, samples: int) -> Body:
    about = json.loads((SUPERNET / "parameters.json").read_text())
    generator = {
        "checkpoint": str(SUPERNET / "weights.safetensors"),
        "family": about["family"],
        "parameters": about["parameters"],
        "dataset": about["dataset"],
        "architecture": "8:64_64_32_32",
    }
    statistics = ZOO / "reference" / "fashion-mnist-32.train.fashion-classifier.safetensors"
    spec = {
        "reference": str(statistics),
        "metrics": ["fid"],
        "generator": generator,
        "samples": samples,
        "seed": 1 + seed,
    }
    return {"kind": "score", "spec": spec}
