"""Ids: ULIDs with a prefix that says what they name; they sort by time of creation."""

from ulid import ULID

KINDS = ("job", "sup", "evl", "dev", "art")


def new_id(kind: str) -> str:
    """A fresh id such as `job_01J…`."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind of id {kind!r}; known: {', '.join(KINDS)}")
    return f"{kind}_{ULID()}"
