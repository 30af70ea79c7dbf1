"""`Idempotency-Key`: a creating request that is sent again gets the first answer again."""

import hashlib
import threading
from collections.abc import Callable
from typing import Annotated

from fastapi import Header, Request, Response

from search_service.errors import InvalidInput
from search_service.storage.base import Answer, Storage

KeyHeader = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
# Two requests with one key at once: the second waits here for the first's answer. Between
# processes the store decides: the first answer that is kept is the one that is given.
_locks = [threading.Lock() for _ in range(64)]


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

    Raises InvalidInput when the key came with another request before.
    """
    if key is None:
        content, headers = create()
        return _response(status, content, headers)
    fingerprint = hashlib.sha256(
        f"{request.method} {request.url.path}\n".encode() + body
    ).hexdigest()
    with _locks[hash(key) % len(_locks)]:
        answer = storage.answers.find(key)
        replayed = answer is not None
        if answer is None:
            content, headers = create()
            fresh = Answer(fingerprint=fingerprint, status=status, headers=headers, body=content)
            answer = storage.answers.keep(key, fresh)
    if answer.fingerprint != fingerprint:
        raise InvalidInput(
            "this Idempotency-Key came with another request before; use a new key",
            pointer="/Idempotency-Key",
        )
    headers = {**answer.headers, **({"Idempotent-Replayed": "true"} if replayed else {})}
    return _response(answer.status, answer.body, headers)


def _response(status: int, content: bytes, headers: dict[str, str]) -> Response:
    return Response(content, status_code=status, headers=headers, media_type="application/json")
