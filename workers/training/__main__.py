"""Train by a recipe: `python -m workers.training RECIPE.toml --data FOLDER --output FOLDER`."""

import argparse
import logging
import os
import sys
from pathlib import Path

import torch

from search_service.errors import GansearchError
from workers.training.loop import train
from workers.training.methods import begin

INTERRUPTED = 130  # the exit status of what a terminal's SIGINT ended


def main(words: list[str] | None = None) -> int:
    """Run until the recipe's end; 1 with one line on stderr when that cannot be. 130 by Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m workers.training", description=__doc__)
    parser.add_argument("recipe", type=Path, help="a TOML file, see infra/recipes")
    parser.add_argument("--data", type=Path, help="the data set's folder")
    parser.add_argument("--output", type=Path, required=True, help="resumed if it has a checkpoint")
    arguments = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    try:
        train(begin(arguments.recipe, arguments.data), arguments.output)
    except GansearchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on from the last checkpoint\n")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
