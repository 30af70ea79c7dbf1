"""The schema at /openapi.json: FastAPI's, with every refusal declared as problem+json."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import MEDIA_TYPE
from api.schemas.answers import ProblemAnswer

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemAnswer, "description": description}
    for status, description in {
        400: "The body is not JSON",
        404: "No such thing",
        409: "The present state forbids it",
        413: "The body is too large",
        422: "Something asked for is wrong; `errors` says where",
        503: "The database does not answer now",
    }.items()
}


def install(app: FastAPI) -> None:
    """Serve the corrected schema."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app)
        return app.openapi_schema

    # FastAPI's documented way to extend the schema: the method is replaced on the instance.
    app.openapi = openapi  # type: ignore[method-assign]


def _schema(app: FastAPI) -> dict[str, Any]:
    schema: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    for path in schema["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                # A model is always declared as application/json, whatever else is said.
                if status.isdigit() and int(status) >= 400 and "content" in response:
                    response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    return schema
