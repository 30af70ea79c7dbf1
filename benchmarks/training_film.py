"""The grids of one training run as one picture over time, and as a film.

    python benchmarks/training_film.py RUN --picture FILE.png --film FILE.gif

Each row of the picture has the same latents, at the beginning of the run above and at its end
below; the film shows the first columns of the grid.
"""

import argparse
from pathlib import Path

from PIL import Image

from workers.training.loop import GRIDS

ROW_MS, LAST_MS = 200, 2000  # how long a grid is shown, and the last one
COLOURS = 16  # grey levels of the film


def main() -> None:
    """Write both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="the folder that a training wrote")
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--film", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=9, help="of the picture")
    parser.add_argument("--frames", type=int, default=24, help="of the film")
    parser.add_argument("--columns", type=int, default=10, help="of the film")
    parser.add_argument("--side", type=int, default=32, help="of one image")
    asked = parser.parse_args()
    paths = sorted((asked.run / GRIDS).glob("*.png"))
    over_time(spaced(paths, asked.rows), asked.side).save(asked.picture, optimize=True)
    frames = [film_frame(path, asked.columns * asked.side) for path in spaced(paths, asked.frames)]
    first, *others = frames
    pauses = [ROW_MS] * len(others) + [LAST_MS]
    first.save(
        asked.film, save_all=True, append_images=others, duration=pauses, loop=0, optimize=True
    )


def film_frame(path: Path, width: int) -> Image.Image:
    """The left part of a grid in few colours."""
    grid = Image.open(path).convert("L")
    return grid.crop((0, 0, min(width, grid.width), grid.height)).quantize(COLOURS)


def spaced(paths: list[Path], count: int) -> list[Path]:
    """So many of them, close together at first, where most happens, and the last one."""
    last = len(paths) - 1
    places = sorted({round(last * (i / (count - 1)) ** 2) for i in range(count)})
    return [paths[place] for place in places]


def over_time(paths: list[Path], side: int) -> Image.Image:
    """A row for each grid: the first image of each of its rows, then the second ones, as wide as
    the grid is."""
    strips = []
    for path in paths:
        grid = Image.open(path).convert("L")
        rows, columns = grid.height // side, grid.width // side
        strip = Image.new("L", (columns * side, side))
        for place in range(columns):
            column, row = divmod(place, rows)
            cell = grid.crop((column * side, row * side, (column + 1) * side, (row + 1) * side))
            strip.paste(cell, (place * side, 0))
        strips.append(strip)
    whole = Image.new("L", (strips[0].width, side * len(strips)))
    for place, strip in enumerate(strips):
        whole.paste(strip, (0, place * side))
    return whole


if __name__ == "__main__":
    main()
