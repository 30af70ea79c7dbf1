"""Around every request: an id, a limit on the body, the time it took."""

import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from search_service import telemetry

MAX_BODY = 1024 * 1024  # bytes
_UNTIMED = ("/v1/jobs/{job_id}/events",)  # a stream lasts as long as its reader


class Envelope:
    """Pure ASGI, so that streams pass through it as they come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(ULID())
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            body = await _limited(scope, receive)
            if body is None:
                await _refuse(scope, told, request_id)
                return
            await self._app(scope, body, told)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            if route not in _UNTIMED:
                telemetry.observe_request(
                    route, scope["method"], status, time.perf_counter() - started
                )


async def _limited(scope: Scope, receive: Receive) -> Callable[[], Awaitable[Message]] | None:
    """The body read up to the limit, to be received again; None when it is larger.

    Read here rather than counted on its way: a route must not begin on half a body.
    """
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > MAX_BODY:
        return None
    chunks: list[bytes] = []
    more = length != b"0" or headers.get(b"transfer-encoding") is not None
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
        if sum(map(len, chunks)) > MAX_BODY:
            return None
    first: MutableMapping[str, Any] | None = {
        "type": "http.request",
        "body": b"".join(chunks),
        "more_body": False,
    }

    async def again() -> Message:
        nonlocal first
        if first is not None:
            message, first = first, None
            return message
        return await receive()

    return again


async def _refuse(scope: Scope, send: Send, request_id: str) -> None:
    body = json.dumps(
        {
            "type": "about:blank",
            "title": "Content Too Large",
            "status": 413,
            "detail": f"a body has at most {MAX_BODY} bytes",
            "instance": scope["path"],
            "request_id": request_id,
        }
    ).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
