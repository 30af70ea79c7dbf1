"""Curves and leaks of `diffaugment_experiment.py`, as pictures for a page.

    python benchmarks/diffaugment_figures.py FOLDER --output docs/images

FOLDER holds a folder per run, named <pair>-<fraction>-<placement>-<seed>. For each pair and
fraction one picture has FID, and the discriminator's accuracy on its training images and on others,
over the images seen: a line is the mean of the seeds, the band their range. Another one has the
last samples of each placement, first seed. Pictures are drawn by plotly in Debian's chromium.
"""

import argparse
import json
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from search_service.recipes.augment import PLACEMENTS
from search_service.recipes.watching import HELD_OUT, TRAIN
from workers.training.loop import GRIDS, LOG

CHROMIUM = "/usr/bin/chromium"
COLOURS = dict(zip(PLACEMENTS, ("#555555", "#d95f02", "#7570b3", "#1b9e77"), strict=True))
NAMES = {
    "none": "no augmentation",
    "reals": "reals only",
    "discriminator": "discriminator only",
    "all": "DiffAugment",
}
PANELS = {"fid": "FID", TRAIN: "accuracy on training images", HELD_OUT: "on held-out images"}
SMOOTHED = 5  # lines of the log, for the accuracies
SHOWN = (4, 16)  # rows and columns of samples
Runs = dict[str, list[list[dict[str, Any]]]]  # the logs of all seeds by placement


def main() -> None:
    """Draw every picture that there are logs for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    asked = parser.parse_args()
    found: dict[str, Runs] = defaultdict(lambda: defaultdict(list))
    for log in sorted(asked.runs.glob(f"*/{LOG}")):
        setting, placement, _ = log.parent.name.rsplit("-", 2)
        found[setting][placement].append(
            [json.loads(line) for line in log.read_text().splitlines()]
        )
    for setting, runs in found.items():
        draw(curves(runs), asked.output / f"diffaugment-{setting}.png")
        samples = leaks(asked.runs, setting)
        if samples is not None:
            samples.save(asked.output / f"diffaugment-{setting}-samples.png", optimize=True)


def curves(runs: Runs) -> go.Figure:
    """A panel for each thing that is told of."""
    figure = make_subplots(cols=len(PANELS), subplot_titles=list(PANELS.values()))
    for column, name in enumerate(PANELS, start=1):
        for placement in PLACEMENTS:
            if placement in runs:
                for trace in band(runs[placement], name, placement, legend=column == 1):
                    figure.add_trace(trace, row=1, col=column)
    figure.update_xaxes(title_text="real images seen")
    figure.update_yaxes(type="log", row=1, col=1)
    for column in (2, 3):
        figure.update_yaxes(range=[0, 1.02], row=1, col=column)
    figure.update_layout(
        template="plotly_white",
        width=1200,
        height=360,
        margin={"l": 50, "r": 10, "t": 40, "b": 40},
        legend={"orientation": "h", "y": -0.2},
    )
    return figure


def band(
    logs: list[list[dict[str, Any]]], name: str, placement: str, *, legend: bool
) -> list[go.Scatter]:
    """The mean over seeds as a line, their range as a band."""
    count = min(len([line for line in log if name in line]) for log in logs)
    tables = [[line for line in log if name in line][:count] for log in logs]
    images = [line["images"] for line in tables[0]]
    values = np.array([[line[name] for line in table] for table in tables])
    if name != "fid":
        kernel = np.ones(SMOOTHED)
        weight = np.convolve(np.ones(count), kernel, "same")
        values = np.array([np.convolve(row, kernel, "same") / weight for row in values])
    low, high = values.min(0).tolist(), values.max(0).tolist()
    colour = COLOURS[placement]
    return [
        go.Scatter(
            x=images + images[::-1],
            y=high + low[::-1],
            fill="toself",
            mode="lines",
            fillcolor=colour,
            opacity=0.2,
            line={"width": 0},
            showlegend=False,
        ),
        go.Scatter(
            x=images,
            y=values.mean(0).tolist(),
            name=f"{NAMES[placement]} ({len(logs)})",
            line={"color": colour},
            showlegend=legend,
        ),
    ]


def leaks(folder: Path, setting: str) -> Image.Image | None:
    """The first rows of each placement's last grid, one below the other."""
    rows, columns = SHOWN
    strips = []
    for placement in PLACEMENTS:
        grids = sorted((folder / f"{setting}-{placement}-1" / GRIDS).glob("*.png"))
        if grids:
            picture = Image.open(grids[-1]).convert("L")
            side = picture.width // columns
            strips.append(picture.crop((0, 0, picture.width, rows * side)))
    if not strips:
        return None
    gap = 8
    height = sum(strip.height + gap for strip in strips) - gap
    whole = Image.new("L", (strips[0].width, height), 255)
    for place, strip in enumerate(strips):
        whole.paste(strip, (0, place * (strip.height + gap)))
    return whole


def draw(figure: go.Figure, path: Path) -> None:
    """A PNG of a figure."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "figure.html"
        figure.write_html(page, include_plotlyjs=True, config={"staticPlot": True})
        size = f"--window-size={figure.layout.width + 20},{figure.layout.height + 20}"
        words = ["--headless", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=9000"]
        subprocess.run(
            [CHROMIUM, *words, size, f"--screenshot={path.absolute()}", page.as_uri()],
            check=True,
            capture_output=True,
        )
    with Image.open(path) as picture:
        picture.convert("P", palette=Image.Palette.ADAPTIVE).save(path, optimize=True)


if __name__ == "__main__":
    main()
