"""What the API answers, made from domain values; the shapes are those of the contract."""

from api.schemas.answers.artifacts import ArtifactAnswer
from api.schemas.answers.asked import NamedAnswer
from api.schemas.answers.devices import DeviceAnswer, DevicePage
from api.schemas.answers.evaluations import BestAnswer, EvaluationAnswer, EvaluationPage
from api.schemas.answers.fronts import FrontAnswer, FrontPoint, FrontTexts, ObjectiveAnswer
from api.schemas.answers.jobs import HistoryAnswer, HistoryPoint, JobAnswer, JobPage
from api.schemas.answers.problems import ProblemAnswer
from api.schemas.answers.supernets import (
    ChoiceAnswer,
    FeasibilityAnswer,
    SpaceAnswer,
    SupernetAnswer,
    SupernetPage,
)
from api.schemas.answers.values import ValueAnswer, timestamp, values_of

__all__ = [
    "ArtifactAnswer",
    "BestAnswer",
    "ChoiceAnswer",
    "DeviceAnswer",
    "DevicePage",
    "EvaluationAnswer",
    "EvaluationPage",
    "FeasibilityAnswer",
    "FrontAnswer",
    "FrontPoint",
    "FrontTexts",
    "HistoryAnswer",
    "HistoryPoint",
    "JobAnswer",
    "JobPage",
    "NamedAnswer",
    "ObjectiveAnswer",
    "ProblemAnswer",
    "SpaceAnswer",
    "SupernetAnswer",
    "SupernetPage",
    "ValueAnswer",
    "timestamp",
    "values_of",
]
