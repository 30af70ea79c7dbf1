"""The front as a picture: each point carries the images that its subnet makes."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from search_service.errors import InvalidFile, InvalidInput
from search_service.figures.axis import Point, axis_of, place_of
from search_service.figures.images import Uint8
from search_service.figures.layout import (
    BOTTOM,
    CAPTION,
    DPI,
    LEFT,
    LEGEND,
    RIGHT,
    SIZE,
    TITLE,
    TOP,
)
from search_service.figures.points import draw_points
from search_service.figures.strip import draw_images, strip_height, with_images


def draw_front(
    front: Mapping[str, Any],
    *,
    images: Mapping[str, Sequence[Uint8]],
    others: Sequence[Point],
    path: Path,
    title: str,
) -> None:
    """Draw a front into a PNG file; see `front_figure`. Raises InvalidFile too, when the file
    cannot be written."""
    _write(front_figure(front, images=images, others=others, title=title), path)


def front_figure(
    front: Mapping[str, Any],
    *,
    images: Mapping[str, Sequence[Uint8]],
    others: Sequence[Point],
    title: str,
) -> Figure:
    """The first objective of a front against its second.

    `images`: by evaluation id, of the same latents for all. `others`: more evaluations, drawn
    faint. Raises InvalidInput without two objectives or any point.
    """
    points = list(front["points"])
    if len(front["objectives"]) < 2 or not points:
        raise InvalidInput("a plot takes a front of two objectives with at least one point")
    vertical, horizontal = (axis_of(named, points) for named in front["objectives"][:2])
    points.sort(key=horizontal.of)
    figure = Figure(figsize=SIZE, dpi=DPI)
    FigureCanvasAgg(figure)
    shown = with_images(points, images, horizontal, vertical)
    strip = strip_height(shown, images)
    axes = figure.add_axes((LEFT, BOTTOM, RIGHT - LEFT, TOP - BOTTOM - strip))
    draw_points(axes, points, others, horizontal, vertical)
    figure.legend(
        loc="lower left", bbox_to_anchor=(LEFT, LEGEND), ncols=3, fontsize=9, frameon=False
    )
    placed = [(points[i], place_of(points[i], horizontal, vertical)) for i in shown]
    draw_images(figure, axes, placed, images)
    figure.text(LEFT, TITLE, title, fontsize=13, fontweight="bold", va="center")
    figure.text(LEFT, CAPTION, _caption(points, shown, images), color="#52606d", va="center")
    return figure


def _caption(
    points: Sequence[Point], shown: Sequence[int], images: Mapping[str, Sequence[Uint8]]
) -> str:
    if not shown:
        return ""
    rows = max(map(len, images.values()))
    whose = "every front point" if len(shown) == len(points) else f"{len(shown)} front points"
    each = "a row is one latent, a column one subnet" if rows > 1 else "all of one latent"
    return f"images of {whose}: {each}"


def _write(figure: Figure, path: Path) -> None:
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(beside, format="png")
        os.replace(beside, path)
    except OSError as error:
        raise InvalidFile(f"cannot write {path}: {error.strerror}") from error
