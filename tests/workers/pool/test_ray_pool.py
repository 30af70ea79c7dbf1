"""What is told of a pool's actors while they live."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from search_service import spaces
from search_service.domain.measurement import MeasurementRequest, Protocol
from search_service.domain.space import smallest
from search_service.errors import InvalidFile
from search_service.telemetry.metrics import REGISTRY, set_workers
from workers.checkpoint_uri import weights_at
from workers.evaluation import Judging
from workers.pool import Cluster, EvaluatorSpec

ZOO = Path(__file__).parents[3] / "zoo" / "anycost-fashion32"

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with closing(Cluster(cpus=2)) as cluster:
        yield cluster


def spec(folder: Path, **weights: Any) -> EvaluatorSpec:
    described = json.loads((ZOO / "parameters.json").read_text())
    return EvaluatorSpec(
        family=described["family"],
        parameters=described["parameters"],
        weights=weights or weights_at(str(ZOO / "weights.safetensors")),
        judging=Judging(
            dataset=described["dataset"],
            feature_extractor=described["feature_extractor"],
            references=folder,
        ),
    )


def told(device: str) -> float | None:
    return REGISTRY.get_sample_value("gansearch_workers", {"device": device})


def test_actors_are_counted_by_device_until_they_end(cluster: Cluster, tmp_path: Path) -> None:
    made = spec(tmp_path)
    set_workers(0, device="cpu")  # the registry is this process's, and other tests count too
    with closing(cluster.pool(made)) as pool:
        assert told("") == 2
        assert not told("cpu")
        protocol = Protocol(
            objective="latency_ms", parameters={**cluster.calibrate("cpu"), "rounds": 6}
        )
        request = MeasurementRequest(
            supernet="sup_1",
            supernet_digest="d",
            architecture=str(smallest(spaces.build(made.family, made.parameters))),
            protocol=protocol,
            device="cpu",
        )
        tickets = [pool.submit(request), pool.submit(request)]
        assert told("cpu") == 1
        done = [outcome.ticket for _ in tickets for outcome in pool.wait(60)]
        assert done == tickets
    assert (told(""), told("cpu")) == (0, 0)


def test_weights_that_do_not_fit_leave_no_actor_behind(cluster: Cluster, tmp_path: Path) -> None:
    weights = weights_at(str(ZOO / "weights.safetensors"))
    with pytest.raises(InvalidFile, match="does not fit"):
        cluster.pool(spec(tmp_path, other=next(iter(weights.values()))))
    assert told("") == 0
