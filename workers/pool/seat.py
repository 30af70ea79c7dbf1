"""What lives in an actor's process."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_service.domain.measurement import Measurement, MeasurementRequest
from workers.evaluation import ArchitectureEvaluator, Judging


class Seat:
    """What lives in an actor's process: torch on one thread, and an evaluator."""

    def __init__(
        self,
        weights: Mapping[str, NDArray[np.float32]],
        family: str,
        parameters: Mapping[str, Any],
        judging: Judging,
    ) -> None:
        self._evaluator = ArchitectureEvaluator(
            family=family, parameters=parameters, weights=weights, judging=judging
        )

    def measure(self, request: MeasurementRequest) -> Measurement:
        """See ArchitectureEvaluator."""
        return self._evaluator.measure(request)

    def fid_protocol(self) -> Mapping[str, Any]:
        """See ArchitectureEvaluator."""
        return self._evaluator.fid_protocol
