"""The cluster: Ray actors that measure. No other package knows Ray."""

from workers.pool.cluster import Cluster
from workers.pool.need import Need
from workers.pool.ray_pool import RayPool
from workers.pool.spec import EvaluatorSpec

__all__ = ["Cluster", "EvaluatorSpec", "Need", "RayPool"]
