"""A disk without room for pictures: the search stops with the reason, and goes on once there is."""

import errno
import os
from collections.abc import Iterator, Sequence
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from search_service.artifacts import Artifacts
from search_service.errors import ArtifactsUnavailable
from search_service.pools import InlinePool, Outcome


class SmallDisk(MemoryFileSystem):  # type: ignore[misc]  # fsspec is not typed
    """Has room for so many files, and keeps half of the one that is too much."""

    protocol = "smalldisk"
    cachable = False
    store: dict[str, Any] = {}  # noqa: RUF012  # a disk is one for all who open it
    pseudo_dirs = [""]  # noqa: RUF012
    room = 0

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        full = len(self.store) >= SmallDisk.room
        super().pipe_file(path, value[: len(value) // 2] if full else value, mode=mode, **kwargs)
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


@pytest.fixture
def disk() -> Iterator[Artifacts]:
    SmallDisk.store.clear()
    fsspec.register_implementation("smalldisk", SmallDisk, clobber=True)
    yield Artifacts("smalldisk://artifacts")
    SmallDisk.store.clear()


def test_what_does_not_fit_leaves_nothing_behind(disk: Artifacts) -> None:
    for room in (0, 1):  # not even the description, and the description alone
        SmallDisk.room = room
        with pytest.raises(ArtifactsUnavailable, match=r"7 bytes .*No space.*retry") as refusal:
            disk.put(b"picture", media_type="image/png")
        assert "\n" not in str(refusal.value)
        assert not [name for name in SmallDisk.store if not name.endswith(".json")]
    SmallDisk.room = 2
    id_ = disk.put(b"picture", media_type="image/png")
    assert disk.get(id_).content == b"picture"


def test_a_search_that_ran_out_of_room_goes_on_from_what_it_recorded(
    make_world: Any, disk: Artifacts
) -> None:
    straight = make_world()
    job = straight.submit()
    straight.run()

    world = make_world()
    world.artifacts = disk
    again = world.submit()
    SmallDisk.room = 31
    with pytest.raises(ArtifactsUnavailable, match="No space left"):
        world.run()
    kept = world.storage.evaluations.of_job(again.id)
    assert kept
    assert all(disk.get(e.samples_artifact).content for e in kept if e.samples_artifact)
    SmallDisk.room = 10**6
    world.run()
    assert world.outcome(again) == straight.outcome(job)
    ids = [e.id for e in world.storage.evaluations.of_job(again.id)]
    assert {e.id for e in kept} < set(ids)
    assert len(world.laboratory.requests) <= len(straight.laboratory.requests) + 6  # its window


class Sheaf(InlinePool):
    """All that was asked for comes in at once."""

    def wait(self, timeout_seconds: float) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        while more := super().wait(timeout_seconds):
            outcomes += more
        return outcomes


def test_what_came_in_with_a_picture_that_has_no_room_is_kept(
    make_world: Any, disk: Artifacts
) -> None:
    world = make_world()
    world.artifacts = disk
    world.submit()
    SmallDisk.room = 4  # two pictures with their descriptions
    with pytest.raises(ArtifactsUnavailable, match="No space left"):
        world.run(pool=Sheaf(world.laboratory.measure))
    asked = [request.key for request in world.laboratory.requests]
    assert len(asked) > 2
    assert set(world.storage.measurements.find(asked)) == set(asked[:2])
