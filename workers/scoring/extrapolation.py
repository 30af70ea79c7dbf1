"""What the Fréchet distance would be of infinitely many images, from those there are.

E[d²] of n images is above its limit by c/n, where c depends on the generator (Effectively Unbiased
FID and Inception Score, Chong and Forsyth, 2020). The halves of the images have twice that bias, so
2·d²(n) - (d² of one half + d² of the other)/2 has none left but terms of 1/n².
"""

from typing import Any

from numpy.typing import NDArray

from workers.evaluators.frechet import FrechetReference, features_to_distance

SPLIT_HALF = "split-half"  # the name that results carry


def split_half(features: NDArray[Any], reference: FrechetReference) -> float:
    """The limit estimated from features (n, d) in any i.i.d. order, n at least 4."""
    middle = len(features) // 2
    halves = [
        features_to_distance(part, reference) for part in (features[:middle], features[middle:])
    ]
    return 2.0 * features_to_distance(features, reference) - sum(halves) / 2
