"""Artifacts and what they came from."""

from typing import Self

from pydantic import BaseModel

from search_service.artifacts import About


class ArtifactAnswer(BaseModel):
    """A stored file; `lineage` has the ids of what it came from: supernet, job, evaluation."""

    id: str
    media_type: str
    sha256: str
    size: int
    lineage: dict[str, str]

    @classmethod
    def of(cls, about: About) -> Self:
        return cls(**{name: getattr(about, name) for name in cls.model_fields})
