"""Requests to one server: retried where that is safe, refused in one line."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx

from search_service.errors import InvalidInput, Refused, Unreachable

TIMEOUT_SECONDS = 30.0
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.25  # doubled after each attempt


class Transport:
    """Speaks JSON with a server; a connection that breaks is tried again, an answer never is."""

    def __init__(
        self, server: str, api_key: str | None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Raises InvalidInput for an address that is no http URL."""
        self.server = server.rstrip("/")
        if not self.server.startswith(("http://", "https://")):
            raise InvalidInput(f"the server must be an http:// or https:// URL, got {server!r}")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        try:
            self.http = httpx.Client(
                base_url=self.server,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                transport=transport,
                trust_env=not _is_loopback(self.server),  # a proxy cannot reach this machine
            )
        except httpx.InvalidURL as error:
            raise InvalidInput(f"the server {server!r} is no URL: {error}") from error

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
        """Raises Refused, Unreachable."""
        return self._send("GET", path, params=_given(params or {}))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """With a body it creates something, once, however often the connection breaks."""
        if body is None:
            return self._send("POST", path)
        key = {"Idempotency-Key": str(uuid4())}
        return self._send("POST", path, json=dict(body), headers=key)

    def close(self) -> None:
        """Give the connections back."""
        self.http.close()

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.reaching():
                    response = self.http.request(method, path, **options)
            except Unreachable:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(pause)
                pause *= 2
            else:
                require_success(response)
                return response
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Failures of the connection inside become Unreachable, with what to do."""
        try:
            yield
        except httpx.ConnectError as error:
            raise Unreachable(
                f"no gansearch server at {self.server}: start one with `gansearch up`, or name "
                "another with --server"
            ) from error
        except httpx.TimeoutException as error:
            raise Unreachable(f"{self.server} does not answer in time") from error
        except httpx.TransportError as error:
            raise Unreachable(f"the connection to {self.server} broke: {error}") from error


def require_success(response: httpx.Response) -> None:
    """Raises Refused for 400 and above; the response's content must have been read."""
    if response.status_code < HTTPStatus.BAD_REQUEST:
        return
    raise Refused(refusal(response), status=response.status_code)


def refusal(response: httpx.Response) -> str:
    """One line of a problem document: its detail, and the first fields it complains about."""
    try:
        problem = response.json()
        words = str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, AttributeError):
        reason = response.reason_phrase or "no reason given"
        return f"the server answered {response.status_code} ({reason}): is it a gansearch server?"
    told = [
        f"{error.get('pointer') or 'body'}: {error.get('detail', '')}"
        for error in problem.get("errors", ())[:3]
        if error.get("detail", "") not in words
    ]
    text = f"{words} ({'; '.join(told)})" if told else words
    return " ".join(text.split())


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value not in (None, "")}


def _is_loopback(server: str) -> bool:
    return (httpx.URL(server).host or "") in ("127.0.0.1", "localhost", "::1")
