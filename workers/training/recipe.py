"""Recipes: a training run's settings as a frozen dataclass, read from TOML.

Every default and its meaning stand once, in the dataclass; an unknown key is an error.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from search_service.errors import InvalidFile, InvalidInput, UnknownName

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Records:
    """How often, in steps, a run is written down."""

    log_every: int = 50
    checkpoint_every: int = 500
    grid_every: int = 1000


class Recipe(Protocol):
    """What every method's recipe says."""

    @property
    def images(self) -> int:
        """How many real images the discriminator sees in all."""
        ...

    @property
    def batch(self) -> int:
        """Of them, in each step."""
        ...

    @property
    def records(self) -> Records:
        """How often the run is written down."""
        ...

    @property
    def steps(self) -> int:
        """Whole batches in the run."""
        ...


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a TOML file. Raises InvalidFile when it cannot be read."""
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise InvalidFile(f"cannot read the recipe {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(f"{path} is not TOML: {error}") from error


def read(kind: type[R], table: Mapping[str, Any], where: str = "") -> R:
    """A dataclass, and those within it, from a table; an unknown key is an error."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # R is a dataclass
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            names = ", ".join(known)
            raise UnknownName(f"unknown recipe key {where + name!r}; known: {names}")
        wanted = known[name].type
        if isinstance(wanted, type) and is_dataclass(wanted):
            if not isinstance(value, dict):
                raise InvalidInput(f"recipe key {where + name!r} must be a table, got {value!r}")
            values[name] = read(wanted, value, f"{where}{name}.")
        else:
            values[name] = _checked(where + name, value, wanted)
    for name, entry in known.items():
        missing = entry.default is MISSING and entry.default_factory is MISSING
        if missing and name not in table:
            raise InvalidInput(f"recipe key {where + name!r} is missing")
    return kind(**values)


def _checked(name: str, value: Any, wanted: Any) -> Any:
    if wanted == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise InvalidInput(f"recipe key {name!r} must be a list of texts, got {value!r}")
        return tuple(value)
    if wanted == dict[str, float]:
        wanted = dict
    allowed = (int, float) if wanted is float else (wanted,)
    if isinstance(value, bool) != (wanted is bool) or not isinstance(value, allowed):
        raise InvalidInput(f"recipe key {name!r} must be {wanted.__name__}, got {value!r}")
    return value
