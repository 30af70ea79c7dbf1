"""What runs a claimed job, by the job's kind."""

from collections.abc import Mapping

from search_service.domain.job import JobKind
from workers.runners.base import Means, Runner
from workers.runners.finetune import run_finetune
from workers.runners.score import run_score
from workers.runners.search import run_search
from workers.runners.train import run_train

RUNNERS: Mapping[JobKind, Runner] = {
    JobKind.SEARCH: run_search,
    JobKind.TRAIN: run_train,
    JobKind.FINETUNE: run_finetune,
    JobKind.SCORE: run_score,
}

__all__ = ["RUNNERS", "Means", "Runner"]
