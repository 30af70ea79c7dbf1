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

SUPERNET = "supernet.json"  # family and parameters of what was trained, if it is a supernet


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What a run is started from."""

    folder: str  # where it keeps everything; see `train`
    recipe: Mapping[str, Any]
    data: str = ""  # the data set's folder; empty: its usual place
    processes: int = 1
    starter: str = ""  # whose run it is: an earlier starter's words are not for it

    @property
    def stop(self) -> Path:
        """A file that asks the run to save where it is and leave off; gone once it has."""
        return Path(self.folder) / f"stop{self.starter}"

    @property
    def failure(self) -> Path:
        """A file with the text of an error of ours."""
        return Path(self.folder) / f"failure{self.starter}"


def run(settings: Mapping[str, Any]) -> None:
    """Train, one of several processes; `settings` are those of RunSettings.

    An error of ours is left in the folder: the same would come of trying again.
    """
    torch.set_num_threads(1)  # threads that wait for each other spin
    given = RunSettings(**settings)
    folder = Path(given.folder)
    try:
        method, recipe = recipes.parse(given.recipe)
        training = METHODS[method](recipe, Path(given.data) if given.data else None)
        is_whole = train(training, folder, asked=given.stop.exists)
    except GansearchError as error:
        write_atomically(given.failure, str(error).encode())
        return
    if sharing.rank() == 0:
        if is_whole and method in recipes.SUPERNETS:
            about = describe(training.kept()[recipes.SUPERNETS[method]])
            write_atomically(folder / SUPERNET, json.dumps(about).encode())
        given.stop.unlink(missing_ok=True)


def describe(supernet: nn.Module) -> dict[str, Any]:
    """The family and the parameters of a supernet, as it is registered by."""
    space: Any = supernet.space
    return {"family": space.family, "parameters": asdict(space.parameters)}
