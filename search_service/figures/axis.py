"""One objective as an axis: its values, its label, its extent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter
from numpy.typing import NDArray

from search_service.domain.objective import objective

LOG_RATIO = 8.0  # an axis that spans more is logarithmic
SHOWN_SHARE = 0.98  # of the other evaluations; the rest may lie outside

Point = Mapping[str, Any]  # a front point or an evaluation, as the API gives it


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One objective of the plot."""

    name: str
    label: str

    def of(self, point: Point) -> float:
        """The point's value."""
        return float(point["values"][self.name]["value"])

    def error(self, point: Point) -> tuple[float, float]:
        """How far the interval reaches below and above."""
        value = point["values"][self.name]
        low, high = value.get("low"), value.get("high")
        centre = value["value"]
        return (
            0.0 if low is None else max(0.0, centre - low),
            0.0 if high is None else max(0.0, high - centre),
        )


def axis_of(named: Mapping[str, Any], points: Sequence[Point]) -> Axis:
    """The axis of a front's objective; the sample count is told when all points share it."""
    about = objective(named["name"])
    samples = {point["values"][about.name].get("samples") for point in points} - {None}
    if about.name == "fid":
        counted = f" ({next(iter(samples)):,} images)" if len(samples) == 1 else ""
        label = f"FID{counted}"
    elif about.name == "latency_ms":
        label = f"latency on {named.get('device') or 'the device'}, ms per image"
    else:
        exact = {"macs": "multiply-accumulates per image", "params": "parameters"}
        label = exact.get(about.name, about.name.replace("_", " "))
    return Axis(name=about.name, label=label)


def place_of(point: Point, horizontal: Axis, vertical: Axis) -> tuple[float, float]:
    """Where a point lies."""
    return horizontal.of(point), vertical.of(point)


def set_limits(axes: Axes, everything: NDArray[np.float64], best: NDArray[np.float64]) -> None:
    """Each axis takes in the front and most of the rest, in logarithms where it spans much."""
    for column, axis, name in ((0, axes.xaxis, "x"), (1, axes.yaxis, "y")):
        low = min(everything[:, column].min(), best[:, column].min())
        high = max(np.quantile(everything[:, column], SHOWN_SHARE), best[:, column].max())
        if low > 0 and high / low > LOG_RATIO:
            axes.set(**{f"{name}scale": "log"})
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter(ScalarFormatter())
            axis.set_minor_formatter(NullFormatter())
            margin = (high / low) ** 0.05
            limits = (low / margin, high * margin)
        else:
            margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
            limits = (low - margin, high + margin)
        axes.set(**{f"{name}lim": limits})
