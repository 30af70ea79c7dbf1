"""The strip of images above the plot: a column a subnet, a row a latent."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from search_service.figures.axis import Axis, Point, place_of
from search_service.figures.images import Uint8
from search_service.figures.layout import GAP, LEFT, RIGHT, SIZE, TOP
from search_service.figures.spread import spread

MAX_COLUMNS = 16  # of images; more would be too small to see
LEADER = "#d5dce3"


def with_images(
    points: Sequence[Point],
    images: Mapping[str, Sequence[Uint8]],
    horizontal: Axis,
    vertical: Axis,
) -> list[int]:
    """Which points are shown with images: spread along the front when there are too many."""
    having = [i for i, point in enumerate(points) if images.get(point["evaluation"])]
    places = np.array([place_of(points[i], horizontal, vertical) for i in having]).reshape(-1, 2)
    return [having[i] for i in spread(places, MAX_COLUMNS)]


def strip_height(shown: Sequence[int], images: Mapping[str, Sequence[Uint8]]) -> float:
    """The share of the figure's height that the images take, with the gap below them."""
    if not shown:
        return 0.0
    rows = max(map(len, images.values()))
    return rows * cell_side(len(shown)) / SIZE[1] + GAP


def cell_side(columns: int) -> float:
    """The side of an image in inches: columns share the width, none is larger than 0.75."""
    return min(0.75, (RIGHT - LEFT) * SIZE[0] / columns / 1.12)


def draw_images(
    figure: Figure,
    axes: Axes,
    shown: Sequence[tuple[Point, tuple[float, float]]],
    images: Mapping[str, Sequence[Uint8]],
) -> None:
    """A column of images per point in a row above the plot, in the points' order, each with a
    line to its point: the order is the same above and below, so hardly a line crosses another."""
    if not shown:
        return
    cell = cell_side(len(shown))
    width, height = cell / SIZE[0], cell / SIZE[1]
    place = axes.get_position()
    pitch = (place.x1 - place.x0) / len(shown)
    for index, (point, xy) in enumerate(shown):
        column = images[point["evaluation"]]
        left = place.x0 + (index + 0.5) * pitch - width / 2
        for row, image in enumerate(column):
            cell_axes = figure.add_axes(
                (left, TOP - (row + 1) * height, width * 0.97, height * 0.97)
            )
            cell_axes.imshow(image, interpolation="lanczos")
            cell_axes.set_axis_off()
        foot = (left + width * 0.485, TOP - len(column) * height - 0.004)
        line = ConnectionPatch(
            xyA=foot,
            coordsA=figure.transFigure,
            xyB=xy,
            coordsB=axes.transData,
            color=LEADER,
            linewidth=0.8,
            zorder=0,
        )
        figure.add_artist(line)
