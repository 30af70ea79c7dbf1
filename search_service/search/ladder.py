"""The fidelity ladder: which candidates are worth more samples."""

from collections.abc import Mapping, Sequence

from search_service.domain.evaluation import Value
from search_service.domain.objective import Source, objective
from search_service.domain.paired import margin

Scores = Mapping[str, Value]  # by objective, all at one rung


def contends(scores: Scores, rivals: Sequence[Scores], objectives: Sequence[str]) -> bool:
    """Whether more samples could still put a candidate on the front.

    It is out when one rival, scored on the same rung, is better in one objective, as good in every
    other, and in each that is estimated from images better by more than noise or equal. So none is
    on a rung too low for one of the objectives.
    """
    if any(name not in scores for name in objectives):
        return True
    return not any(_beats(rival, scores, objectives) for rival in rivals)


def _beats(rival: Scores, scores: Scores, objectives: Sequence[str]) -> bool:
    better = False
    for name in objectives:
        lead = scores[name].value - rival[name].value
        noisy = objective(name).source is Source.IMAGES and lead != 0  # equal: the same images
        if lead < (margin(rival[name], scores[name]) if noisy else 0.0):
            return False
        better = better or lead > 0
    return better
