"""What the checks of every kind of job share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search_service.domain.supernet import Supernet, SupernetStatus
from search_service.errors import Conflict, InvalidFile, InvalidInput, NotFound, UnknownName
from search_service.recipes import Recipe, named_files
from search_service.storage.base import Storage


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What a job's row says beside its kind, once its spec has been checked."""

    spec: dict[str, Any]
    supernet: str = ""  # id


def find_supernet(id_or_name: str, storage: Storage) -> Supernet:
    """Raises UnknownName, and Conflict for one that is invalid."""
    try:
        supernet = storage.supernets.get(id_or_name)
    except NotFound as error:
        raise UnknownName(str(error), pointer="/spec/supernet") from error
    if supernet.status is SupernetStatus.INVALID:
        raise Conflict(f"supernet {supernet.name!r} is invalid: {supernet.reason}")
    return supernet


@contextmanager
def below(prefix: str) -> Iterator[None]:
    """Pointers of errors raised inside get this prefix."""
    try:
        yield
    except InvalidInput as error:
        error.pointer = prefix + error.pointer
        raise


@contextmanager
def at(pointer: str) -> Iterator[None]:
    """Errors raised inside point there, whatever they pointed to."""
    try:
        yield
    except InvalidInput as error:
        error.pointer = pointer
        raise


def at_least(pointer: str, value: int, least: int) -> None:
    """Raises InvalidInput."""
    if value < least:
        name = pointer.rpartition("/")[2]
        raise InvalidInput(f"{name} must be at least {least}, got {value}", pointer=pointer)


def require_files(recipe: Recipe) -> None:
    """Raises InvalidFile for a file that the recipe names and that is not there."""
    for pointer, name in named_files(recipe):
        if "://" not in name and not Path(name).is_file():
            raise InvalidFile(f"no file at {name}", pointer=pointer)


def require_divisible(recipe: Recipe, workers: int) -> None:
    """Raises InvalidInput when a batch cannot be shared evenly by so many processes."""
    at_least("/workers", workers, 1)
    if workers > 1 and recipe.batch % (workers * recipe.indivisible):
        raise InvalidInput(
            f"{workers} workers cannot share a batch of {recipe.batch} evenly: it must be a "
            f"multiple of {workers * recipe.indivisible}",
            pointer="/workers",
        )
