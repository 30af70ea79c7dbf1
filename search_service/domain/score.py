"""The scores of a set of images against real ones: as published, with the direction of each.

A search minimises, so where more is better its objective is what is missing of the score.
"""

from dataclasses import dataclass

from search_service.errors import UnknownName

FOR_A_DISTANCE = 32  # images, for an estimate with an interval


@dataclass(frozen=True, kw_only=True)
class Score:
    """A number estimated from features of images."""

    name: str
    description: str
    more_is_better: bool
    objective: str  # what a search minimises for it
    needs_reals: bool = True  # features of real images, where their moments do not do
    min_samples: int = FOR_A_DISTANCE


SCORES = {
    score.name: score
    for score in (
        Score(
            name="fid",
            description="squared Fréchet distance of feature statistics",
            more_is_better=False,
            objective="fid",
            needs_reals=False,
        ),
        Score(
            name="kid",
            description="squared maximum mean discrepancy, cubic kernel, unbiased",
            more_is_better=False,
            objective="kid",
        ),
        Score(
            name="is",
            description="inception score, mean of 10 splits, by the extractor's own classes",
            more_is_better=True,
            objective="is_error",
            needs_reals=False,
            min_samples=160,
        ),
        Score(
            name="precision",
            description="share of the images that lie among the real ones",
            more_is_better=True,
            objective="precision_error",
        ),
        Score(
            name="recall",
            description="share of the real images that lie among these",
            more_is_better=True,
            objective="recall_error",
        ),
        Score(
            name="density",
            description="how many neighbourhoods of real images an image lies in, over 5",
            more_is_better=True,
            objective="density_error",
        ),
        Score(
            name="coverage",
            description="share of the real images' neighbourhoods that hold an image",
            more_is_better=True,
            objective="coverage_error",
        ),
    )
}


def score(name: str, *, pointer: str = "") -> Score:
    """Look a score up; raises UnknownName with the known ones."""
    if name not in SCORES:
        known = ", ".join(SCORES)
        raise UnknownName(f"unknown metric {name!r}; known: {known}", pointer=pointer)
    return SCORES[name]
