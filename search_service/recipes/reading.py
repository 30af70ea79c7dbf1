"""Reading a recipe: a frozen dataclass, and those within it, from a table of TOML or JSON.

Every default and its meaning stand once, in the dataclass; an unknown key is an error.
"""

import copy
import hashlib
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from search_service.errors import InvalidFile, InvalidInput, UnknownName

R = TypeVar("R")


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a TOML file. Raises InvalidFile when it cannot be read."""
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise InvalidFile(f"cannot read the recipe {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(f"{path} is not TOML: {error}") from error


def read(kind: type[R], table: Mapping[str, Any], where: tuple[str, ...] = ()) -> R:
    """The dataclass `kind`, and those within it, from a table that stands at the keys `where`.

    Raises UnknownName or InvalidInput, its pointer the key's. A dataclass that refuses its own
    values points from itself on.
    """
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # R is a dataclass
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            names = ", ".join(known)
            raise UnknownName(
                f"unknown recipe key {_dotted(where, name)!r}; known: {names}",
                pointer=_pointer(where, name),
            )
        values[name] = _value((*where, name), value, known[name].type)
    for name, entry in known.items():
        missing = entry.default is MISSING and entry.default_factory is MISSING
        if missing and name not in table:
            raise InvalidInput(
                f"recipe key {_dotted(where, name)!r} is missing", pointer=_pointer(where)
            )
    try:
        return kind(**values)
    except InvalidInput as error:  # a generator's parameters point from their own body on
        error.pointer = _pointer(where) + error.pointer.removeprefix("/parameters")
        raise


def file_field(default: str = "") -> Any:  # the type of the field that it declares
    """A dataclass field that names a file; empty names none."""
    return field(default=default, metadata={"file": True})


def required_file() -> Any:  # as above
    """A dataclass field that must name a file."""
    return field(metadata={"file": True})


def pinned_file_field(digest: str) -> Any:  # as above
    """As `file_field`; the field `digest` beside it is for the SHA-256 of the file."""
    return field(default="", metadata={"file": True, "digest": digest})


def named_files(recipe: object, where: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every file that a recipe names, as (the pointer of its key, the name)."""
    for entry in fields(recipe):  # type: ignore[arg-type]  # a dataclass
        value = getattr(recipe, entry.name)
        if is_dataclass(value):
            yield from named_files(value, (*where, entry.name))
        elif value and entry.metadata.get("file"):
            yield _pointer(where, entry.name), value


def with_whole_paths(table: Mapping[str, Any], recipe: object) -> dict[str, Any]:
    """The table of a recipe with the files that it names as paths from the root, seen from here."""
    whole = copy.deepcopy(dict(table))
    for pointer, name in named_files(recipe):
        *tables, key = pointer.split("/")[1:]
        inner = whole
        for part in tables:
            inner = inner[part]
        inner[key] = whole_path(name)
    return whole


def whole_path(name: str) -> str:
    """A file's path from the root; a URI stays as it is."""
    return name if "://" in name else str(Path(name).absolute())


def with_digests(table: Mapping[str, Any], recipe: object) -> dict[str, Any]:
    """The table of a recipe with the SHA-256 of every pinned file that it names.

    Raises InvalidFile, its pointer the key's, for one that cannot be read or is another than said.
    """
    pinned = copy.deepcopy(dict(table))
    for keys, name, digest in _pinned(recipe):
        try:
            found = hashlib.sha256(Path(name).read_bytes()).hexdigest()
        except OSError as error:
            raise InvalidFile(
                f"cannot read {name}: {error.strerror}", pointer=_pointer(keys)
            ) from error
        inner = pinned
        for part in keys[:-1]:
            inner = inner[part]
        if inner.setdefault(digest, found) not in ("", found):
            raise InvalidFile(
                f"the SHA-256 of {name} is {found}, the recipe says {inner[digest]}",
                pointer=_pointer(keys),
            )
        inner[digest] = found
    return pinned


def _pinned(
    recipe: object, where: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every pinned file that a recipe names: the keys, the name, the field of its digest."""
    for entry in fields(recipe):  # type: ignore[arg-type]  # a dataclass
        value = getattr(recipe, entry.name)
        if is_dataclass(value):
            yield from _pinned(value, (*where, entry.name))
        elif value and "digest" in entry.metadata:
            yield (*where, entry.name), value, entry.metadata["digest"]


def _value(keys: tuple[str, ...], value: Any, wanted: Any) -> Any:
    if isinstance(wanted, type) and is_dataclass(wanted):
        if not isinstance(value, Mapping):
            raise _wrong(keys, "a table", value)
        return read(wanted, value, keys)
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            raise _wrong(keys, "a list", value)
        return tuple(_value(keys, entry, get_args(wanted)[0]) for entry in value)
    if get_origin(wanted) is dict:
        if not isinstance(value, Mapping):
            raise _wrong(keys, "a table", value)
        return {name: _value((*keys, name), v, get_args(wanted)[1]) for name, v in value.items()}
    allowed = (int, float) if wanted is float else (wanted,)
    if isinstance(value, bool) != (wanted is bool) or not isinstance(value, allowed):
        raise _wrong(keys, wanted.__name__, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(keys, "a finite number", value)
    return value


def _wrong(keys: tuple[str, ...], wanted: str, value: object) -> InvalidInput:
    return InvalidInput(
        f"recipe key {_dotted(keys)!r} must be {wanted}, got {value!r}", pointer=_pointer(keys)
    )


def _dotted(keys: tuple[str, ...], *more: str) -> str:
    return ".".join((*keys, *more))


def _pointer(keys: tuple[str, ...], *more: str) -> str:
    escaped = (key.replace("~", "~0").replace("/", "~1") for key in (*keys, *more))
    return "".join(f"/{key}" for key in escaped)
