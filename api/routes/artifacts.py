"""Artifacts: what jobs made, and where it came from."""

import re
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Response

from api.dependencies import ArtifactsDep
from api.schemas.answers import ArtifactAnswer, ProblemAnswer

router = APIRouter(prefix="/v1/artifacts", tags=["artifacts"])

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
CACHED = "public, max-age=31536000, immutable"  # an id names one content for ever


@router.get("/{artifact_id}")
def read(artifact_id: str, artifacts: ArtifactsDep) -> ArtifactAnswer:
    """Its kind, size and digest, and the ids of what it came from."""
    return ArtifactAnswer.of(artifacts.about(artifact_id))


@router.get(
    "/{artifact_id}/content",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}},
        206: {"description": "Partial Content", "content": {"application/octet-stream": {}}},
        304: {"description": "Not Modified"},
        416: {"model": ProblemAnswer, "description": "No such range"},
    },
)
def read_content(
    artifact_id: str,
    artifacts: ArtifactsDep,
    if_none_match: Annotated[str | None, Header()] = None,
    range: Annotated[str | None, Header(description="bytes=FIRST-LAST, one range")] = None,
) -> Response:
    """The file, or a range of its bytes; the ETag is its SHA-256."""
    about = artifacts.about(artifact_id)
    etag = f'"{about.sha256}"'
    headers = {"ETag": etag, "Cache-Control": CACHED, "Accept-Ranges": "bytes"}
    if if_none_match is not None and etag in re.findall(r'"[^"]*"', if_none_match):
        return Response(status_code=304, headers=headers)
    span = _span(range or "", size=about.size)
    if span is None:
        return Response(artifacts.read(artifact_id), media_type=about.media_type, headers=headers)
    first, last = span
    if first >= about.size or last < first:
        raise HTTPException(
            416,
            f"{artifact_id} has {about.size} bytes, {range} is not among them",
            headers={"Content-Range": f"bytes */{about.size}"},
        )
    return Response(
        artifacts.read(artifact_id, first, last + 1),
        status_code=206,
        media_type=about.media_type,
        headers=headers | {"Content-Range": f"bytes {first}-{last}/{about.size}"},
    )


def _span(text: str, *, size: int) -> tuple[int, int] | None:
    """The first and last byte of a range; None for words that RFC 9110, section 14.1.1, does not
    know and that are to be ignored, and for several ranges, which may be."""
    match = RANGE.fullmatch(text)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size - 1 if int(last) else -1
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last), size - 1) if last else size - 1
