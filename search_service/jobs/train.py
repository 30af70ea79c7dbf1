"""Accepting a training: its recipe, its inputs and the name that it will want are checked now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search_service import catalog, recipes
from search_service.domain.datasets import USER_FOLDERS
from search_service.domain.training import TrainSpec
from search_service.errors import InvalidFile, InvalidInput, NameTaken, NotFound
from search_service.jobs.checks import Accepted, below, require_divisible, require_files
from search_service.storage.base import Storage


def accept(body: Mapping[str, Any], *, storage: Storage) -> Accepted:
    """Raises InvalidInput (or a subclass) whose pointer names the field, and NameTaken."""
    spec = TrainSpec.from_json(body)
    with below("/spec/recipe"):
        method, recipe = recipes.parse(spec.recipe)
        require_files(recipe)
        table = recipes.with_digests({**spec.recipe, "method": method}, recipe)
    with below("/spec"):
        require_divisible(recipe, spec.workers)
        if spec.data and "://" not in spec.data and not Path(spec.data).is_dir():
            raise InvalidFile(f"no folder at {spec.data}", pointer="/data")
        if spec.name:
            catalog.check_extractor(spec.feature_extractor)
            _check_name(spec.name, method, storage)
            _check_data(recipe.dataset, spec.data)
    table = recipes.with_whole_paths(table, recipe)
    return Accepted(spec=spec.to_json() | {"recipe": table})


def _check_name(name: str, method: str, storage: Storage) -> None:
    if method not in recipes.SUPERNETS:
        known = ", ".join(sorted(recipes.SUPERNETS))
        raise InvalidInput(
            f"{method} trains no supernet that could be named; these do: {known}", pointer="/name"
        )
    try:
        storage.supernets.get(name)
    except NotFound:
        return
    raise NameTaken(f"the name {name!r} is taken by another supernet")


def _check_data(dataset: str, folder: str) -> None:
    """A supernet of a user's images is registered with their folder, so it must be said."""
    if dataset in USER_FOLDERS and not folder:
        raise InvalidInput(f"{dataset} needs the folder that it is read from", pointer="/data")
