"""Too many requests are told so, and when to come again."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from search_service.settings import read_settings
from search_service.storage import open_storage


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """One that answers three requests a minute."""
    environment = {"GANSEARCH_DATA_DIR": str(tmp_path), "GANSEARCH_RATE_LIMIT": "3"}
    return create_app(read_settings(environment), storage=open_storage("memory://"))


def test_beyond_the_limit_is_429_with_retry_after(client: httpx.Client) -> None:
    assert [client.get("/v1/jobs").status_code for _ in range(3)] == [200] * 3
    refused = client.get("/v1/jobs/job_x")
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert refused.json()["title"] == "Too Many Requests"
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
