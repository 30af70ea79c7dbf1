"""Artifacts: files kept by their content on any fsspec store, a local folder or a bucket.

An id is `art_` and the first 128 bits of the content's SHA-256, written like the other ids. Equal
contents are one artifact; beside each lies a small JSON file with its media type and full digest.
"""

import hashlib
import json
import re
import uuid
from dataclasses import dataclass

import fsspec
from ulid import ULID

from search_service.errors import InvalidFile, InvalidSetting, NotFound

_ID = re.compile(r"art_[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A stored file."""

    id: str
    media_type: str
    sha256: str  # of the content, hexadecimal
    content: bytes


class Artifacts:
    """The store at a URI; safe to use from many processes. Failures of the store are OSErrors."""

    def __init__(self, uri: str) -> None:
        """Raises InvalidSetting for a URI that fsspec cannot serve."""
        try:
            self._files, self._root = fsspec.url_to_fs(uri)
        except (ValueError, ImportError) as error:
            raise InvalidSetting(
                f"GANSEARCH_ARTIFACTS: cannot use {uri!r}: {error}", pointer="/GANSEARCH_ARTIFACTS"
            ) from error

    def put(self, content: bytes, *, media_type: str) -> str:
        """Keep a file and return its id; the same content again changes nothing."""
        digest = hashlib.sha256(content)
        id_ = f"art_{ULID.from_bytes(digest.digest()[:16])}"
        path = self._path(id_)
        if not self._is_whole(path, len(content)):
            about = {"media_type": media_type, "sha256": digest.hexdigest()}
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            # The content comes last: where it is, its description is too.
            self._write(f"{path}.json", json.dumps(about).encode())
            self._write(path, content)
        return id_

    def get(self, artifact_id: str) -> Artifact:
        """Raises NotFound, and InvalidFile for content that is not what was put."""
        path = self._path(artifact_id)
        try:
            content = self._files.cat_file(path)
            about = json.loads(self._files.cat_file(f"{path}.json"))
        except FileNotFoundError as error:
            raise NotFound(f"no artifact {artifact_id!r}") from error
        except ValueError as error:
            raise InvalidFile(f"the description of {artifact_id} is damaged") from error
        digest = hashlib.sha256(content)
        if artifact_id != f"art_{ULID.from_bytes(digest.digest()[:16])}":
            raise InvalidFile(f"the content of {artifact_id} is damaged: its digest is another")
        return Artifact(
            id=artifact_id,
            media_type=about["media_type"],
            sha256=digest.hexdigest(),
            content=content,
        )

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
            if self._files.exists(beside):
                self._files.rm_file(beside)
