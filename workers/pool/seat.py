"""What lives in an actor's process."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray

from search_service.domain.measurement import Measurement, MeasurementRequest
from workers.evaluation import ArchitectureEvaluator, Judging
from workers.evaluators.placement import placement_for
from workers.pool.seated import Seated


class Seat:
    """Torch on one thread, and an evaluator, built by whatever is asked first, on the GPU that the
    actor was given, if any.

    Not when the seat is made: Ray tells of an error there as of the actor's death, without the
    error itself.
    """

    def __init__(
        self,
        weights: Mapping[str, NDArray[np.float32]],
        family: str,
        parameters: Mapping[str, Any],
        judging: Judging,
    ) -> None:
        self._weights = weights
        self._family = family
        self._parameters = parameters
        self._judging = judging

    @cached_property
    def _evaluator(self) -> ArchitectureEvaluator:
        return ArchitectureEvaluator(
            family=self._family,
            parameters=self._parameters,
            weights=self._weights,
            judging=self._judging,
            placement=placement_for(ray.get_gpu_ids()),
        )

    def join(self) -> Seated:
        """Build the evaluator, and say where. Raises what building it raises."""
        return Seated(
            node=ray.get_runtime_context().get_node_id(),
            image_protocols=self._evaluator.image_protocols,
        )

    def measure(self, request: MeasurementRequest) -> Measurement:
        """See ArchitectureEvaluator."""
        return self._evaluator.measure(request)


def remote(seat: type) -> Any:
    """Ray's actor class of a seat. Ray keeps no record of each call: what was measured is in the
    database, and the records take a tenth of what a call costs."""
    decorated: Any = ray.remote  # its types do not know the option
    return decorated(enable_task_events=False)(seat)
