"""Every answer from 400 up is problem+json (RFC 9457); one table says which error is which."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.schemas.requests import PATTERNS
from search_service.domain.job import JobKind
from search_service.errors import (
    ArtifactsUnavailable,
    ClusterUnavailable,
    Conflict,
    GansearchError,
    InvalidInput,
    LostClaim,
    MeasurementFailed,
    NotFound,
    Refused,
    StorageUnavailable,
    TooManyRequests,
    TrainingDiverged,
    TrainingFailed,
    Unreachable,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"  # after which a database that was restarted answers again

# A class has the status of its nearest ancestor here. The last ones do not reach a route.
STATUSES: dict[type[GansearchError], int] = {
    InvalidInput: 422,
    Conflict: 409,
    NotFound: 404,
    StorageUnavailable: 503,
    ArtifactsUnavailable: 503,
    TooManyRequests: 429,
    LostClaim: 409,
    MeasurementFailed: 500,
    TrainingDiverged: 500,
    TrainingFailed: 500,
    ClusterUnavailable: 500,
    Refused: 502,
    Unreachable: 502,
}
# Where FastAPI says a value was found, the last of which are parts of a JSON pointer.
_PLACES = ("body", "query", "path", "header")
# What pydantic says of Python, said of JSON.
_WORDS = {
    "extra_forbidden": "there is no such field; /docs lists those there are",
    "dict_type": "Input should be a JSON object",
    "model_attributes_type": "Input should be a JSON object",
    "model_type": "Input should be a JSON object",
    "list_type": "Input should be a JSON array",
}


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[dict[str, str]] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The answer of that status."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "request_id": getattr(request.state, "request_id", ""),
    }
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def status_of(error: GansearchError) -> int:
    """The status of an error of ours."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def install(app: FastAPI) -> None:
    """Turn whatever a route raises into a problem; a traceback goes to the log, never out.

    On the event loop: each is ready at once, and all threads may be waiting for the store.
    """

    @app.exception_handler(GansearchError)
    async def ours(request: Request, error: GansearchError) -> JSONResponse:
        errors = []
        if isinstance(error, InvalidInput) and error.pointer:
            errors.append({"pointer": error.pointer, "detail": error.detail})
        return problem(request, status_of(error), str(error), errors=errors)

    @app.exception_handler(StorageUnavailable)
    async def later(request: Request, error: StorageUnavailable) -> JSONResponse:
        # The driver's words name hosts and files of ours: they are for the log.
        request_id = getattr(request.state, "request_id", "")
        logger.error("the store does not answer", exc_info=error, extra={"request_id": request_id})
        detail = "the database does not answer; try again"
        return problem(request, 503, detail, headers={"Retry-After": RETRY_SECONDS})

    @app.exception_handler(TooManyRequests)
    async def too_many(request: Request, error: TooManyRequests) -> JSONResponse:
        return problem(request, 429, str(error), headers={"Retry-After": str(error.seconds)})

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        found = [_found(e) for e in error.errors()]
        if any(e["type"] == "json_invalid" for e in error.errors()):
            why = f"the body is not JSON: {error.errors()[0]['ctx']['error']}"
            return problem(request, 400, why, errors=[{"pointer": "", "detail": why}])
        first = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        detail = f"{first['pointer'] or 'the request'}: {first['detail']}{more}"
        return problem(request, 422, detail, errors=found)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        detail = error.detail
        if error.status_code == 404 and detail == "Not Found":
            detail = f"nothing is at {request.url.path}"
        headers = dict(error.headers or {})
        template = getattr(request.scope.get("route"), "path", "")
        if error.status_code == 405 and template in app.openapi()["paths"]:
            # The router names the methods of one route; others may serve the same path.
            methods = sorted(method.upper() for method in app.openapi()["paths"][template])
            headers["Allow"] = ", ".join(methods)
        if error.status_code == 405 and "Allow" in headers:
            here = f"{request.method} is not for {request.url.path}"
            detail = f"{here}; allowed: {headers['Allow']}"
        return problem(request, error.status_code, detail, headers=headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        request_id = getattr(request.state, "request_id", "")
        facts = {"path": request.url.path, "request_id": request_id}
        logger.error("a request failed", exc_info=error, extra=facts)
        # Starlette answers this one outside of all middleware, so the header is set here.
        headers = {"X-Request-Id": request_id}
        detail = "the server failed; its log has the request id"
        return problem(request, 500, detail, headers=headers)


def _found(error: Mapping[str, Any]) -> dict[str, str]:
    """What pydantic found wrong. A body that is one of several kinds says which by its `kind`,
    and pydantic then puts that word into the place."""
    place, detail = list(error["loc"]), error["msg"]
    if error["type"] == "union_tag_not_found":
        return {"pointer": _pointer([*place, "kind"]), "detail": "Field required"}
    if error["type"] == "union_tag_invalid":
        context = error["ctx"]
        detail = f"unknown kind {context['tag']!r}; known: {context['expected_tags']}"
        return {"pointer": _pointer([*place, "kind"]), "detail": detail}
    if error["type"] == "string_pattern_mismatch":
        detail = PATTERNS.get(error["ctx"]["pattern"], detail)
    detail = _WORDS.get(error["type"], detail).replace(" after validation", "")
    if len(place) > 1 and place[0] == "body" and place[1] in list(JobKind):
        del place[1]
    return {"pointer": _pointer(place), "detail": detail}


def _pointer(place: Sequence[Any]) -> str:
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in place]
    if parts and parts[0] in _PLACES:
        parts = parts[1:]
    return "".join(f"/{part}" for part in parts)
