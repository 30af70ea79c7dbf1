"""The cluster: Ray actors that measure. No other package knows Ray."""

from workers.pool.cluster import Cluster
from workers.pool.folders import FOLDERS, RayFolder, remove_abandoned_folders
from workers.pool.need import Need
from workers.pool.ray_pool import RayPool
from workers.pool.spec import EvaluatorSpec

__all__ = [
    "FOLDERS",
    "Cluster",
    "EvaluatorSpec",
    "Need",
    "RayFolder",
    "RayPool",
    "remove_abandoned_folders",
]
