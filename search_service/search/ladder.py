"""The fidelity ladder: which candidates are worth more samples."""

from collections.abc import Mapping, Sequence

from search_service.domain.evaluation import Value
from search_service.domain.objective import Source, objective

Scores = Mapping[str, Value]  # by objective, all at one rung


def contends(scores: Scores, rivals: Sequence[Scores], objectives: Sequence[str]) -> bool:
    """Whether more samples could still put a candidate on the front.

    It is out when one rival, scored on the same rung, is at least as good in every objective
    and, in each that is estimated from images, lies below the candidate's interval: on equal
    latents the noise of two architectures is largely common, so the rival's own is not added.
    """
    return not any(_beats(rival, scores, objectives) for rival in rivals)


def _beats(rival: Scores, scores: Scores, objectives: Sequence[str]) -> bool:
    better = False
    for name in objectives:
        mine = scores[name]
        bound = mine.value
        if objective(name).source is Source.IMAGES and mine.low is not None:
            bound = mine.low
            if rival[name].value == mine.value:  # the same images, or a tie: not beaten by noise
                bound = mine.value
        if rival[name].value > bound:
            return False
        better = better or rival[name].value < bound
    return better
