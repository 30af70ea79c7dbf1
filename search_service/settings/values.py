"""The settings: every variable, its default and its meaning stand here, once."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "GANSEARCH_"


class Settings(BaseSettings):
    """A field `x` is the variable GANSEARCH_X. Made by `read_settings`, which names what is wrong.

    It reads no environment by itself: what it holds is what it was given.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(default=Path("gansearch-data"), validate_default=True)
    database_url: str = Field(default="", repr=False)  # empty: SQLite in the data directory
    redis_url: str | None = Field(default=None, repr=False)  # none: the database is polled
    ray_address: str | None = None  # none: a Ray of this machine's own
    actor_cpus: float = Field(default=1.0, gt=0)  # cores of each actor that judges images
    actor_gpus: float = Field(default=0.0, ge=0)  # and GPUs; 0.25: four actors share one
    measurement_seconds: float = Field(default=3600.0, gt=0)  # an actor that takes longer is ended
    drain_seconds: float = Field(default=20.0, ge=0)  # of a stopped worker, for what is in hand
    artifacts: str = Field(default="", repr=False)  # fsspec URI; empty: in the data directory
    auth: Literal["off", "keys"] = "off"
    rate_limit: int = Field(default=0, ge=0)  # requests a minute of one client; 0: no limit
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    metrics_host: str = "127.0.0.1"  # where a worker serves its metrics
    metrics_port: int = Field(default=0, ge=0, le=65535)  # 0: it serves none
    server: str = "http://127.0.0.1:8000"  # of the commands that are clients
    api_key: str | None = Field(default=None, repr=False)

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: dict[str, object]) -> dict[str, object]:
        # Charts and compose files set what is not wanted to the empty string.
        return {name: value for name, value in given.items() if value != ""}

    @model_validator(mode="after")
    def _in_the_data_directory(self) -> Self:
        derived = {
            "database_url": f"sqlite:///{self.data_dir / 'gansearch.db'}",
            "artifacts": str(self.data_dir / "artifacts"),
        }
        for name, default in derived.items():
            if not getattr(self, name):
                object.__setattr__(self, name, default)  # frozen, and not yet seen by anyone
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is given, so that a test needs no environment."""
        return (init_settings,)

    def masked(self) -> dict[str, str]:
        """The effective settings by variable; passwords and keys as `***`."""
        shown = {PREFIX + name.upper(): "" if value is None else str(value) for name, value in self}
        if self.api_key:
            shown[PREFIX + "API_KEY"] = "***"
        return {name: _without_password(value) for name, value in shown.items()}


def _without_password(text: str) -> str:
    """A URL's password becomes `***`; anything else stays."""
    if "://" not in text:
        return text
    login, at, _ = urlsplit(text).netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    return text.replace(login + at, f"{user}:***@", 1) if colon else text
