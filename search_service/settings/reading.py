"""From the environment to settings, or to one line that says what is wrong with it."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from search_service.errors import InvalidSetting
from search_service.settings.values import PREFIX, Settings


def read_settings(environment: Mapping[str, str], *, prepare: bool = True) -> Settings:
    """The settings of an environment; `prepare` makes the data directory, which clients need not.

    Raises InvalidSetting for an unknown variable of ours, a value of the wrong form, and a data
    directory that cannot be made or written.
    """
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in given:
        if name not in known:
            raise InvalidSetting(
                f"unknown setting {name}; known: {', '.join(known)}", pointer=f"/{name}"
            )
    try:
        settings = Settings.model_validate(
            {name.removeprefix(PREFIX).lower(): value for name, value in given.items()}
        )
    except ValidationError as error:
        raise _refused(error) from error
    if settings.auth == "keys":
        raise InvalidSetting(
            f"{PREFIX}AUTH: 'keys' is not available in this version; use 'off', which lets whoever "
            "reaches the port use the service, behind a proxy that authenticates if need be",
            pointer=f"/{PREFIX}AUTH",
        )
    if prepare:
        _prepare(settings.data_dir)
    return settings


def _refused(error: ValidationError) -> InvalidSetting:
    first = error.errors()[0]
    variable = PREFIX + str(first["loc"][0] if first["loc"] else "").upper()
    return InvalidSetting(
        f"{variable}: got {first['input']!r}; {first['msg']}", pointer=f"/{variable}"
    )


def _prepare(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Permission bits say nothing to root or of a read-only mount; only a file tells.
        handle, probe = tempfile.mkstemp(dir=directory, prefix=".writable-")
        os.close(handle)
        os.unlink(probe)
    except OSError as error:
        raise InvalidSetting(
            f"{PREFIX}DATA_DIR: cannot write to {directory}: {error.strerror or error}; name a "
            "directory that can be made and written",
            pointer=f"/{PREFIX}DATA_DIR",
        ) from error
