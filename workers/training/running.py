"""What each process of a training run does, and the files by which it speaks with its watcher."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from search_service import recipes
from search_service.errors import GansearchError
from workers.checkpoints import write_atomically
from workers.training import sharing
from workers.training.loop import train
from workers.training.methods import METHODS

STOP = "stop"  # asks the run to save where it is and leave off; gone once it has
FAILURE = "failure"  # the text of an error of ours
SUPERNET = "supernet.json"  # family and parameters of what was trained, if it is a supernet


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What a run is started from."""

    folder: str  # where it keeps everything; see `train`
    recipe: Mapping[str, Any]
    data: str = ""  # the data set's folder; empty: its usual place
    processes: int = 1


def run(settings: Mapping[str, Any]) -> None:
    """Train, one of several processes; `settings` are those of RunSettings.

    An error of ours is left in the folder: the same would come of trying again.
    """
    torch.set_num_threads(1)  # threads that wait for each other spin
    given = RunSettings(**settings)
    folder = Path(given.folder)
    asked = folder / STOP
    try:
        method, recipe = recipes.parse(given.recipe)
        training = METHODS[method](recipe, Path(given.data) if given.data else None)
        is_whole = train(training, folder, asked=asked.exists)
    except GansearchError as error:
        write_atomically(folder / FAILURE, str(error).encode())
        return
    if sharing.rank() == 0:
        if is_whole and method in recipes.SUPERNETS:
            about = describe(training.kept()[recipes.SUPERNETS[method]])
            write_atomically(folder / SUPERNET, json.dumps(about).encode())
        asked.unlink(missing_ok=True)


def describe(supernet: nn.Module) -> dict[str, Any]:
    """The family and the parameters of a supernet, as it is registered by."""
    space: Any = supernet.space
    return {"family": space.family, "parameters": asdict(space.parameters)}
