from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from search_service.domain.space import Architecture
from search_service.errors import MeasurementFailed
from workers.evaluators.miou_error import MiouError, confusion, mean_iou
from workers.evaluators.order import shard_places
from workers.evaluators.segmenter import open_segmenter

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

ANY = Architecture(options=(), text="any")


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[5, 0], [0, 7]], 1.0),
        ([[0, 4], [4, 0]], 0.0),
        ([[3, 1], [0, 4]], (3 / 4 + 4 / 5) / 2),
        ([[6, 0, 0], [0, 0, 0], [0, 0, 2]], 1.0),  # a class that occurs nowhere says nothing
        ([[6, 2, 0], [0, 0, 0], [0, 0, 2]], (6 / 8 + 0 + 1) / 3),  # seen where it is not
    ],
)
def test_the_mean_is_over_classes_that_occur(matrix: list[list[int]], expected: float) -> None:
    assert mean_iou(np.array(matrix)) == pytest.approx(expected, rel=1e-15)


def test_nothing_judged_has_no_mean() -> None:
    assert np.isnan(mean_iou(np.zeros((3, 3))))


def test_pixels_are_counted_by_label_and_class_seen_and_unknown_ones_are_left_out() -> None:
    labels = torch.tensor([[[0, 0, 1]], [[2, 255, 3]]], dtype=torch.uint8)
    seen = torch.tensor([[[0, 1, 1]], [[0, 0, 2]]])
    first, second = confusion(labels, seen, 3)
    assert first.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert second.tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]


@pytest.fixture
def objective(bright_or_dark: Path) -> MiouError:
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=(40, 4, 6), dtype=np.uint8)
    return MiouError(open_segmenter(bright_or_dark, (1, 4, 6)), labels)


def painted(objective: MiouError, wrong: int) -> Tensor:
    """The images that the labels ask for, but for the first so many pixels of each."""
    labels = objective._labels[shard_places(40, 0, 0)]
    pixels = torch.from_numpy(labels * np.uint8(255))[:, None]
    pixels.view(40, -1)[:, :wrong] ^= 255
    return pixels


def test_images_that_show_what_was_asked_for_have_no_error(objective: MiouError) -> None:
    rows = objective.rows(painted(objective, 0), seed=0, index=0)
    estimate = objective.estimate(rows, ANY)
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)
    assert len(estimate.replicates) == 16


def test_the_estimate_is_that_of_all_pixels_together(objective: MiouError) -> None:
    rows = objective.rows(painted(objective, 3), seed=0, index=0)
    estimate = objective.estimate(rows[:8], ANY)
    assert estimate.value == pytest.approx(1 - mean_iou(rows[:8].sum(axis=0)))
    assert estimate.low < estimate.value < estimate.high
    assert len(estimate.replicates) == 8
    assert objective.estimate(rows, ANY).value > 0


def test_maps_of_unknown_pixels_alone_cannot_be_judged(objective: MiouError) -> None:
    with pytest.raises(MeasurementFailed, match="no label that the segmentation network knows"):
        objective.estimate(np.zeros((8, 2, 2), np.int32), ANY)
