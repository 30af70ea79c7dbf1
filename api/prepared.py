"""An answer that is made once and given as often as it is asked for."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from fastapi import Request, Response

from api.build import fingerprint

# Number and time of the event after which nothing had happened to the job.
Version = tuple[int, datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """With a version it is of the job exactly then; without one the job changed while it was made,
    and it is good for those who asked before, and for nobody later."""

    version: Version | None
    body: bytes
    mark: str = ""  # of a front: what it shows of its job besides its members

    @property
    def etag(self) -> str | None:
        """Equal for answers of equal bytes only, by whichever process of whichever build."""
        if self.version is None:
            return None
        number, at = self.version
        return f'"{number}-{(at - _EPOCH) // _MICROSECOND:x}-{fingerprint()}"'

    def response(self, request: Request, *, media_type: str) -> Response:
        """It, or 304 for a client that says that it has it."""
        headers = {"Cache-Control": "no-cache"}
        if (etag := self.etag) is not None:
            headers["ETag"] = etag
            had = request.headers.get("if-none-match", "")
            if etag in [tag.strip().removeprefix("W/") for tag in had.split(",")]:
                return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=media_type, headers=headers)

    def encoded(self) -> bytes:
        """What `decoded` makes an equal one of; it must have a version."""
        assert self.version is not None
        number, at = self.version
        head = {"number": number, "at": at.isoformat(), "mark": self.mark}
        return json.dumps(head).encode() + b"\n" + self.body

    @classmethod
    def decoded(cls, encoded: bytes) -> Self:
        head, _, body = encoded.partition(b"\n")
        said = json.loads(head)
        at = datetime.fromisoformat(said["at"])
        return cls(version=(said["number"], at), body=body, mark=said["mark"])
