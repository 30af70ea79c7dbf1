"""For which supernet, and by what judged, a pool is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.evaluation import Judging


@dataclass(frozen=True, kw_only=True)
class EvaluatorSpec:
    """What an `ArchitectureEvaluator` is built from."""

    family: str
    parameters: Mapping[str, Any]
    weights: Mapping[str, NDArray[np.float32]]
    judging: Judging
