"""What lives in the process of an actor that makes shards."""

import ray

from search_service.domain.scoring import ScoreSpec
from workers.checkpoint_uri import Checkpoint
from workers.evaluators.placement import placement_for
from workers.pool.seated import Seated
from workers.scoring.shards import Shard, ShardName
from workers.scoring.work import ScoreWork


class ShardSeat:
    """Torch on one thread, and the work, opened when it is used, on the GPU that the actor was
    given, if any."""

    def __init__(self, spec: ScoreSpec, checkpoint: Checkpoint | None, *, overlap: bool) -> None:
        """`overlap`: make images on one core while another looks at the last ones."""
        placement = placement_for(ray.get_gpu_ids())
        self._work = ScoreWork(spec=spec, overlap=overlap, read=checkpoint, placement=placement)

    def join(self) -> Seated:
        """Say where it is."""
        return Seated(node=ray.get_runtime_context().get_node_id(), image_protocols={})

    def shard(self, name: ShardName) -> Shard:
        """See ScoreWork."""
        return self._work.shard(name)
