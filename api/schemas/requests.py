"""Bodies that clients send; an unknown field is an error."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictInt, StrictStr

Name = Annotated[StrictStr, Field(min_length=1, max_length=200)]
_UNIQUE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
_DIGEST = r"^([0-9a-f]{64})?$"
# What one that does not match is told.
PATTERNS = {
    _UNIQUE: "a name is up to 100 letters, digits, dots, dashes and underscores; the first is a "
    "letter or a digit",
    _DIGEST: "a digest is the 64 lower-case hexadecimal digits of a SHA-256",
}
UniqueName = Annotated[StrictStr, Field(pattern=_UNIQUE)]
Label = Annotated[StrictStr, Field(max_length=200)]
MAX_INT = 2**53 - 1  # what every JSON reader keeps exactly


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The fields that were sent; defaults stand in the domain."""
        return self.model_dump(exclude_unset=True, exclude_none=True)


class SupernetRequest(_Body):
    """A trained checkpoint to register."""

    name: UniqueName
    family: Name
    parameters: dict[str, Any]
    checkpoint: Annotated[StrictStr, Field(min_length=1, max_length=2000)]
    dataset: Name
    feature_extractor: Annotated[StrictStr, Field(min_length=1, max_length=2000)]


class ObjectiveBody(_Body):
    """What is minimised."""

    name: Name
    device: Name | None = None


class ConstraintBody(_Body):
    """A bound on an objective."""

    name: Name
    op: Literal["le", "ge"]
    value: FiniteFloat
    device: Name | None = None


class SearcherBody(_Body):
    """Which searcher; GET /v1/searchers has the parameters of each."""

    name: Name
    parameters: dict[str, Any] = {}


class PatienceBody(_Body):
    """Stop when the hypervolume no longer grows."""

    evaluations: Annotated[StrictInt, Field(ge=1, le=MAX_INT)]
    min_gain: Annotated[FiniteFloat, Field(ge=0)] = 1e-3


class BudgetBody(_Body):
    """When to stop, whichever comes first."""

    evaluations: Annotated[StrictInt, Field(ge=1, le=10_000_000)]
    wall_seconds: Annotated[FiniteFloat, Field(gt=0)] | None = None
    patience: PatienceBody | None = None


class FidelityBody(_Body):
    """Sample counts of the ladder, and of the final values."""

    samples: Annotated[list[StrictInt], Field(min_length=1, max_length=8)] = [512, 2048]
    final_samples: Annotated[StrictInt, Field(ge=2, le=10_000_000)] = 10_000


class WarmStartBody(_Body):
    """An ended job whose front is proposed first."""

    job: Name


class TeacherBody(_Body):
    """A trained generator whose images teacher_distance compares with."""

    checkpoint: Annotated[StrictStr, Field(min_length=1, max_length=2000)]
    base_channels: Annotated[StrictInt, Field(ge=1, le=4096)]
    kind: Literal["dense", "mobile"] = "dense"
    blocks: Annotated[StrictInt, Field(ge=1, le=64)] = 9
    digest: Annotated[StrictStr, Field(pattern=_DIGEST)] = ""


class SearchSpecBody(_Body):
    """A search."""

    supernet: Name
    objectives: Annotated[list[ObjectiveBody], Field(min_length=1, max_length=4)]
    constraints: Annotated[list[ConstraintBody], Field(max_length=16)] = []
    searcher: SearcherBody = SearcherBody(name="nsga2")
    budget: BudgetBody
    fidelity: FidelityBody = FidelityBody()
    warm_start: Annotated[list[WarmStartBody], Field(max_length=16)] = []
    parallelism: Annotated[StrictInt, Field(ge=1, le=1024)] = 16
    seed: Annotated[StrictInt, Field(ge=0, le=MAX_INT)] = 0
    teacher: TeacherBody | None = None


class TrainSpecBody(_Body):
    """A training; the recipe is the table of its TOML file."""

    recipe: dict[str, Any]
    name: UniqueName | None = None
    feature_extractor: Annotated[StrictStr, Field(min_length=1, max_length=2000)] = (
        "fashion-classifier"
    )
    workers: Annotated[StrictInt, Field(ge=1, le=256)] = 1
    data: Annotated[StrictStr, Field(max_length=2000)] = ""


class FinetuneRequest(_Body):
    """How an evaluated architecture goes on learning: for so many images or steps, by a recipe of
    which only what differs from the supernet's own training need be said."""

    images: Annotated[StrictInt, Field(ge=1, le=10**12)] | None = None
    steps: Annotated[StrictInt, Field(ge=1, le=10**9)] | None = None
    recipe: dict[str, Any] = {}
    workers: Annotated[StrictInt, Field(ge=1, le=256)] = 1
    data: Annotated[StrictStr, Field(max_length=2000)] = ""


class FinetuneSpecBody(FinetuneRequest):
    """The same, and of which evaluation."""

    evaluation: Name


class GeneratorBody(_Body):
    """A trained generator; without an architecture the largest of its space."""

    checkpoint: Annotated[StrictStr, Field(min_length=1, max_length=2000)]
    family: Name
    parameters: dict[str, Any]
    dataset: Annotated[StrictStr, Field(min_length=1, max_length=2000)]
    architecture: Annotated[StrictStr, Field(max_length=2000)] = ""


class ScoreSpecBody(_Body):
    """Scores of a folder's images, or of a generator's, against a reference: a data set, a folder
    of images, or a file of statistics."""

    reference: Annotated[StrictStr, Field(min_length=1, max_length=2000)]
    metrics: Annotated[list[Name], Field(min_length=1, max_length=16)] = ["fid"]
    feature_extractor: Annotated[StrictStr, Field(min_length=1, max_length=2000)] = (
        "fashion-classifier"
    )
    images: Annotated[StrictStr, Field(max_length=2000)] = ""
    generator: GeneratorBody | None = None
    samples: Annotated[StrictInt, Field(ge=2, le=10_000_000)] = 10_000
    seed: Annotated[StrictInt, Field(ge=0, le=MAX_INT)] = 1


Priority = Annotated[StrictInt, Field(ge=-1000, le=1000)]
Labels = Annotated[dict[Label, Label], Field(max_length=32)]


class JobPatch(_Body):
    """What may change of a job; labels and budget take the place of those it has."""

    priority: Priority | None = None
    labels: Labels | None = None
    budget: BudgetBody | None = None


class _JobBody(_Body):
    priority: Priority = 0
    labels: Labels = {}


class SearchJobRequest(_JobBody):
    """A search to queue."""

    kind: Literal["search"]
    spec: SearchSpecBody


class TrainJobRequest(_JobBody):
    """A training to queue."""

    kind: Literal["train"]
    spec: TrainSpecBody


class FinetuneJobRequest(_JobBody):
    """A fine-tuning to queue."""

    kind: Literal["finetune"]
    spec: FinetuneSpecBody


class ScoreJobRequest(_JobBody):
    """A scoring to queue."""

    kind: Literal["score"]
    spec: ScoreSpecBody


JobRequest = Annotated[
    SearchJobRequest | TrainJobRequest | FinetuneJobRequest | ScoreJobRequest,
    Field(discriminator="kind"),
]


class FeasibilityRequest(_Body):
    """Constraints to try on a supernet's space."""

    constraints: Annotated[list[ConstraintBody], Field(max_length=16)]
