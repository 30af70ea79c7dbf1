"""Shards in a folder, for a scoring that is cut off and goes on."""

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from workers.checkpoints import write_atomically
from workers.scoring.shards import Shard, ShardName, is_whole


class FolderShelf:
    """See Shelf."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, name: ShardName) -> Shard | None:
        """See Shelf."""
        path = self._path(name)
        if not path.exists():
            return None
        try:
            with safe_open(path, "numpy") as file:
                digest = (file.metadata() or {}).get("digest", "")
                shard = Shard(name=name, features=file.get_tensor("features"), digest=digest)
        except (OSError, SafetensorError):
            return None
        return shard if is_whole(shard) else None

    def keep(self, shard: Shard) -> None:
        """See Shelf."""
        content = save({"features": shard.features}, metadata={"digest": shard.digest})
        write_atomically(self._path(shard.name), content)

    def _path(self, name: ShardName) -> Path:
        return self._folder / f"{name}.safetensors"
