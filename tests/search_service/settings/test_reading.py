"""From an environment to settings."""

import re
from pathlib import Path

import pytest

from search_service.errors import InvalidSetting
from search_service.settings import Settings, read_settings
from search_service.settings.values import PREFIX

ROOT = Path(__file__).parents[3]


def test_nothing_set_gives_a_store_in_the_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANSEARCH_LOG_LEVEL", "nonsense")  # only what is passed in counts
    settings = read_settings({"PATH": "/bin"})
    assert settings.data_dir == tmp_path / "gansearch-data"
    assert settings.data_dir.is_dir()
    assert settings.database_url == f"sqlite:///{tmp_path}/gansearch-data/gansearch.db"
    assert settings.artifacts == f"{tmp_path}/gansearch-data/artifacts"
    assert (settings.redis_url, settings.ray_address, settings.auth) == (None, None, "off")
    assert (settings.log_level, settings.log_format) == ("INFO", "text")


def test_every_variable_is_read(tmp_path: Path) -> None:
    given = {
        "DATA_DIR": str(tmp_path / "a" / "b"),
        "DATABASE_URL": "postgresql://u@h/d",
        "REDIS_URL": "redis://h",
        "RAY_ADDRESS": "ray://h:1",
        "ARTIFACTS": "s3://bucket/prefix",
        "AUTH": "off",
        "RATE_LIMIT": "600",
        "ACTOR_CPUS": "2.0",
        "ACTOR_GPUS": "0.25",
        "MEASUREMENT_SECONDS": "90.0",
        "DRAIN_SECONDS": "7.5",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": "json",
        "METRICS_HOST": "0.0.0.0",
        "METRICS_PORT": "9464",
        "SERVER": "http://h:1",
        "API_KEY": "k",
    }
    settings = read_settings({f"GANSEARCH_{name}": value for name, value in given.items()})
    for name, value in (given | {"LOG_LEVEL": "DEBUG"}).items():
        assert str(getattr(settings, name.lower())) == value
    assert len(settings.masked()) == len(given)


def test_the_documentation_names_every_variable_and_no_other() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    rows = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `GANSEARCH_")]
    assert sorted(rows) == sorted(PREFIX + name.upper() for name in Settings.model_fields)
    assert set(re.findall(r"GANSEARCH_[A-Z_]+", text)) <= {*rows, PREFIX}


def test_the_documented_defaults_are_those_of_an_empty_environment() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    for line in text.splitlines():
        if line.startswith("| `GANSEARCH_"):
            variable, default = (cell.strip() for cell in line.split("|")[1:3])
            field = Settings.model_fields[variable.strip("`").removeprefix(PREFIX).lower()]
            if default.startswith("`"):  # others are told in words
                said = type(field.default)(default.strip("`"))
                assert said == field.default, variable


def test_an_empty_variable_is_an_unset_one(tmp_path: Path) -> None:
    settings = read_settings(
        {"GANSEARCH_DATA_DIR": str(tmp_path), "GANSEARCH_REDIS_URL": "", "GANSEARCH_AUTH": ""}
    )
    assert (settings.redis_url, settings.auth) == (None, "off")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("GANSEARCH_DATABSE_URL", "x", "known: .*GANSEARCH_DATABASE_URL"),
        ("GANSEARCH_auth", "off", "unknown setting GANSEARCH_auth"),
        ("GANSEARCH_LOG_FORMAT", "xml", "'text' or 'json'"),
        ("GANSEARCH_LOG_LEVEL", "LOUD", "GANSEARCH_LOG_LEVEL: got 'LOUD'"),
        ("GANSEARCH_METRICS_PORT", "65536", "less than or equal to 65535"),
        ("GANSEARCH_METRICS_PORT", "http", "valid integer"),
        ("GANSEARCH_AUTH", "keys", "not available"),
        ("GANSEARCH_AUTH", "none", "'off' or 'keys'"),
        ("GANSEARCH_DATA_DIR", "/proc/none", "cannot write to /proc/none"),
        ("GANSEARCH_DATA_DIR", "/dev/null/x", "cannot write to /dev/null/x"),
    ],
)
def test_a_wrong_variable_is_refused_in_one_line(name: str, value: str, why: str) -> None:
    with pytest.raises(InvalidSetting, match=why) as caught:
        read_settings({name: value})
    assert caught.value.pointer == f"/{name}"
    assert "\n" not in str(caught.value)


def test_a_client_makes_no_directory(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    read_settings({"GANSEARCH_DATA_DIR": str(directory)}, prepare=False)
    assert not directory.exists()


def test_secrets_are_neither_shown_nor_printed(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "GANSEARCH_DATA_DIR": str(tmp_path),
            "GANSEARCH_DATABASE_URL": "postgresql://user:hush@host/d?x=1",
            "GANSEARCH_REDIS_URL": "redis://:hush@host:1/0",
            "GANSEARCH_API_KEY": "hush",
        }
    )
    masked = settings.masked()
    assert "hush" not in repr(settings) + str(masked)
    assert masked["GANSEARCH_DATABASE_URL"] == "postgresql://user:***@host/d?x=1"
    assert masked["GANSEARCH_REDIS_URL"] == "redis://:***@host:1/0"
    assert masked["GANSEARCH_API_KEY"] == "***"
    assert float(masked["GANSEARCH_ACTOR_GPUS"]) == 0  # a nought is no blank
