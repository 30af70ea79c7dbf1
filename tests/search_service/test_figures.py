"""A front drawn, and what cannot be drawn."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search_service.errors import InvalidFile, InvalidInput
from search_service.figures import draw_front, first_images
from search_service.figures.axis import axis_of
from search_service.figures.front import front_figure
from search_service.figures.points import doubtful_places
from search_service.figures.spread import spread

OBJECTIVES = [{"name": "fid"}, {"name": "latency_ms", "device": "cpu"}]


def a_front(size: int) -> dict[str, Any]:
    points = [
        {
            "evaluation": f"evl_{i}",
            "values": {
                "fid": {"value": 100.0 / (1 + i), "low": 90.0 / (1 + i), "samples": 64},
                "latency_ms": {"value": 1.0 + i, "low": 0.9 + i, "high": 1.2 + i},
            },
        }
        for i in range(size)
    ]
    return {"objectives": OBJECTIVES, "points": points}


@pytest.mark.parametrize("size", [1, 5, 40])
def test_fronts_of_any_size_are_drawn(size: int, tmp_path: Path) -> None:
    front = a_front(size)
    image = np.full((8, 8, 3), 128, np.uint8)
    images = {point["evaluation"]: [image, image] for point in front["points"]}
    path = tmp_path / "new" / "front.png"
    others = [{"id": "evl_x", "values": {"fid": {"value": 80.0}}}]
    draw_front(front, images=images, others=others, path=path, title="a front")
    with Image.open(path) as picture:
        assert picture.size == (1650, 1170)
    assert [file.name for file in path.parent.iterdir()] == ["front.png"]


@pytest.mark.parametrize("rows", [0, 3])
def test_the_legend_lies_below_the_axis_and_its_name(rows: int) -> None:
    front = a_front(5)
    front["points"][1]["tied"] = {"fid": ["evl_0", "evl_2"], "latency_ms": []}
    images = {p["evaluation"]: [np.zeros((8, 8, 3), np.uint8)] * rows for p in front["points"]}
    others = [{"id": "evl_x", "values": front["points"][0]["values"]}]
    figure = front_figure(front, images=images, others=others, title="")
    figure.canvas.draw()
    (legend,), axes = figure.legends, figure.axes[0]
    assert len(legend.get_texts()) == 3
    assert legend.get_window_extent().y0 >= 0
    assert legend.get_window_extent().y1 <= axes.xaxis.label.get_window_extent().y0


def test_a_point_within_noise_of_a_cheaper_one_is_doubtful(tmp_path: Path) -> None:
    front = a_front(4)
    points = front["points"]
    points[1]["tied"] = {"fid": ["evl_2"], "latency_ms": ["evl_0"]}
    points[2]["tied"] = {"fid": ["evl_1", "evl_gone"], "latency_ms": []}
    vertical, horizontal = (axis_of(named, points) for named in OBJECTIVES)
    assert doubtful_places(points, horizontal, vertical) == [2]
    path = tmp_path / "front.png"
    draw_front(front, images={}, others=[], path=path, title="")
    assert path.exists()


def test_any_objective_can_be_an_axis() -> None:
    points = [{"values": {"recall_error": {"value": 0.5}}}]
    assert axis_of({"name": "recall_error"}, points).label == "recall error"


def test_a_front_without_points_or_a_second_objective_is_refused(tmp_path: Path) -> None:
    for front in (a_front(0), a_front(2) | {"objectives": OBJECTIVES[:1]}):
        with pytest.raises(InvalidInput, match="two objectives"):
            draw_front(front, images={}, others=[], path=tmp_path / "f.png", title="")


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidFile, match="cannot write"):
        draw_front(a_front(2), images={}, others=[], path=tmp_path / "taken" / "f.png", title="")


def test_images_are_cut_row_by_row() -> None:
    cells = np.arange(4, dtype=np.uint8).repeat(9).reshape(2, 2, 3, 3)
    buffer = io.BytesIO()
    Image.fromarray(cells.transpose(0, 2, 1, 3).reshape(6, 6)).save(buffer, "PNG")
    images = first_images(buffer.getvalue(), rows=2, count=3)
    assert [int(image.max()) for image in images] == [0, 1, 2]
    assert images[0].shape == (3, 3, 3)


def test_a_spread_keeps_both_ends_and_skips_the_crowd() -> None:
    points = np.array([[0, 9], [0.1, 8.9], [0.2, 8.8], [5, 4], [9, 0]], dtype=np.float64)
    assert spread(points, 3) == [0, 3, 4]
    assert spread(points, 9) == [0, 1, 2, 3, 4]
