"""Requests made up from the schema: every answer must be one that the schema declares."""

from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from search_service.settings import Settings
from search_service.storage import open_storage

ENDLESS = "/v1/jobs/{job_id}/events"
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def new_app(folder: Path) -> FastAPI:
    return create_app(Settings(data_dir=folder), storage=open_storage("memory://"))


def operations() -> list[tuple[str, str]]:
    """Paths and methods. Nothing is written where the settings say."""
    paths = new_app(Path(gettempdir())).openapi()["paths"]
    return [(path, method) for path in paths if path != ENDLESS for method in paths[path]]


def keep(case: schemathesis.Case[Any]) -> None:
    # What is well-formed may still name things that do not exist, which is a 422.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", new_app(tmp_path_factory.mktemp("api")))


@pytest.mark.parametrize(("path", "method"), operations())
def test_the_schema_is_kept(path: str, method: str, schema: Any) -> None:
    """The cases are made here and not when tests are collected, as schemathesis' own decorator
    makes them: every process of a test run collects all tests, and takes those of one name for
    one."""
    build_operation_test(
        config=schema.config,
        operation=schema[path][method.upper()],
        test_func=keep,
        explicit_settings=FEW,
        given_kwargs={},
        feedback=FeedbackSources(),
    )()
