"""Requests made up from the schema: every answer must be one that the schema declares."""

import tempfile
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from search_service.settings import Settings
from search_service.storage import open_storage

SETTINGS = Settings(data_dir=Path(tempfile.gettempdir()))  # nothing is written there
APP = create_app(SETTINGS, storage=open_storage("memory://"))
WHOLE = schemathesis.openapi.from_asgi("/openapi.json", APP)
SCHEMA = WHOLE.exclude(path="/v1/jobs/{job_id}/events")  # endless


@SCHEMA.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_schema_is_kept(case: schemathesis.Case[Any]) -> None:
    # What is well-formed may still name things that do not exist, which is a 422.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
