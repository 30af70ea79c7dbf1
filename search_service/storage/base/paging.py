"""One page of a listing."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a listing; `next_token` is None at the end."""

    items: tuple[T, ...]
    next_token: str | None
