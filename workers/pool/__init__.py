"""The cluster: Ray actors that measure. No other package knows Ray."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workers.pool.cluster import Cluster
    from workers.pool.need import Need
    from workers.pool.ray_pool import RayPool
    from workers.pool.spec import EvaluatorSpec

__all__ = ["Cluster", "EvaluatorSpec", "Need", "RayPool"]

_HOMES = {"Cluster": "cluster", "EvaluatorSpec": "spec", "Need": "need", "RayPool": "ray_pool"}


def __getattr__(name: str) -> Any:
    """Only when it is asked for: an actor that deals out shares has no use for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
