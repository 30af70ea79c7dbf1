"""Errors against the photographs that belong to the inputs: `mse` and `dssim`."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_service.domain.space import Architecture
from workers.evaluators import dssim, mse
from workers.evaluators.estimate import Estimate
from workers.evaluators.jackknife import INTERVAL, mean_estimate
from workers.evaluators.order import shard_places

Error = Callable[[Tensor, Tensor], NDArray[np.float64]]

ERRORS: Mapping[str, tuple[Error, Mapping[str, Any]]] = {
    mse.NAME: (mse.mean_squared_errors, {"levels": "[0, 1]"}),
    dssim.NAME: (dssim.dissimilarities, {"window": dssim.WINDOW, "k1": dssim.K1, "k2": dssim.K2}),
}


class PairedError:
    """The mean over images of an error against their targets. See ImageObjective."""

    def __init__(
        self, name: str, error: Error, targets: NDArray[np.uint8], facts: Mapping[str, Any]
    ) -> None:
        """`targets` (n, c, h, w): row i belongs to input i."""
        self.name = self.rows_name = name
        self._error = error
        self._targets = targets
        self._facts = facts

    @property
    def facts(self) -> Mapping[str, Any]:
        """See ImageObjective."""
        return {**self._facts, "interval": INTERVAL}

    def rows(self, pixels: Tensor, *, seed: int, index: int) -> NDArray[np.float64]:
        """Errors (n,)."""
        places = shard_places(len(self._targets), seed, index)
        return self._error(pixels, torch.from_numpy(self._targets[places]))

    def estimate(self, rows: NDArray[Any], architecture: Architecture) -> Estimate:
        """See ImageObjective."""
        del architecture
        return mean_estimate(rows)


def paired_error(name: str, targets: NDArray[np.uint8]) -> PairedError:
    """The one of that name; for `dssim` images have sides of at least `dssim.SIDE`."""
    error, facts = ERRORS[name]
    return PairedError(name, error, targets, facts)
