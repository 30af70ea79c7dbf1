"""Artifacts: files kept by their content on any fsspec store, a local folder or a bucket.

An id is `art_` and the first 128 bits of the content's SHA-256, written like the other ids. Equal
contents are one artifact; beside each lies a small JSON file with its media type and full digest.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import fsspec
from ulid import ULID

from search_service.errors import ArtifactsUnavailable, InvalidFile, InvalidSetting, NotFound

_ID = re.compile(r"art_[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True, kw_only=True)
class About:
    """What is known of a stored file without reading it."""

    id: str
    media_type: str
    sha256: str  # of the content, hexadecimal
    size: int  # in bytes
    lineage: Mapping[str, str]  # ids of what it came from, by what they are: job, supernet, …


@dataclass(frozen=True, kw_only=True)
class Artifact(About):
    """A stored file."""

    content: bytes


class Artifacts:
    """The store at a URI; safe to use from many processes. Failures of reading are OSErrors."""

    def __init__(self, uri: str) -> None:
        """Raises InvalidSetting for a URI that fsspec cannot serve."""
        try:
            self._files, self._root = fsspec.url_to_fs(uri)
        except (ValueError, ImportError) as error:
            raise InvalidSetting(
                f"GANSEARCH_ARTIFACTS: cannot use {uri!r}: {error}", pointer="/GANSEARCH_ARTIFACTS"
            ) from error

    def put(
        self, content: bytes, *, media_type: str, lineage: Mapping[str, str] | None = None
    ) -> str:
        """Keep a file and return its id; the same content again changes nothing.

        Raises ArtifactsUnavailable, and then nothing half-written is found under any id.
        """
        digest = hashlib.sha256(content)
        id_ = f"art_{ULID.from_bytes(digest.digest()[:16])}"
        path = self._path(id_)
        about = {
            "media_type": media_type,
            "sha256": digest.hexdigest(),
            "lineage": dict(lineage or {}),
        }
        try:
            if not self._is_whole(path, len(content)):
                self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
                # The content comes last: where it is, its description is too.
                self._write(f"{path}.json", json.dumps(about).encode())
                self._write(path, content)
        except OSError as error:
            reason = error.strerror or str(error).splitlines()[0]
            raise ArtifactsUnavailable(
                f"an artifact of {len(content)} bytes cannot be kept at GANSEARCH_ARTIFACTS: "
                f"{reason}; once it can, retry the job"
            ) from error
        return id_

    def get(self, artifact_id: str) -> Artifact:
        """Raises NotFound, and InvalidFile for content that is not what was put."""
        about = self.about(artifact_id)
        content = self.read(artifact_id)
        digest = hashlib.sha256(content)
        if artifact_id != f"art_{ULID.from_bytes(digest.digest()[:16])}":
            raise InvalidFile(f"the content of {artifact_id} is damaged: its digest is another")
        return Artifact(
            id=artifact_id,
            media_type=about.media_type,
            sha256=digest.hexdigest(),
            size=len(content),
            lineage=about.lineage,
            content=content,
        )

    def about(self, artifact_id: str) -> About:
        """Raises NotFound, and InvalidFile for a damaged description."""
        path = self._path(artifact_id)
        try:
            about = json.loads(self._files.cat_file(f"{path}.json"))
            size = self._files.size(path)
        except FileNotFoundError as error:
            raise NotFound(f"no artifact {artifact_id!r}") from error
        except ValueError as error:
            raise InvalidFile(f"the description of {artifact_id} is damaged") from error
        return About(
            id=artifact_id,
            media_type=about["media_type"],
            sha256=about["sha256"],
            size=size,
            lineage=about.get("lineage", {}),
        )

    def read(self, artifact_id: str, start: int | None = None, end: int | None = None) -> bytes:
        """The content, or its bytes from `start` to before `end`. Raises NotFound."""
        try:
            content: bytes = self._files.cat_file(self._path(artifact_id), start=start, end=end)
        except FileNotFoundError as error:
            raise NotFound(f"no artifact {artifact_id!r}") from error
        return content

    def uri(self, artifact_id: str) -> str:
        """Where fsspec finds it. Raises NotFound for what is no id."""
        return str(self._files.unstrip_protocol(self._path(artifact_id)))

    def exists(self, artifact_id: str) -> bool:
        """Whether `get` would find it; false for what is no id."""
        return bool(_ID.fullmatch(artifact_id)) and bool(
            self._files.exists(self._path(artifact_id))
        )

    def _path(self, artifact_id: str) -> str:
        """Two levels, so that no folder holds them all. Raises NotFound for what is no id."""
        if not _ID.fullmatch(artifact_id):
            raise NotFound(f"no artifact {artifact_id!r}")
        return f"{self._root.rstrip('/')}/{artifact_id[-2:]}/{artifact_id}"

    def _is_whole(self, path: str, size: int) -> bool:
        """A write that a full disk or a lost machine cut short is written again."""
        return bool(self._files.exists(path)) and self._files.size(path) == size

    def _write(self, path: str, content: bytes) -> None:
        beside = f"{path}.{uuid.uuid4().hex}.part"
        try:
            self._files.pipe_file(beside, content)
            self._files.mv(beside, path)
        finally:
            with suppress(OSError):  # of a store that fails, whose first word is the one to hear
                if self._files.exists(beside):
                    self._files.rm_file(beside)
