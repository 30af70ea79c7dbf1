"""Supernets and their spaces."""

from typing import Any, Self

from pydantic import BaseModel

from api.schemas.answers.values import timestamp
from search_service.domain.supernet import Supernet


class SupernetAnswer(BaseModel):
    """A registered supernet."""

    id: str
    name: str
    family: str
    parameters: dict[str, Any]
    checkpoint: str
    dataset: str
    feature_extractor: str
    status: str
    reason: str
    digest: str
    protocol: dict[str, Any]
    created_at: str

    @classmethod
    def of(cls, supernet: Supernet) -> Self:
        fields = {n: getattr(supernet, n) for n in cls.model_fields if n != "created_at"}
        return cls(**fields, created_at=timestamp(supernet.created_at) or "")


class SupernetPage(BaseModel):
    """A page of supernets, newest first."""

    supernets: list[SupernetAnswer]
    next_page_token: str | None = None


class ChoiceAnswer(BaseModel):
    """An open decision."""

    name: str
    options: list[int | float]


class SpaceAnswer(BaseModel):
    """A search space."""

    family: str
    size: int
    choices: list[ChoiceAnswer]


class FeasibilityAnswer(BaseModel):
    """What constraints leave of a space."""

    feasible: bool
    fraction: float
    sampled: int
    ranges: dict[str, tuple[float, float]]
