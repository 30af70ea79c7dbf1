"""How many actors fit into the nodes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pool.need import Need


@pytest.mark.parametrize(
    ("need", "nodes", "room"),
    [
        (Need(), [{"CPU": 4.0}, {"CPU": 2.0}], 6),
        (Need(cpus=3), [{"CPU": 4.0}, {"CPU": 2.0}], 1),  # each whole on one node
        (Need(cpus=1, gpus=0.25), [{"CPU": 16.0, "GPU": 2.0}, {"CPU": 16.0}], 8),
        (Need(cpus=1, gpus=0.1), [{"CPU": 16.0, "GPU": 1.0}], 10),
        (Need(cpus=1, gpus=1), [{"CPU": 2.0, "GPU": 8.0}], 2),
        (Need(), [], 0),
    ],
)
def test_room_is_what_fits_whole(need: Need, nodes: list[dict[str, float]], room: int) -> None:
    assert need.room(nodes) == room


@given(st.integers(1, 20), st.integers(1, 8))
def test_any_even_split_of_a_gpu_is_used_up(parts: int, gpus: int) -> None:
    nodes = [{"CPU": 1000.0, "GPU": float(gpus)}]
    assert Need(cpus=1, gpus=1 / parts).room(nodes) == parts * gpus


def test_what_is_not_needed_is_not_asked_for() -> None:
    assert Need(cpus=2).bundle() == {"CPU": 2}
    assert Need(cpus=1, gpus=0.5).bundle() == {"CPU": 1, "GPU": 0.5}
