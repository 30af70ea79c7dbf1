"""The points of the plot: the front with its intervals, all others faint."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from search_service.figures.axis import Axis, Point, place_of, set_limits

FRONT, OTHERS = "#0b6e6e", "#9aa5b1"


def draw_points(
    axes: Axes,
    points: Sequence[Point],
    others: Sequence[Point],
    horizontal: Axis,
    vertical: Axis,
) -> None:
    """Draw them all, and label the axes."""
    on_front = {point["evaluation"] for point in points}
    rest = np.array(
        [
            place_of(other, horizontal, vertical)
            for other in others
            if other.get("evaluation", other.get("id")) not in on_front
            and {horizontal.name, vertical.name} <= other["values"].keys()
        ]
    ).reshape(-1, 2)
    if len(rest):
        axes.scatter(
            rest[:, 0],
            rest[:, 1],
            s=12,
            color=OTHERS,
            alpha=0.45,
            linewidths=0,
            zorder=2,
            label=f"{len(rest)} other evaluations, as judged in the search",
        )
    best = np.array([place_of(point, horizontal, vertical) for point in points])
    errors = [
        np.array([axis.error(point) for point in points]).T for axis in (horizontal, vertical)
    ]
    axes.step(
        best[:, 0], best[:, 1], where="post", color=FRONT, alpha=0.35, linewidth=1.2, zorder=3
    )
    axes.errorbar(
        best[:, 0],
        best[:, 1],
        xerr=errors[0],
        yerr=errors[1],
        fmt="o",
        color=FRONT,
        markersize=5,
        elinewidth=1,
        capsize=2,
        zorder=4,
        label=f"Pareto front, {len(points)} subnets",
    )
    doubtful = doubtful_places(points, horizontal, vertical)
    if doubtful:
        axes.scatter(
            best[doubtful, 0],
            best[doubtful, 1],
            s=30,
            facecolor="white",
            edgecolor=FRONT,
            zorder=5,
            label="hollow: within noise of a point to its left",
        )
    low, high = (np.array([error[side] for error in errors]).T for side in (0, 1))  # (n, 2)
    ends = np.concatenate([best - low, best + high])
    set_limits(axes, np.concatenate([ends, rest]), ends)
    axes.set_xlabel(horizontal.label, loc="right")
    axes.set_ylabel(vertical.label)
    axes.grid(color="#e4e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.patch.set_alpha(0.0)  # lines from the images come from behind
    axes.spines[["top", "right"]].set_visible(False)


def doubtful_places(points: Sequence[Point], horizontal: Axis, vertical: Axis) -> list[int]:
    """Which points noise cannot tell, on the vertical axis, from one that is better on the other:
    what they cost more may have bought nothing."""
    place = {point["evaluation"]: horizontal.of(point) for point in points}
    return [
        i
        for i, point in enumerate(points)
        if any(
            place[other] < horizontal.of(point)
            for other in point.get("tied", {}).get(vertical.name, ())
            if other in place
        )
    ]
