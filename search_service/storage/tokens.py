"""Page tokens: where the next page of a listing starts, opaque to the client.

A token names its listing, so that one of another listing or another order is refused.
"""

import base64
import json
import math
from datetime import datetime
from typing import Any

from search_service.errors import InvalidInput


def encode(listing: str, *key: str | float | None) -> str:
    """The token of the page that follows the row with this key."""
    text = json.dumps([listing, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(token: str, listing: str, *types: type) -> tuple[Any, ...]:
    """The key of a token, each part of the given type (or None, for a float).

    Raises InvalidInput, pointing at `/page_token`, for anything that `encode` did not make.
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        name, *key = parts
    except (ValueError, TypeError, RecursionError) as error:
        raise _refused() from error
    if name != listing or len(key) != len(types):
        raise _refused()
    return tuple(_typed(part, type_) for part, type_ in zip(key, types, strict=True))


def _typed(part: Any, type_: type) -> Any:
    if type_ is datetime and isinstance(part, str):
        return _time(part)
    if type_ is int and type(part) is int and abs(part) < 2**63:
        return part
    if type_ is float and (part is None or (type(part) is float and math.isfinite(part))):
        return part
    if type_ is str and isinstance(part, str) and part.isascii() and part.isprintable():
        return part
    raise _refused()


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise _refused() from error
    if time.tzinfo is None:
        raise _refused()
    return time


def _refused() -> InvalidInput:
    return InvalidInput(
        "not a page token of this listing; use next_page_token of the page before, with the same "
        "filters and order",
        pointer="/page_token",
    )
