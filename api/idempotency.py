"""`Idempotency-Key`: a creating request that is sent again gets the first answer again."""

import hashlib
from collections.abc import Callable
from typing import Annotated

from fastapi import Header, Request, Response

from search_service.errors import InvalidInput
from search_service.storage.base import Answer, Storage

KeyHeader = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


def once(
    request: Request,
    body: bytes,
    key: str | None,
    *,
    storage: Storage,
    create: Callable[[], tuple[bytes, dict[str, str]]],
    status: int = 201,
) -> Response:
    """Answer with what `create` gives (body, headers), or with the first answer to this key.

    With a key, what `create` stores and the key itself are one transaction of the store.
    Raises InvalidInput when the key came with another request before.
    """
    if key is None:
        content, headers = create()
        return _response(status, content, headers)
    fingerprint = hashlib.sha256(
        f"{request.method} {request.url.path}\n".encode() + body
    ).hexdigest()

    def first() -> Answer:
        content, headers = create()
        return Answer(fingerprint=fingerprint, status=status, headers=headers, body=content)

    answer, is_new = storage.answers.once(key, first)
    if is_new:
        # Whom `create` woke may have looked before the transaction ended, and seen nothing.
        request.app.state.wake_ups.ring()
    if answer.fingerprint != fingerprint:
        raise InvalidInput(
            "this Idempotency-Key came with another request before; use a new key",
            pointer="/Idempotency-Key",
        )
    headers = {**answer.headers, **({} if is_new else {"Idempotent-Replayed": "true"})}
    return _response(answer.status, answer.body, headers)


def _response(status: int, content: bytes, headers: dict[str, str]) -> Response:
    return Response(content, status_code=status, headers=headers, media_type="application/json")
